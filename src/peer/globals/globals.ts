import type { NodeModules } from "./node-modules.js";
import type { GlobalsOptions } from "./options.js";
import { installRealGlobals } from "./real-globals.js";
import { installVirtualGlobals } from "./virtual-globals.js";
import type { RealmTime } from "./virtual-time.js";

export type { ErrorPlace } from "./errors.js";
export type { GlobalsOptions } from "./options.js";
export type { RealmTime } from "./virtual-time.js";

let nodeModules: NodeModules | undefined;

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
  const { time, modules } = installVirtualGlobals(realm, options);
  nodeModules = modules;
  return time;
}

/**
 * `require` for the `node:` modules of a bundle; their names may stand with or without `node:`.
 * @throws {Error} if Node has no such module
 */
export function requireNode(name: string): unknown {
  if (!nodeModules) throw new Error(`The realm has no globals yet, so it cannot require "${name}".`);
  return nodeModules.require(name);
}
