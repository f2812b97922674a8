import { argumentError } from "./errors.js";
import type { TimerHandle, Timers } from "./timers.js";

/** What the functions of `node:timers/promises` take last. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
  readonly ref?: boolean | undefined;
}

/** `node:timers/promises`. */
export interface TimersPromises {
  setTimeout<T>(delay?: number, value?: T, options?: WaitOptions): Promise<T>;
  setImmediate<T>(value?: T, options?: WaitOptions): Promise<T>;
  setInterval<T>(delay?: number, value?: T, options?: WaitOptions): AsyncGenerator<T, never>;
  readonly scheduler: {
    wait(delay?: number, options?: WaitOptions): Promise<void>;
    yield(): Promise<void>;
  };
}

/** Node's error for a wait that its signal ended. */
class AbortError extends Error {
  override readonly name = "AbortError";
  readonly code = "ABORT_ERR";

  constructor(signal: AbortSignal) {
    super("The operation was aborted", { cause: signal.reason });
  }
}

/** `node:timers/promises` over `timers`. Its promises and errors are of this realm, in every mode. */
export function timersPromises(timers: Timers): TimersPromises {
  const after = <T>(delay?: number, value?: T, options?: WaitOptions) =>
    wait(
      options,
      value as T,
      (done) => timers.setTimeout(done, delay),
      (timer) => timers.clearTimeout(timer),
    );
  const immediate = <T>(value?: T, options?: WaitOptions) =>
    wait(
      options,
      value as T,
      (done) => timers.setImmediate(done),
      (timer) => timers.clearImmediate(timer),
    );
  return {
    setTimeout: after,
    setImmediate: immediate,
    setInterval: (delay, value, options) => ticks(timers, delay, value as never, options),
    scheduler: {
      wait: (delay, options) => after(delay, undefined, options),
      yield: () => immediate(),
    },
  };
}

/** One wait, which ends when `start`'s timer fires or the signal aborts, whichever comes first. */
async function wait<T>(
  options: WaitOptions | undefined,
  value: T,
  start: (done: () => void) => TimerHandle,
  stop: (timer: TimerHandle) => void,
): Promise<T> {
  const { signal, ref } = checkedOptions(options);
  if (signal?.aborted) throw new AbortError(signal);
  return await new Promise<T>((resolve, reject) => {
    const timer = start(() => {
      signal?.removeEventListener("abort", abort);
      resolve(value);
    });
    if (ref === false) timer.unref();
    const abort = () => {
      stop(timer);
      reject(new AbortError(signal as AbortSignal));
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Yields `value` once per period, also for the periods that passed while the reader was busy. */
async function* ticks<T>(
  timers: Timers,
  delay: number | undefined,
  value: T,
  options: WaitOptions | undefined,
): AsyncGenerator<T, never> {
  const { signal, ref } = checkedOptions(options);
  if (signal?.aborted) throw new AbortError(signal);
  let waiting = 0;
  let wake: () => void = () => undefined;
  const timer = timers.setInterval(() => {
    waiting++;
    wake();
  }, delay);
  if (ref === false) timer.unref();
  const abort = () => {
    timers.clearInterval(timer);
    wake();
  };
  signal?.addEventListener("abort", abort, { once: true });
  try {
    for (;;) {
      if (waiting === 0 && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal?.aborted) throw new AbortError(signal);
      for (; waiting > 0; waiting--) yield value;
    }
  } finally {
    timers.clearInterval(timer);
    signal?.removeEventListener("abort", abort);
  }
}

function checkedOptions(options: WaitOptions = {}): WaitOptions {
  if (typeof options !== "object" || options === null) {
    throw argumentError("options", "of type object", options);
  }
  const { signal, ref } = options;
  if (signal !== undefined && !(typeof signal === "object" && signal !== null && "aborted" in signal)) {
    throw argumentError("options.signal", "an instance of AbortSignal", signal);
  }
  if (ref !== undefined && typeof ref !== "boolean") {
    throw argumentError("options.ref", "of type boolean", ref);
  }
  return options;
}
