/** Batches under way at once whose stamps are kept: more than a link holds before its peer counts as flooding. */
const SLOTS = 8192;

/**
 * When batches of messages left their thread, for the thread that gets them. Both number the batches of one
 * direction from 1, since a port delivers in order; so the stamp needs no place in the batch, and what is
 * sent is the same with and without it.
 */
export class BatchStamps {
  readonly #leftAtMs: Float64Array;
  /** Which batch each slot tells of; 0 before the first. */
  readonly #batches: Float64Array;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(2 * SLOTS * Float64Array.BYTES_PER_ELEMENT);
  }

  /** One end of a direction: each end has an instance of its own over the same `buffer`. */
  constructor(buffer: SharedArrayBuffer) {
    this.#leftAtMs = new Float64Array(buffer, 0, SLOTS);
    this.#batches = new Float64Array(buffer, SLOTS * Float64Array.BYTES_PER_ELEMENT, SLOTS);
  }

  /** The sender: this batch leaves at `atMs`. */
  put(batch: number, atMs: number): void {
    const slot = batch % SLOTS;
    this.#leftAtMs[slot] = atMs;
    this.#batches[slot] = batch;
  }

  /**
   * The receiver: when this batch left; `undefined` if that was not put, or a later one has taken its slot, or it
   * left before `fromMs`.
   */
  leftSince(batch: number, fromMs: number): number | undefined {
    const slot = batch % SLOTS;
    const leftAtMs = this.#leftAtMs[slot] ?? 0;
    return this.#batches[slot] === batch && leftAtMs >= fromMs ? leftAtMs : undefined;
  }
}
