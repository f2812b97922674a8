/**
 * All time in Whitewater comes from a `Clock`: the router's delays, the tester's sleeps, the watchdogs.
 * Which clock it is, real or virtual, decides the mode; the code that uses it does not know.
 */
export interface Clock {
  /** Milliseconds since the run began: monotonic in real time, exact microseconds / 1000 in virtual time. */
  nowMs(): number;

  /**
   * Calls back once, `delayMs` from now (at least; 0 is allowed).
   * @returns cancels the callback; harmless when it has run already
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** Resolves `ms` milliseconds from now on `clock`. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/** Real, monotonic time. Its timers end with it, so none outlives the case that set it (lab-spec 9.12). */
export class RealClock implements Clock {
  readonly #startedAtMs = performance.now();
  readonly #timers = new Set<NodeJS.Timeout>();

  nowMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Cancels every timer still set: what waited for one waits for ever. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
