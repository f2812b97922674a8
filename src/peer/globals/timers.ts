import { checkCallback, guarded, type ReportError } from "./errors.js";

export type Callback = (...args: never[]) => unknown;

/** The six functions that a program sets its timers with, in real or virtual time. */
export interface Timers {
  setTimeout(callback: Callback, delay?: unknown, ...args: unknown[]): TimerHandle;
  setInterval(callback: Callback, delay?: unknown, ...args: unknown[]): TimerHandle;
  setImmediate(callback: Callback, ...args: unknown[]): TimerHandle;
  clearTimeout(timer?: unknown): void;
  clearInterval(timer?: unknown): void;
  clearImmediate(immediate?: unknown): void;
}

/** What both Node's timers and the virtual ones can do. */
export interface TimerHandle {
  unref(): unknown;
}

/** Node's own timers; a callback that throws is told to `report` instead of ending the thread. */
export function realTimers(host: typeof globalThis, report: ReportError): Timers {
  const safe = (callback: Callback): (() => void) => {
    checkCallback(callback);
    return function (this: unknown, ...args: unknown[]) {
      guarded(report, "timer", callback, args, this);
    };
  };
  return {
    setTimeout: (callback, delay, ...args) =>
      host.setTimeout(safe(callback), delay as number, ...(args as [])),
    setInterval: (callback, delay, ...args) =>
      host.setInterval(safe(callback), delay as number, ...(args as [])),
    setImmediate: (callback, ...args) => host.setImmediate(safe(callback), ...(args as [])),
    clearTimeout: (timer) => host.clearTimeout(timer as NodeJS.Timeout),
    clearInterval: (timer) => host.clearInterval(timer as NodeJS.Timeout),
    clearImmediate: (immediate) => host.clearImmediate(immediate as NodeJS.Immediate),
  };
}
