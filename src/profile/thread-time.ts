import { performance } from "node:perf_hooks";

type SetTimer = (callback: (...args: unknown[]) => unknown, ms?: number, ...args: unknown[]) => unknown;

/**
 * One clock for all threads of a process, and where this thread's event loop stood when a batch came.
 *
 * A message that waits in a thread's queue keeps its event loop from going idle. So the time that the loop
 * was idle since the last look, up to the age of the message, is time before the thread woke for it; the
 * rest is time in which the loop was busy with something else. That holds if there was a look at the
 * beginning of whatever kept the loop busy: `look` is called there.
 */
export class ThreadTime {
  readonly #skewMs: number;
  #idleMs = 0;

  /** @param originMs `performance.timeOrigin` of the main thread, whose clock is the common one */
  constructor(originMs: number) {
    this.#skewMs = performance.timeOrigin - originMs; // 0 in today's Node: one origin for the process
  }

  /** Milliseconds on the common clock. */
  now(): number {
    return performance.now() + this.#skewMs;
  }

  /** A time of this thread's `performance`, on the common clock. */
  common(ms: number): number {
    return ms + this.#skewMs;
  }

  /** The event loop is at work: whether it was idle since is to be told from here. */
  look(): void {
    this.#idleMs = performance.nodeTiming.idleTime;
  }

  /**
   * Looks at the beginning of every timer's callback that this thread sets from now on. Not of what
   * `setImmediate` runs: that follows other work, with no idling between.
   * @returns does so no more, but for timers that are set
   */
  lookAtTimers(): () => void {
    const timers = globalThis as unknown as Record<"setTimeout" | "setInterval", SetTimer>;
    const look = (): void => this.look();
    const { setTimeout, setInterval } = timers;
    for (const name of ["setTimeout", "setInterval"] as const) {
      const set = timers[name];
      const setAndLook: SetTimer = (callback, ms, ...args) => {
        if (typeof callback !== "function") return set(callback, ms); // which throws
        const lookAndCall = function (this: unknown): unknown {
          look();
          return callback.apply(this, args);
        };
        return set(lookAndCall, ms);
      };
      timers[name] = Object.assign(setAndLook, set); // what `util.promisify` finds on it included
    }
    return () => Object.assign(timers, { setTimeout, setInterval });
  }

  /**
   * A batch of the age `ageMs` begins to be read.
   * @returns how much of its age it was under way: until this thread was awake, the wait for a core included
   */
  inFlight(ageMs: number): number {
    const idleBeforeMs = this.#idleMs;
    this.look();
    return Math.max(0, Math.min(ageMs, this.#idleMs - idleBeforeMs));
  }
}
