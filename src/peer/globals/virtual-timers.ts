import { checkCallback, guarded, type ReportError } from "./errors.js";
import type { Callback, Timers } from "./timers.js";
import type { Alarm, VirtualTime } from "./virtual-time.js";

/** The longest delay in ms; a longer one counts as 1 ms, as in Node. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** What an immediate takes: little, but more than nothing, so that a loop of them cannot stop time. */
const IMMEDIATE_US = 1;

/** What the `Timeout`s and `Immediate`s of one peer share. */
export class TimerContext {
  readonly time: VirtualTime;
  readonly report: ReportError;
  /** Timeouts whose number was asked for, so that it can be cleared by it. */
  readonly numbered = new Map<number, Timeout>();
  lastNumber = 0;
  /** Ties a callback to the asynchronous context in which it is set. */
  bind = (callback: Callback): Callback => callback;

  constructor(time: VirtualTime, report: ReportError) {
    this.time = time;
    this.report = report;
  }
}

/** Timers in virtual time, with the semantics of Node's. */
export interface VirtualTimers extends Timers {
  /** From now on, callbacks are passed through `bind` when they are set (`AsyncLocalStorage`). */
  bindCallbacks(bind: (callback: Callback) => Callback): void;
}

/**
 * @param context gives what belongs to the peer whose turn it is
 * @param warn told of a delay that does not fit, as Node warns
 */
export function virtualTimers(
  context: () => TimerContext,
  warn: (name: string, text: string) => void,
): VirtualTimers {
  const start = (callback: Callback, delay: unknown, args: readonly unknown[], repeats: boolean) => {
    checkCallback(callback);
    const own = context();
    return new Timeout(own, own.bind(callback), delayMs(delay, warn), args, repeats);
  };
  const clear = (timer: unknown) => timeoutOf(context(), timer)?.close();
  return {
    setTimeout: (callback, delay, ...args) => start(callback, delay, args, false),
    setInterval: (callback, delay, ...args) => start(callback, delay, args, true),
    setImmediate: (callback, ...args) => {
      checkCallback(callback);
      const own = context();
      return new Immediate(own, own.bind(callback), args);
    },
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: (immediate) => {
      if (immediate instanceof Immediate) immediate.cancel();
    },
    bindCallbacks: (bind) => {
      context().bind = bind;
    },
  };
}

/** What `setTimeout` and `setInterval` return. */
export class Timeout {
  readonly #context: TimerContext;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];
  readonly #delayUs: number;
  readonly #repeats: boolean;
  readonly #ring = () => this.#fire();
  #alarm: Alarm | undefined;
  #isCleared = false;
  #hasRef = true;
  #number: number | undefined;

  constructor(
    context: TimerContext,
    callback: Callback,
    delayMs: number,
    args: readonly unknown[],
    repeats: boolean,
  ) {
    this.#context = context;
    this.#callback = callback;
    this.#args = args;
    this.#delayUs = delayMs * 1000;
    this.#repeats = repeats;
    this.#start();
  }

  /** Nothing in virtual time waits for a process to run dry, so `ref` and `unref` only remember. */
  ref(): this {
    this.#hasRef = true;
    return this;
  }

  unref(): this {
    this.#hasRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#hasRef;
  }

  /** Starts the delay anew, also when it has fired already; not when it was cleared. */
  refresh(): this {
    this.#stop();
    if (!this.#isCleared) this.#start();
    return this;
  }

  /** The same as `clearTimeout`. */
  close(): this {
    this.#stop();
    this.#isCleared = true;
    this.#forgetNumber();
    return this;
  }

  /** A number by which `clearTimeout` finds it. */
  [Symbol.toPrimitive](): number {
    this.#number ??= ++this.#context.lastNumber;
    this.#context.numbered.set(this.#number, this);
    return this.#number;
  }

  #start(): void {
    this.#alarm = this.#context.time.schedule(this.#delayUs, this.#ring);
  }

  #stop(): void {
    if (this.#alarm) this.#context.time.cancel(this.#alarm);
    this.#alarm = undefined;
  }

  #fire(): void {
    this.#alarm = undefined;
    guarded(this.#context.report, "timer", this.#callback, this.#args, this);
    // The next period begins when the callback has returned, also when it threw: Node's order.
    if (this.#repeats) this.refresh();
    else if (!this.#alarm) this.#forgetNumber();
  }

  #forgetNumber(): void {
    if (this.#number !== undefined) this.#context.numbered.delete(this.#number);
  }
}

/** What `setImmediate` returns. */
export class Immediate {
  readonly #time: VirtualTime;
  readonly #alarm: Alarm;
  #hasRef = true;

  constructor(context: TimerContext, callback: Callback, args: readonly unknown[]) {
    this.#time = context.time;
    this.#alarm = context.time.schedule(IMMEDIATE_US, () =>
      guarded(context.report, "timer", callback, args, this),
    );
  }

  ref(): this {
    this.#hasRef = true;
    return this;
  }

  unref(): this {
    this.#hasRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#hasRef;
  }

  /** For `clearImmediate`. */
  cancel(): void {
    this.#time.cancel(this.#alarm);
  }
}

/** A delay as Node takes it: whole milliseconds, at least 1; 1 for what is no delay or too long. */
function delayMs(delay: unknown, warn: (name: string, text: string) => void): number {
  const ms = (delay as number) * 1; // unlike `Number()`, refuses a bigint, as Node does
  if (ms > MAX_DELAY_MS) {
    const text = `${ms} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`;
    warn("TimeoutOverflowWarning", text);
  }
  return ms >= 1 && ms <= MAX_DELAY_MS ? Math.trunc(ms) : 1;
}

function timeoutOf(context: TimerContext, timer: unknown): Timeout | undefined {
  if (timer instanceof Timeout) return timer;
  return typeof timer === "number" || typeof timer === "string"
    ? context.numbered.get(Number(timer))
    : undefined;
}
