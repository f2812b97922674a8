import type { NodeModules } from "./node-modules.js";
import type { GlobalsOptions } from "./options.js";
import { installRealGlobals } from "./real-globals.js";
import { installVirtualGlobals, type VirtualGlobals, type VirtualTenant } from "./virtual-globals.js";

export type { ErrorPlace } from "./errors.js";
export type { GlobalsOptions } from "./options.js";
export type { VirtualTenant } from "./virtual-globals.js";
export type { RealmTime } from "./virtual-time.js";

let nodeModules: NodeModules | undefined;
let virtual: VirtualGlobals | undefined;

/**
 * Gives a bare realm the globals of Node: over real time, or over virtual time and seeded chance, with what
 * cannot be replayed neutralised or refused. Called once, inside the realm, before any other program.
 * In virtual time they are to be used by those who have moved in.
 * @param realm its `globalThis`
 */
export function installGlobals(realm: typeof globalThis, options: GlobalsOptions): void {
  virtual = options.time === "virtual" ? installVirtualGlobals(realm, options) : undefined;
  nodeModules = virtual?.modules ?? installRealGlobals(realm, options);
}

/** Virtual time only: objects behind the globals that are made once and that a program can lay hands on. */
export function lastingObjects(): readonly object[] {
  return virtual?.lasting ?? [];
}

/**
 * A peer moves in: behind the globals it finds a time and a chance of its own. `undefined` in real time, which
 * is the same for all.
 */
export function moveIn(seed: number): VirtualTenant | undefined {
  return virtual?.moveIn(seed);
}

/**
 * `require` for the `node:` modules of a bundle; their names may stand with or without `node:`.
 * @throws {Error} if Node has no such module
 */
export function requireNode(name: string): unknown {
  if (!nodeModules) throw new Error(`The realm has no globals yet, so it cannot require "${name}".`);
  return nodeModules.require(name);
}
