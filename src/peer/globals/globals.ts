import type { NodeModules } from "./node-modules.js";
import type { GlobalsOptions } from "./options.js";
import { installRealGlobals } from "./real-globals.js";
import { installVirtualGlobals, type VirtualGlobals } from "./virtual-globals.js";
import type { RealmTime } from "./virtual-time.js";

export type { ErrorPlace } from "./errors.js";
export type { GlobalsOptions } from "./options.js";
export type { RealmTime } from "./virtual-time.js";

let nodeModules: NodeModules | undefined;
let virtual: VirtualGlobals | undefined;

/**
 * Gives a bare realm the globals of Node: over real time, or over virtual time and seeded chance, with what
 * cannot be replayed neutralised or refused. Called once, inside the realm, before any other program.
 * @param realm its `globalThis`
 * @returns what drives the realm's time; `undefined` in real time
 */
export function installGlobals(realm: typeof globalThis, options: GlobalsOptions): RealmTime | undefined {
  if (options.time === "real") {
    nodeModules = installRealGlobals(realm, options);
    return undefined;
  }
  virtual = installVirtualGlobals(realm, options);
  nodeModules = virtual.modules;
  return virtual.time;
}

/** Virtual time only: objects behind the globals that are made once and that a program can lay hands on. */
export function lastingObjects(): readonly object[] {
  return virtual?.lasting ?? [];
}

/** Virtual time only: begins time and chance anew behind the globals, which are again as they were installed. */
export function restartGlobals(seed: number): void {
  virtual?.restart(seed);
}

/**
 * `require` for the `node:` modules of a bundle; their names may stand with or without `node:`.
 * @throws {Error} if Node has no such module
 */
export function requireNode(name: string): unknown {
  if (!nodeModules) throw new Error(`The realm has no globals yet, so it cannot require "${name}".`);
  return nodeModules.require(name);
}
