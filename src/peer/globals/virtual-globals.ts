import { AbortController, AbortSignal } from "./abort.js";
import { AsyncContexts } from "./async-contexts.js";
import { realmBuffer } from "./buffer.js";
import { installCommonGlobals } from "./common-globals.js";
import { RealmConsole } from "./console.js";
import { webCrypto } from "./crypto.js";
import { installDate } from "./date.js";
import { assign, define, once } from "./define.js";
import { DOMException } from "./dom-exception.js";
import { CustomEvent, Event, EventTarget } from "./event-target.js";
import { ForbiddenError, Refusals } from "./forbidden.js";
import { installLocale } from "./locale.js";
import { NodeModules } from "./node-modules.js";
import type { GlobalsOptions } from "./options.js";
import { VirtualPerformance } from "./performance.js";
import { virtualProcess } from "./process.js";
import { RandomBits } from "./random.js";
import { type Enter, Tenancy } from "./tenancy.js";
import { base64Function } from "./text.js";
import { virtualModules } from "./virtual-modules.js";
import { type RealmTime, VirtualTime } from "./virtual-time.js";
import { Immediate, Timeout, TimerContext, virtualTimers } from "./virtual-timers.js";
import { SilentRegistry, SilentWeakMap, SilentWeakSet, StrongRef } from "./weak.js";

/** Globals of Node that live in real time: each can be named, and refuses to be used. */
const REFUSED_GLOBALS = [
  "Blob",
  "BroadcastChannel",
  "ByteLengthQueuingStrategy",
  "CompressionStream",
  "CountQueuingStrategy",
  "DecompressionStream",
  "EventSource",
  "File",
  "FormData",
  "Headers",
  "MessageChannel",
  "MessageEvent",
  "MessagePort",
  "PerformanceObserver",
  "ReadableStream",
  "Request",
  "Response",
  "TextDecoderStream",
  "TextEncoderStream",
  "TransformStream",
  "WebSocket",
  "WritableStream",
  "fetch",
];

const WHY_REAL = "it works in real time";
const WHY_BLOCKS = "it would stop virtual time";
const WHY_COMPILES = "another thread compiles, in real time; new WebAssembly.Module and Instance work";

/** What is behind the globals of a realm in virtual time. */
export interface VirtualGlobals {
  readonly modules: NodeModules;
  /** Objects of ours that a program can lay hands on by other ways than the globals, and that are made once. */
  readonly lasting: readonly object[];
  /** A peer moves in, with time, chance and modules of its own. */
  moveIn(seed: number): VirtualTenant;
}

/** A peer that has moved in. */
export interface VirtualTenant {
  readonly time: RealmTime;
  /** Its turn begins, after that of another who lives here. */
  readonly enter: Enter;
  readonly contexts: AsyncContexts;
}

/** The globals of Node over virtual time and seeded chance. */
export function installVirtualGlobals(realm: typeof globalThis, options: GlobalsOptions): VirtualGlobals {
  const { host, onError, epochMs } = options;
  const tenancy = new Tenancy();
  const time = tenancy.part(() => new VirtualTime());
  const chance = tenancy.part(chanceFrom);
  const nowUs = () => time().nowUs();
  const refusals = new Refusals((error: ForbiddenError) => onError(error, "forbidden"));
  const timers = virtualTimers(
    tenancy.part(() => new TimerContext(time(), onError)),
    (name, text) => options.console("warn", `${name}: ${text}`),
  );
  const unixMs = () => Math.floor((epochMs * 1000 + nowUs()) / 1000);

  const own = installCommonGlobals(
    realm,
    options,
    tenancy,
    timers,
    () => nowUs() / 1000,
    () =>
      virtualProcess({ host, report: onError, console: options.console }, nowUs, refusals, (name) =>
        modules.has(name) ? modules.require(name) : undefined,
      ),
  );
  giveDispose(host.globals.Symbol.dispose);
  installDate(realm, unixMs);
  installLocale(realm, unixMs);
  const cryptoBits = () => chance().cryptoBits();
  assign(realm.Math, "random", () => chance().bits.float());
  closeLeaks(realm, refusals);
  defineClasses(realm);
  tenancy.defineEach(realm, {
    Buffer: () => realmBuffer(host.globals.Buffer),
    atob: () => base64Function(host.globals.atob),
    btoa: () => base64Function(host.globals.btoa),
    crypto: () => webCrypto(cryptoBits(), host.globals.crypto, refusals),
    performance: () => new VirtualPerformance(() => nowUs() / 1000, epochMs),
  });
  const contexts = tenancy.part(() => new AsyncContexts(host, timers, refusals));
  const require = (name: string) => modules.require(name);
  const parts = {
    realm,
    options,
    refusals,
    timers,
    nowUs,
    cryptoBits,
    require,
    contexts: () => contexts().classes(),
  };
  const loaded = tenancy.part(() => new Map<string, object>());
  const modules: NodeModules = new NodeModules(host, { ...own, ...virtualModules(parts) }, refusals, loaded);
  const moveIn = (seed: number) => {
    const enter = tenancy.moveIn(seed);
    return { enter, time: time(), contexts: contexts() };
  };
  const lasting = [
    own["timers/promises"](),
    ForbiddenError,
    Immediate,
    RealmConsole,
    Timeout,
    VirtualPerformance,
  ];
  return { modules, lasting, moveIn };
}

/** Two streams of one seed: a peer that comes to draw a UUID keeps its election timeouts. */
function chanceFrom(seed: number): { readonly bits: RandomBits; readonly cryptoBits: () => RandomBits } {
  return { bits: new RandomBits(seed), cryptoBits: once(() => RandomBits.farFrom(seed)) };
}

/** Classes of Node's globals. */
function defineClasses(realm: typeof globalThis): void {
  const classes = {
    AbortController,
    AbortSignal,
    CustomEvent,
    DOMException,
    Event,
    EventTarget,
    FinalizationRegistry: SilentRegistry,
    WeakMap: SilentWeakMap,
    WeakRef: StrongRef,
    WeakSet: SilentWeakSet,
  };
  for (const [name, value] of Object.entries(classes)) {
    define(value, "name", name); // a bundler may have called it otherwise
    assign(realm, name, value);
  }
}

/** Neutralises or refuses what would let real time, real chance or the garbage collector in. */
function closeLeaks(realm: typeof globalThis, refusals: Refusals): void {
  for (const name of ["wait", "waitAsync"]) {
    assign(Atomics, name, refusals.callable(`Atomics.${name}`, WHY_BLOCKS));
  }
  const webAssembly = Reflect.get(realm, "WebAssembly") as object;
  for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming"]) {
    assign(webAssembly, name, refusals.callable(`WebAssembly.${name}`, WHY_COMPILES));
  }
  for (const name of REFUSED_GLOBALS) assign(realm, name, refusals.callable(name, WHY_REAL));
}

/** `using timer = setTimeout(...)` clears it at the end of its block. */
function giveDispose(dispose: symbol | undefined): void {
  if (!dispose) return;
  define(Timeout.prototype, dispose, function (this: Timeout) {
    this.close();
  });
}
