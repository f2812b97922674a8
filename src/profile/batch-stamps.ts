/** Batches under way at once whose stamps are kept: more than a link holds before its peer counts as flooding. */
const SLOTS = 8192;

/**
 * When each batch of messages left its thread, for the thread that gets it. Both number the batches of one
 * direction from 0, since a port delivers in order; so the stamp needs no place in the batch, and what is
 * sent is the same with and without it.
 */
export class BatchStamps {
  readonly #leftAtMs: Float64Array;
  /** Which batch each slot tells of, plus 1. */
  readonly #batches: Float64Array;
  #next = 0;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * SLOTS * Float64Array.BYTES_PER_ELEMENT);
  }

  /** One end of a direction: each end has an instance of its own over the same `buffer`. */
  constructor(buffer: SharedArrayBuffer) {
    this.#leftAtMs = new Float64Array(buffer, 0, SLOTS);
    this.#batches = new Float64Array(buffer, SLOTS * Float64Array.BYTES_PER_ELEMENT, SLOTS);
  }

  /** The sender: the next batch leaves at `atMs`. */
  put(atMs: number): void {
    const slot = this.#next % SLOTS;
    this.#leftAtMs[slot] = atMs;
    this.#next += 1;
    this.#batches[slot] = this.#next;
  }

  /** The sender: the next batch leaves, and nobody asks when. */
  skip(): void {
    this.#next += 1;
  }

  /**
   * The receiver: when the next batch left; `undefined` if it was skipped, or later ones have taken its slot, or
   * it left before `fromMs`.
   */
  takeSince(fromMs: number): number | undefined {
    const slot = this.#next % SLOTS;
    this.#next += 1;
    const leftAtMs = this.#leftAtMs[slot] ?? 0;
    return this.#batches[slot] === this.#next && leftAtMs >= fromMs ? leftAtMs : undefined;
  }
}
