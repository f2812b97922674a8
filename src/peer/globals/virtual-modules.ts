import type { HostServices } from "../host-services.js";
import { nodeBuffer } from "./buffer.js";
import { nodeCrypto } from "./crypto.js";
import { overlay, pick } from "./define.js";
import type { Refusals } from "./forbidden.js";
import { whyRefused } from "./node-modules.js";
import type { RandomBits } from "./random.js";
import type { VirtualTimers } from "./virtual-timers.js";

/** What the modules of virtual time are made of. */
export interface VirtualParts {
  readonly realm: typeof globalThis;
  readonly host: HostServices;
  readonly refusals: Refusals;
  readonly timers: VirtualTimers;
  readonly nowUs: () => number;
  /** For `node:crypto`; the same stream as that of the global `crypto`. */
  readonly cryptoBits: () => RandomBits;
}

/**
 * Modules of Node that are partly as they are, partly virtual, and refused in the rest; each made when it
 * is first required.
 */
export function virtualModules(parts: VirtualParts): Record<string, () => object> {
  const { realm, host, refusals, timers, nowUs } = parts;
  const builtin = <Module>(name: string) => host.builtinModule(name) as Module;
  const part = (name: string, own: (module: Record<string, unknown>) => object) => () => {
    const module = builtin<Record<string, unknown>>(name);
    return overlay(refusals.copyOf(module, name, whyRefused(name)), own(module));
  };
  const posixPath = () => builtin<object>("path/posix"); // on every machine, as `process.platform` says
  const util = () => realmUtil(realm, builtin("util"), refusals);
  return {
    async_hooks: part("async_hooks", (hooks) => contextClasses(hooks as never, parts)),
    buffer: () => nodeBuffer(builtin("buffer"), realm, refusals),
    crypto: () => nodeCrypto(builtin("crypto"), parts.cryptoBits(), realm.crypto, timers, refusals),
    os: part("os", (os) => ({ ...pick(os, ["constants"]), ...fixedOs(nowUs) })),
    path: posixPath,
    perf_hooks: part("perf_hooks", (module) => ({
      ...pick(module, ["constants"]),
      performance: realm.performance,
    })),
    sys: util,
    util,
    worker_threads: part("worker_threads", () => ({
      isMainThread: true, // so it is in sim, and lockstep must not tell
      parentPort: null,
      resourceLimits: {},
      threadId: 0,
      workerData: null,
    })),
    zlib: part("zlib", (zlib) => pick(zlib, Object.keys(zlib).filter(isSynchronous))),
  };
}

/** `node:util` with the realm's own classes, less what shows the real time or listens to the collector. */
function realmUtil(realm: typeof globalThis, host: Record<string, unknown>, refusals: Refusals): object {
  const refused: Record<string, unknown> = {};
  for (const name of ["aborted", "log", "transferableAbortController", "transferableAbortSignal"]) {
    refused[name] = refusals.callable(`util.${name}`, whyRefused("util"));
  }
  const { TextDecoder, TextEncoder } = realm;
  return { ...host, TextDecoder, TextEncoder, ...refused };
}

/** Timers pay for carrying the context of whoever sets them from now on, not before. */
function contextClasses(
  { AsyncLocalStorage, AsyncResource }: typeof import("node:async_hooks"),
  { timers, refusals }: VirtualParts,
): object {
  timers.bindCallbacks((callback) => AsyncResource.bind(callback as () => unknown));
  return { AsyncLocalStorage, AsyncResource: withoutIds(AsyncResource, refusals) };
}

/** Node numbers resources in the order of the whole thread, which is not the peer's own. */
function withoutIds(
  HostResource: typeof import("node:async_hooks").AsyncResource,
  refusals: Refusals,
): typeof HostResource {
  return class AsyncResource extends HostResource {
    override asyncId(): never {
      return refusals.refuse("AsyncResource.asyncId", whyRefused("async_hooks"));
    }

    override triggerAsyncId(): never {
      return refusals.refuse("AsyncResource.triggerAsyncId", whyRefused("async_hooks"));
    }
  };
}

/** Compression in one call; what is not `…Sync` answers from another thread. */
function isSynchronous(name: string): boolean {
  return name.endsWith("Sync") || name === "crc32" || name === "constants" || name === "codes";
}

/** One and the same machine everywhere. */
function fixedOs(nowUs: () => number): object {
  return {
    EOL: "\n",
    arch: () => "x64",
    availableParallelism: () => 1,
    cpus: () => [],
    devNull: "/dev/null",
    endianness: () => "LE",
    freemem: () => 2 ** 30,
    homedir: () => "/",
    hostname: () => "whitewater",
    loadavg: () => [0, 0, 0],
    networkInterfaces: () => ({}),
    platform: () => "linux",
    release: () => "",
    tmpdir: () => "/tmp",
    totalmem: () => 2 ** 31,
    type: () => "Linux",
    uptime: () => nowUs() / 1e6,
  };
}
