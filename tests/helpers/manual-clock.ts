import TinyQueue from "tinyqueue";
import type { Clock } from "../../src/runtime/clock.js";

interface Timer {
  readonly dueMs: number;
  /** Timers due at one time run in the order set. */
  readonly number: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #lastNumber = 0;
  readonly #set = new Set<Timer>();
  /** Holds cancelled ones as well, until they are due. */
  readonly #queue = new TinyQueue<Timer>([], (a, b) => a.dueMs - b.dueMs || a.number - b.number);

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    this.#lastNumber += 1;
    const timer = { dueMs: this.#nowMs + delayMs, number: this.#lastNumber, callback };
    this.#set.add(timer);
    this.#queue.push(timer);
    return () => this.#set.delete(timer);
  }

  /** How many timers are set. */
  get timerCount(): number {
    return this.#set.size;
  }

  /** Moves on by `ms`, running the timers that fall due. Before and after each, all promises settle that can. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
      this.#nowMs = timer.dueMs;
      timer.callback();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #takeDue(untilMs: number): Timer | undefined {
    for (let next = this.#queue.peek(); next && next.dueMs <= untilMs; next = this.#queue.peek()) {
      this.#queue.pop();
      if (this.#set.delete(next)) return next;
    }
    return undefined;
  }
}

/** Resolves when no microtask is left to run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
