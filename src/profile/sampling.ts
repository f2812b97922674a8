/** Messages that the main thread hears in one stretch of measuring. */
const STRETCH = 64;
/** At more messages a second than this, measuring pauses between stretches. */
const BUSY_PER_SECOND = 1000;
/** Then a pause is so many times as long as the stretch before it. */
const PAUSE_FACTOR = 15;
const LONGEST_PAUSE_MS = 200;

/**
 * Whether messages are measured now. To measure each takes a little of the very cores that a busy run is short
 * of, so at high rates only those of some stretches of time are: thousands all the same. One switch for all
 * threads; an RPC that began while it was on is measured to its end.
 */
export class Sampling {
  readonly #off: Int32Array;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#off = new Int32Array(buffer);
  }

  get isOn(): boolean {
    return this.#off[0] === 0;
  }

  switch(isOn: boolean): void {
    this.#off[0] = isOn ? 0 : 1;
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
  #pauses: NodeJS.Timeout | undefined;
  /** When the pause began that goes on, as far as it counts. */
  #pausedSinceMs: number | undefined;
  #pausedMs = 0;

  constructor(all: boolean) {
    this.#all = all;
  }

  get isOn(): boolean {
    return this.#sampling.isOn;
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

  close(): void {
    clearTimeout(this.#pauses);
  }

  #pause(fromMs: number, ms: number): void {
    this.#sampling.switch(false);
    this.#pausedSinceMs = fromMs;
    this.#pauses = setTimeout(() => {
      const nowMs = performance.now();
      this.#pausedMs = this.pausedMs(nowMs);
      this.#pausedSinceMs = undefined;
      this.#stretchFromMs = nowMs;
      this.#sampling.switch(true);
    }, ms);
    this.#pauses.unref();
  }
}
