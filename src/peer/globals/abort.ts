import { DOMException } from "./dom-exception.js";
import { Event, EventTarget } from "./event-target.js";

/** Only this module makes signals; `new AbortSignal()` is refused, as the standard says. */
const MADE_HERE = Symbol("made here");

/** Aborts a signal, once. */
let trigger: (signal: AbortSignal, reason: unknown) => void;

/** Tells many at once that what they do is no longer wanted. In virtual time, `timeout` included. */
export class AbortSignal extends EventTarget {
  /** Called like a listener of `abort`, if it is set. */
  onabort: ((event: Event) => unknown) | null = null;
  #isAborted = false;
  #reason: unknown;

  static {
    trigger = (signal, reason) => {
      if (signal.#isAborted) return;
      signal.#isAborted = true;
      signal.#reason =
        reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
      signal.dispatchEvent(new Event("abort"));
    };
  }

  constructor(key?: unknown) {
    if (key !== MADE_HERE) throw new TypeError("Illegal constructor");
    super();
    this.addEventListener("abort", (event) => this.onabort?.(event));
  }

  get aborted(): boolean {
    return this.#isAborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#isAborted) throw this.#reason;
  }

  /** A signal that is aborted already. */
  static abort(reason?: unknown): AbortSignal {
    const signal = new AbortSignal(MADE_HERE);
    trigger(signal, reason);
    return signal;
  }

  /** Aborts `delayMs` from now. */
  static timeout(delayMs: number): AbortSignal {
    const signal = new AbortSignal(MADE_HERE);
    setTimeout(
      () => trigger(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError")),
      delayMs,
    );
    return signal;
  }

  /** Aborts with the first of `signals` that does, and for its reason. */
  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const sources = [...signals];
    const signal = new AbortSignal(MADE_HERE);
    const aborted = sources.find((source) => source.aborted);
    if (aborted) {
      trigger(signal, aborted.reason);
      return signal;
    }
    for (const source of sources) {
      source.addEventListener("abort", () => trigger(signal, source.reason), { once: true, signal });
    }
    return signal;
  }
}

/** Owns a signal and aborts it. */
export class AbortController {
  readonly signal = new AbortSignal(MADE_HERE);

  abort(reason?: unknown): void {
    trigger(this.signal, reason);
  }
}
