import { RAFT_FILE } from "../script-names.js";
import type { Refusals } from "./forbidden.js";

type AnyFunction = (...args: never[]) => unknown;
type Util = typeof import("node:util");

/** What shows the real time, or listens to the collector. */
const REFUSED = ["aborted", "log", "transferableAbortController", "transferableAbortSignal"];

/**
 * `node:util` with the realm's own classes. What Node's own takes from the real process, its environment, arguments
 * and terminal, it takes from the peer's.
 */
export function nodeUtil(
  realm: typeof globalThis,
  host: Util,
  refusals: Refusals,
  whyRefused: string,
): object {
  const refused: Record<string, unknown> = {};
  for (const name of REFUSED) refused[name] = refusals.callable(`util.${name}`, whyRefused);
  const { TextDecoder, TextEncoder } = realm;
  return {
    ...host,
    ...refused,
    TextDecoder,
    TextEncoder,
    debug: silentLog,
    debuglog: silentLog,
    deprecate: deprecator(realm),
    getCallSite: callSites,
    getCallSites: callSites,
    inspect: ownInspect(host.inspect),
    parseArgs: (config: object) => host.parseArgs({ args: [], ...config }),
    promisify: ownPromisify(host.promisify),
    styleText: styler(host),
    types: { ...host.types },
  };
}

/** `NODE_DEBUG` is not set. */
function silentLog(): object {
  return Object.assign(() => {}, { enabled: false });
}

/** Warns on the peer's own `process`, once per function or code. */
function deprecator(realm: typeof globalThis) {
  const warned = new Set<string>();
  return (callback: AnyFunction, message: string, code?: string): AnyFunction => {
    let isToWarn = true;
    function deprecated(this: unknown, ...args: never[]): unknown {
      if (isToWarn && !(code && warned.has(code)))
        realm.process.emitWarning(message, "DeprecationWarning", code);
      isToWarn = false;
      if (code) warned.add(code);
      return new.target ? Reflect.construct(callback, args, new.target) : Reflect.apply(callback, this, args);
    }
    Object.setPrototypeOf(deprecated, callback);
    if (callback.prototype) deprecated.prototype = callback.prototype;
    return deprecated;
  };
}

/** Where the caller stands, in raft.ts alone: where our own files lie on the machine is not for a history. */
function callSites(): object[] {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_error, sites) => sites;
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  return sites
    .filter((site) => site.getFileName() === RAFT_FILE)
    .map((site) => ({
      functionName: site.getFunctionName() ?? "",
      scriptName: RAFT_FILE,
      scriptId: "0",
      lineNumber: site.getLineNumber(),
      column: site.getColumnNumber(),
      columnNumber: site.getColumnNumber(),
    }));
}

/** `inspect` whose defaults, which can be written, are this peer's. */
function ownInspect(host: Util["inspect"]): object {
  let defaults = { ...host.defaultOptions };
  function inspect(value: unknown, ...rest: unknown[]): string {
    const [first] = rest;
    if (typeof first === "object") return host(value, { ...defaults, ...first });
    const [showHidden = defaults.showHidden, depth = defaults.depth, colors = defaults.colors] = rest as [
      boolean?,
      number?,
      boolean?,
    ];
    return host(value, { ...defaults, showHidden, depth, colors });
  }
  const own = {
    colors: { ...host.colors },
    custom: host.custom,
    replDefaults: {},
    styles: { ...host.styles },
  };
  return Object.defineProperty(Object.assign(inspect, own), "defaultOptions", {
    configurable: true,
    enumerable: true,
    get: () => defaults,
    set: (options: object) => {
      defaults = { ...defaults, ...options };
    },
  });
}

/** `promisify` whose functions give promises of the realm. */
function ownPromisify(host: Util["promisify"]): object {
  const promisify = (original: AnyFunction): AnyFunction => {
    const promised = host(original) as AnyFunction;
    if (Reflect.get(original, host.custom)) return promised;
    function later(this: unknown, ...args: never[]): Promise<unknown> {
      return Promise.resolve(Reflect.apply(promised, this, args));
    }
    return Object.defineProperties(later, Object.getOwnPropertyDescriptors(promised)) as AnyFunction;
  };
  return Object.assign(promisify, { custom: host.custom });
}

/** Where no stream is given, the peer's own counts, and that has no colours. */
function styler({ styleText }: Util): object | undefined {
  if (!styleText) return undefined;
  const style = styleText as (format: unknown, text: string, options?: object) => string;
  return (
    format: unknown,
    text: string,
    options?: { readonly validateStream?: boolean; readonly stream?: object },
  ) => {
    const styled = style(format, text, { ...options, validateStream: false });
    return options?.validateStream === false ? styled : text;
  };
}
