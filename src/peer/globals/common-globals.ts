import { RealmConsole } from "./console.js";
import { assign, define } from "./define.js";
import { checkCallback, guarded } from "./errors.js";
import { admitHostInstances } from "./instance-of.js";
import type { GlobalsOptions } from "./options.js";
import { structuredCloner } from "./structured-clone.js";
import type { Tenancy } from "./tenancy.js";
import { realmTextEncoder } from "./text.js";
import type { Callback, Timers } from "./timers.js";
import { timersPromises } from "./timers-promises.js";

/** Modules that every mode has, by name without `node:`. */
export type CommonModules = Record<"console" | "process" | "timers" | "timers/promises", () => object>;

/** By this symbol `util.promisify(setTimeout)` finds its twin in `node:timers/promises`. */
const PROMISIFIED = Symbol.for("nodejs.util.promisify.custom");

/**
 * The globals that every mode has, in the same words: timers, microtasks, console, cloning, text.
 * @param tenancy of those who live in the realm
 * @param nowMs for `console.time`: milliseconds since any one moment
 * @param makeProcess makes the realm's `process` when it is first used
 * @returns the modules that go with them, by name without `node:`
 */
export function installCommonGlobals(
  realm: typeof globalThis,
  options: GlobalsOptions,
  tenancy: Tenancy,
  timers: Timers,
  nowMs: () => number,
  makeProcess: () => object,
): CommonModules {
  const { host } = options;
  const promises = timersPromises(timers);
  givePromised(timers.setTimeout, promises.setTimeout);
  givePromised(timers.setImmediate, promises.setImmediate);
  for (const [name, timer] of Object.entries(timers)) assign(realm, name, timer);
  assign(realm, "queueMicrotask", microtaskQueue(options));
  assign(realm, "global", realm);
  giveDisposeSymbols(realm.Symbol, host.globals.Symbol);
  admitHostInstances(realm, host.globals);
  tenancy.defineEach(realm, {
    console: () => new RealmConsole(host, options.console, nowMs),
    process: makeProcess,
    structuredClone: () =>
      structuredCloner((buffer) => {
        host.globals.structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
      }),
    TextDecoder: () => host.globals.TextDecoder,
    TextEncoder: () => realmTextEncoder(host.globals.TextEncoder),
    URL: () => host.globals.URL,
    URLSearchParams: () => host.globals.URLSearchParams,
  });
  return {
    console: () => realm.console,
    process: () => realm.process,
    timers: () => ({ ...timers, promises }),
    "timers/promises": () => promises,
  };
}

/**
 * `util.promisify(timer)` gives `promised`, and marks it as what `promisify` gives for itself. It finds it marked: a
 * run in which a peer changes what others share is made again, with a realm for each.
 */
function givePromised(timer: object, promised: object): void {
  define(timer, PROMISIFIED, promised);
  Object.defineProperty(promised, PROMISIFIED, { configurable: true, value: promised });
}

/** `queueMicrotask`, in one line with promise callbacks; one that throws is reported and ends no thread. */
function microtaskQueue({ onError }: GlobalsOptions): (callback: Callback) => void {
  const settled = Promise.resolve();
  return (callback) => {
    checkCallback(callback);
    settled.then(() => guarded(onError, "microtask", callback));
  };
}

/** Node gives the symbols of `using` to its main realm only; esbuild's `using` looks for them here. */
function giveDisposeSymbols(symbol: SymbolConstructor, hostSymbol: SymbolConstructor): void {
  for (const name of ["dispose", "asyncDispose"] as const) {
    if (!(name in symbol) && name in hostSymbol) define(symbol, name, hostSymbol[name]);
  }
}
