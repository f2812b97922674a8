import { nodeBuffer } from "./buffer.js";
import { nodeCrypto } from "./crypto.js";
import { overlay, pick } from "./define.js";
import { diagnosticsChannels } from "./diagnostics-channel.js";
import { emptyFiles, emptyPromises } from "./empty-files.js";
import type { Refusals } from "./forbidden.js";
import { whyRefused } from "./node-modules.js";
import { nodeUtil } from "./node-util.js";
import type { GlobalsOptions } from "./options.js";
import type { RandomBits } from "./random.js";
import type { VirtualTimers } from "./virtual-timers.js";

/** What the modules of virtual time are made of. */
export interface VirtualParts {
  readonly realm: typeof globalThis;
  readonly options: GlobalsOptions;
  readonly refusals: Refusals;
  readonly timers: VirtualTimers;
  readonly nowUs: () => number;
  /** For `node:crypto`; the same stream as that of the global `crypto`. */
  readonly cryptoBits: () => RandomBits;
  /** What `node:async_hooks` has in virtual time. */
  readonly contexts: () => object;
  /** Gives Node's modules as the peer sees them. */
  readonly require: (name: string) => object;
}

/**
 * Modules of Node that are partly as they are, partly virtual, and refused in the rest; each made when it
 * is first required.
 */
export function virtualModules(parts: VirtualParts): Record<string, () => object> {
  const { realm, options, refusals, timers, nowUs } = parts;
  const { host } = options;
  const builtin = <Module>(name: string) => host.builtinModule(name) as Module;
  const part = (name: string, own: (module: Record<string, unknown>) => object) => () => {
    const module = builtin<Record<string, unknown>>(name);
    return overlay(refusals.copyOf(module, name, whyRefused(name)), own(module));
  };
  const util = () => nodeUtil(realm, builtin("util"), refusals, whyRefused("util"));
  const files = { timers, write: options.console };
  return {
    async_hooks: part("async_hooks", () => parts.contexts()),
    buffer: () => nodeBuffer(builtin("buffer"), realm, refusals),
    crypto: () => nodeCrypto(builtin("crypto"), parts.cryptoBits(), realm.crypto, timers, refusals),
    diagnostics_channel: () => diagnosticsChannels(options.onError),
    fs: () => emptyFiles(refusals.copyOf(builtin("fs"), "fs", whyRefused("fs")), files),
    "fs/promises": () =>
      emptyPromises(refusals.copyOf(builtin("fs/promises"), "fs/promises", whyRefused("fs"))),
    inspector: part("inspector", () => ({ url: () => undefined })),
    module: part("module", (module) => moduleLoading(module, parts)),
    net: part("net", (net) => ({
      ...pick(net, ["isIP", "isIPv4", "isIPv6"]),
      getDefaultAutoSelectFamily: () => true,
    })),
    os: part("os", (os) => ({ ...pick(os, ["constants"]), ...fixedOs(nowUs) })),
    path: () => pathsFrom("/", builtin("path/posix")), // on every machine, as `process.platform` says
    "path/posix": () => parts.require("path"),
    "path/win32": () => (parts.require("path") as { win32: object }).win32,
    perf_hooks: part("perf_hooks", (module) => ({
      ...pick(module, ["constants"]),
      performance: realm.performance,
    })),
    sys: util,
    tty: part("tty", () => ({ isatty: () => false })),
    url: () => ({
      ...builtin<object>("url"),
      URL: realm.URL,
      URLSearchParams: realm.URLSearchParams,
      pathToFileURL: pathToFileURL(builtin("url"), builtin("path/posix")),
    }),
    util,
    v8: part("v8", () => ({ startupSnapshot: { isBuildingSnapshot: () => false } })),
    worker_threads: part("worker_threads", () => ({
      getEnvironmentData: () => undefined,
      isMainThread: true, // so it is in sim, and lockstep must not tell
      markAsUntransferable: () => {},
      parentPort: null,
      resourceLimits: {},
      threadId: 0,
      workerData: null,
    })),
    zlib: part("zlib", (zlib) => pick(zlib, Object.keys(zlib).filter(isSynchronous))),
  };
}

/** `node:module`: a `require` that finds Node's modules and nothing else. */
function moduleLoading(
  { builtinModules }: Record<string, unknown>,
  { require, refusals, options }: VirtualParts,
): object {
  const isBuiltin = (name: string) => options.host.builtinModule(name) !== undefined;
  const found = (name: string) => (isBuiltin(name) || require(name)) && name; // throws that it is not found
  const resolve = Object.assign(found, { paths: () => [] });
  const createRequire = () =>
    Object.assign((name: string) => require(name), { cache: {}, extensions: {}, resolve });
  return {
    builtinModules: [...(builtinModules as readonly string[])],
    createRequire,
    isBuiltin,
    findSourceMap: () => undefined,
    enableCompileCache: refusals.callable("module.enableCompileCache", whyRefused("module")),
  };
}

/** `node:path`, whose relative paths begin at `cwd` and not where the process stands. */
function pathsFrom(cwd: string, host: typeof import("node:path")): object {
  const from = (path: typeof host): Record<string, unknown> => {
    const resolve = (...parts: string[]) => path.resolve(cwd, ...parts);
    return {
      ...path,
      resolve,
      relative: (start: string, end: string) => path.relative(resolve(start), resolve(end)),
    };
  };
  const posix = from(host.posix);
  const win32 = from(host.win32);
  posix.win32 = win32.win32 = win32;
  posix.posix = win32.posix = posix;
  return posix;
}

function pathToFileURL(url: typeof import("node:url"), path: typeof import("node:path")) {
  return (file: string, options?: object): URL => {
    const isFolder = typeof file === "string" && file.endsWith("/");
    const place = typeof file === "string" ? path.resolve("/", file) : file;
    return Reflect.apply(url.pathToFileURL, url, [
      isFolder && place !== "/" ? `${place}/` : place,
      options,
    ]) as URL;
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
    machine: () => "x86_64",
    networkInterfaces: () => ({}),
    platform: () => "linux",
    release: () => "",
    tmpdir: () => "/tmp",
    totalmem: () => 2 ** 31,
    type: () => "Linux",
    uptime: () => nowUs() / 1e6,
    version: () => "",
  };
}
