import type { LogLevel } from "../../labrpc/wire.js";
import type { HostServices } from "../host-services.js";
import { define } from "./define.js";

/** Takes one text of the console, which may have several lines. */
export type WriteLog = (level: LogLevel, text: string) => void;

/** Columns by which a group indents. */
const GROUP_INDENTATION = 2;

/**
 * The console of one peer: Node's formatting, everything written to the run's log. A method works without
 * its `this`, as Node's do.
 */
export class RealmConsole {
  readonly #host: HostServices;
  readonly #write: WriteLog;
  readonly #nowMs: () => number;
  readonly #counts = new Map<string, number>();
  readonly #timers = new Map<string, number>();
  #indentation = "";

  /** @param nowMs for `time`: virtual or real milliseconds since any one moment */
  constructor(host: HostServices, write: WriteLog, nowMs: () => number) {
    this.#host = host;
    this.#write = write;
    this.#nowMs = nowMs;
    for (const name of Object.getOwnPropertyNames(RealmConsole.prototype)) {
      const method: unknown = Reflect.get(this, name);
      if (typeof method === "function" && name !== "constructor") define(this, name, method.bind(this));
    }
  }

  log(...args: unknown[]): void {
    this.#print("info", args);
  }

  info(...args: unknown[]): void {
    this.#print("info", args);
  }

  debug(...args: unknown[]): void {
    this.#print("debug", args);
  }

  warn(...args: unknown[]): void {
    this.#print("warn", args);
  }

  error(...args: unknown[]): void {
    this.#print("error", args);
  }

  /** Writes the message and the stack of the caller. */
  trace(...args: unknown[]): void {
    const trace = new Error(this.#host.format(...args));
    trace.name = "Trace";
    Error.captureStackTrace?.(trace, RealmConsole.prototype.trace); // begins at the caller
    this.#print("error", [trace.stack]);
  }

  assert(condition?: unknown, ...args: unknown[]): void {
    if (condition) return;
    const [first, ...rest] = args;
    if (typeof first === "string") this.warn(`Assertion failed: ${first}`, ...rest);
    else this.warn("Assertion failed", ...args);
  }

  dir(value?: unknown, options?: object): void {
    this.#print("info", [this.#host.inspect(value, { customInspect: false, ...options })]);
  }

  dirxml(...args: unknown[]): void {
    this.#print("info", args);
  }

  table(...args: unknown[]): void {
    this.#print("info", [this.#host.table(...args)]);
  }

  count(label = "default"): void {
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    this.log(`${label}: ${count}`);
  }

  countReset(label = "default"): void {
    this.#counts.delete(label);
  }

  time(label = "default"): void {
    if (this.#timers.has(label)) this.warn(`Label '${label}' already exists for console.time()`);
    else this.#timers.set(label, this.#nowMs());
  }

  timeLog(label = "default", ...args: unknown[]): void {
    const startedMs = this.#timers.get(label);
    if (startedMs === undefined) this.warn(`No such label '${label}' for console.timeLog()`);
    else this.log(`${label}: ${duration(this.#nowMs() - startedMs)}`, ...args);
  }

  timeEnd(label = "default"): void {
    const startedMs = this.#timers.get(label);
    this.#timers.delete(label);
    if (startedMs === undefined) this.warn(`No such label '${label}' for console.timeEnd()`);
    else this.log(`${label}: ${duration(this.#nowMs() - startedMs)}`);
  }

  group(...args: unknown[]): void {
    if (args.length > 0) this.log(...args);
    this.#indentation += " ".repeat(GROUP_INDENTATION);
  }

  groupCollapsed(...args: unknown[]): void {
    this.group(...args);
  }

  groupEnd(): void {
    this.#indentation = this.#indentation.slice(GROUP_INDENTATION);
  }

  #print(level: LogLevel, args: readonly unknown[]): void {
    const [first] = args;
    // A single text, the usual line, needs no formatting: Node too takes it as it is.
    const text = args.length === 1 && typeof first === "string" ? first : this.#host.format(...args);
    this.#write(level, (this.#indentation && text.replace(/^/gm, this.#indentation)) || text);
  }
}

/** As Node shows it: `1.5ms`, `2.25s`, with at most three digits after the point. */
function duration(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(3))}s`;
}
