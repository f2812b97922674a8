/** Messages that the main thread hears in one stretch of measuring. */
const STRETCH = 256;
/** At more messages a second than this, measuring pauses between stretches. */
const BUSY_PER_SECOND = 1000;
/** Then a pause is so many times as long as the stretch before it. */
const PAUSE_FACTOR = 31;
const LONGEST_PAUSE_MS = 500;
/** What was said before a pause has come to the main thread by then, where threads are not held up. */
const IN_FLIGHT_MS = 1;

/** What there is to do for the probes: measure all that begins, measure to its end what has begun, or nothing. */
const STATE = { on: 0, ending: 1, asleep: 2 } as const;

type State = (typeof STATE)[keyof typeof STATE];

/**
 * Whether messages are measured now. To measure each takes a little of the very cores that a busy run is short
 * of, so at high rates only those of some stretches of time are: thousands all the same. One switch for all
 * threads; an RPC that began while it was on is measured to its end, and then nobody looks at messages any more.
 */
export class Sampling {
  readonly #state: Int32Array;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#state = new Int32Array(buffer);
  }

  /** Whether what begins now is measured. */
  get isOn(): boolean {
    return this.#state[0] === STATE.on;
  }

  /** Whether anything is. */
  get isAwake(): boolean {
    return this.#state[0] !== STATE.asleep;
  }

  switch(state: State): void {
    this.#state[0] = state;
  }
}

/** The main thread's hand on the switch: it hears every message, and so knows the rate. */
export class SamplingControl {
  readonly buffer = Sampling.buffer();
  readonly #sampling = new Sampling(this.buffer);
  /** Whether every message is measured, whatever the rate. */
  readonly #all: boolean;
  #heard = 0;
  #stretchFromMs = 0;
  #next: NodeJS.Timeout | undefined;
  /** When the pause began that goes on, as far as it counts. */
  #pausedSinceMs: number | undefined;
  #pausedMs = 0;

  constructor(all: boolean) {
    this.#all = all;
  }

  /** Milliseconds from `begin` to `nowMs` in which nothing was measured. */
  pausedMs(nowMs: number): number {
    return this.#pausedMs + (this.#pausedSinceMs === undefined ? 0 : nowMs - this.#pausedSinceMs);
  }

  begin(nowMs: number): void {
    this.#heard = 0;
    this.#stretchFromMs = nowMs;
    this.#pausedMs = 0;
    if (this.#pausedSinceMs !== undefined) this.#pausedSinceMs = nowMs;
  }

  /** A message was heard, while the switch is on. */
  heard(nowMs: number): void {
    this.#heard += 1;
    if (this.#heard < STRETCH) return;
    const stretchMs = nowMs - this.#stretchFromMs;
    const isBusy = stretchMs * BUSY_PER_SECOND < STRETCH * 1000;
    this.#heard = 0;
    this.#stretchFromMs = nowMs;
    if (isBusy && !this.#all) this.#pause(nowMs, Math.min(LONGEST_PAUSE_MS, stretchMs * PAUSE_FACTOR));
  }

  /** No RPC that is measured is under way: in a pause, nobody needs to look at messages any more. */
  mayRest(): void {
    if (this.#sampling.isOn || !this.#sampling.isAwake) return;
    if (performance.now() - (this.#pausedSinceMs ?? 0) < IN_FLIGHT_MS) return;
    // The fate of the last one is told to its caller in this turn.
    setImmediate(() => {
      if (!this.#sampling.isOn) this.#sampling.switch(STATE.asleep);
    });
  }

  close(): void {
    clearTimeout(this.#next);
  }

  #pause(fromMs: number, ms: number): void {
    this.#sampling.switch(STATE.ending);
    this.#pausedSinceMs = fromMs;
    this.#next = setTimeout(() => this.#goOn(), ms);
    this.#next.unref();
  }

  /** The pause is over. */
  #goOn(): void {
    const nowMs = performance.now();
    this.#pausedMs = this.pausedMs(nowMs);
    this.#pausedSinceMs = undefined;
    this.#stretchFromMs = nowMs;
    this.#sampling.switch(STATE.on);
  }
}
