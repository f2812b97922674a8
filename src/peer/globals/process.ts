import type { HostServices } from "../host-services.js";
import type { WriteLog } from "./console.js";
import { checkCallback, guarded, type ReportError } from "./errors.js";
import type { Refusals } from "./forbidden.js";
import type { Callback } from "./timers.js";

/** What `process` does alike in every mode. */
export interface ProcessOptions {
  readonly host: HostServices;
  readonly report: ReportError;
  readonly console: WriteLog;
}

/** Methods of Node's `process` that listen to it: faults of a peer are the tester's to see, not the peer's. */
const LISTENING = [
  "on",
  "once",
  "off",
  "addListener",
  "removeListener",
  "removeAllListeners",
  "prependListener",
  "prependOnceListener",
  "setMaxListeners",
  "setSourceMapsEnabled",
] as const;

/** Ways to end a thread or a process. */
const ENDING = ["exit", "abort", "kill", "reallyExit"] as const;

const WHY_REFUSED = "it shows or changes the real process";
const ONE_MIB = 1024 * 1024;

/** A peer tried to end its own thread. */
class ExitError extends Error {
  override readonly name = "ExitError";
}

/** `process` in real time: Node's, but it cannot be ended from a peer. */
export function realProcess(options: ProcessOptions): object {
  return Object.assign(Object.create(options.host.globals.process), commonMethods(options));
}

/**
 * `process` in virtual time: its clock is the peer's, and all else the same on every machine.
 * @param require gives Node's modules as the peer sees them, or `undefined`
 */
export function virtualProcess(
  options: ProcessOptions,
  nowUs: () => number,
  refusals: Refusals,
  require: (name: string) => unknown,
): object {
  const host = options.host.globals.process;
  const { Writable } = options.host.builtinModule("stream") as typeof import("node:stream");
  const stream = (fd: number, level: "info" | "error") =>
    Object.assign(
      new Writable({
        decodeStrings: false,
        write: (chunk: unknown, _encoding, done) => {
          options.console(level, String(chunk).replace(/\n$/, ""));
          done();
        },
      }),
      { fd, isTTY: false },
    );
  const shown = {
    arch: "x64",
    argv: ["node", "raft.ts"],
    argv0: "node",
    config: { target_defaults: {}, variables: {} },
    // Its own, and empty: what a peer writes there is gone with its realm.
    env: {},
    execArgv: [],
    execPath: "/node",
    exitCode: undefined,
    features: { ...host.features },
    pid: 1,
    platform: "linux",
    ppid: 0,
    release: { name: "node" },
    report: fixedReport(),
    stderr: stream(2, "error"),
    stdin: refusedStdin(refusals),
    stdout: stream(1, "info"),
    title: "node",
    version: host.version,
    versions: { ...host.versions },
    [Symbol.toStringTag]: "process",
  };
  return Object.assign(
    refusedMethods(host, refusals),
    shown,
    clockMethods(nowUs),
    commonMethods(options),
    askingMethods(require),
  );
}

/** What packages ask to choose their add-on by: the C library. */
function fixedReport(): object {
  return {
    excludeNetwork: true,
    getReport: () => ({ header: { glibcVersionRuntime: "2.36" }, sharedObjects: [] }),
  };
}

/** There is nobody to type anything. */
function refusedStdin(refusals: Refusals): object {
  const stdin: Record<string, unknown> = { fd: 0, isTTY: false };
  for (const name of ["on", "once", "pipe", "read", "resume", "setEncoding", "setRawMode", "unref"]) {
    stdin[name] = refusals.callable(`process.stdin.${name}`, WHY_REFUSED);
  }
  return stdin;
}

/** What packages ask when they are loaded, answered as on a machine that has Node and nothing else. */
function askingMethods(require: (name: string) => unknown): Record<string, unknown> {
  const noBinding = (name: unknown): never => {
    throw Object.assign(new Error(`No such module: ${String(name)}`), { code: "ERR_INVALID_MODULE" });
  };
  return {
    binding: noBinding,
    _linkedBinding: noBinding,
    getBuiltinModule: require,
    getegid: () => 0,
    geteuid: () => 0,
    getgid: () => 0,
    getgroups: () => [0],
    getuid: () => 0,
    hasUncaughtExceptionCaptureCallback: () => false,
  };
}

/** Every method of the host's `process`, refused: what is not replaced below is not replayable. */
function refusedMethods(host: NodeJS.Process, refusals: Refusals): Record<string, unknown> {
  const refused: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(host))) {
    if (typeof property.value === "function") {
      refused[name] = refusals.callable(`process.${name}`, WHY_REFUSED);
    }
  }
  return refused;
}

function commonMethods({ host, report, console }: ProcessOptions): Record<string, unknown> {
  const methods: Record<string, unknown> = {
    // Node's own queue keeps Node's order: before promise callbacks, each turn anew.
    nextTick: (callback: Callback, ...args: unknown[]) => {
      checkCallback(callback);
      host.globals.process.nextTick(() => guarded(report, "microtask", callback, args));
    },
    emitWarning: (warning: unknown, typeOrOptions?: string | { readonly type?: string }) => {
      const type = typeof typeOrOptions === "string" ? typeOrOptions : typeOrOptions?.type;
      console(
        "warn",
        warning instanceof Error ? String(warning) : `${type ?? "Warning"}: ${String(warning)}`,
      );
    },
    emit: () => false,
    eventNames: () => [],
    listeners: () => [],
    listenerCount: () => 0,
    rawListeners: () => [],
    getMaxListeners: () => 10,
  };
  for (const name of LISTENING) {
    methods[name] = function (this: unknown) {
      return this;
    };
  }
  for (const name of ENDING) methods[name] = (code?: unknown) => refuseExit(name, code, report);
  return methods;
}

function refuseExit(name: string, code: unknown, report: ReportError): never {
  const error = new ExitError(
    `process.${name}(${code === undefined ? "" : String(code)}) was called: a peer cannot end its thread. ` +
      "Throw an Error to fail the case, or return to go on.",
  );
  report(error, "exit");
  throw error;
}

/** What tells the time or the load of the process. Handlers take no virtual time, so no CPU either. */
function clockMethods(nowUs: () => number): Record<string, unknown> {
  const memoryUsage = () => ({
    rss: 64 * ONE_MIB,
    heapTotal: 16 * ONE_MIB,
    heapUsed: 8 * ONE_MIB,
    external: ONE_MIB,
    arrayBuffers: 0,
  });
  const hrtime = (previous: readonly [number, number] = [0, 0]): [number, number] => {
    const sinceUs = nowUs() - previous[0] * 1e6 - previous[1] / 1000;
    const seconds = Math.floor(sinceUs / 1e6);
    return [seconds, Math.round((sinceUs - seconds * 1e6) * 1000)];
  };
  return {
    availableMemory: () => 2 ** 30,
    constrainedMemory: () => 0,
    cpuUsage: () => ({ user: 0, system: 0 }),
    cwd: () => "/",
    hrtime: Object.assign(hrtime, { bigint: () => BigInt(nowUs()) * 1000n }),
    memoryUsage: Object.assign(memoryUsage, { rss: () => memoryUsage().rss }),
    umask: () => 0o22,
    uptime: () => nowUs() / 1e6,
  };
}
