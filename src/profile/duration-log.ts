import type { RecordableHistogram } from "node:perf_hooks";
import { recordMs } from "./histograms.js";

/** Durations that are kept before they have to go into their histograms: thousands of RPCs. */
const CAPACITY = 1 << 16;

const COUNT = 0;
/** Durations at the beginning that do not count. */
const SKIPPED = 1;
/** Odd while durations go into their histograms. */
const EPOCH = 2;
const HEAD_CELLS = 4;
const HEAD_BYTES = HEAD_CELLS * Int32Array.BYTES_PER_ELEMENT;

/**
 * Durations on their way into histograms. To note one is two stores; to record one is a call into the engine
 * under a lock, and waits until the run is over, or the log is full. What has been noted outlives the thread:
 * memory is shared, and the main thread records it.
 */
export class DurationLog {
  /** Two cells for each: the number of its histogram, and its milliseconds. */
  readonly #cells: Float64Array;
  readonly #head: Int32Array;
  readonly #histograms: readonly RecordableHistogram[];

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(HEAD_BYTES + 2 * CAPACITY * Float64Array.BYTES_PER_ELEMENT);
  }

  /** @param histograms by the numbers under which durations are noted; it may grow */
  constructor(buffer: SharedArrayBuffer, histograms: readonly RecordableHistogram[]) {
    this.#head = new Int32Array(buffer, 0, HEAD_CELLS);
    this.#cells = new Float64Array(buffer, HEAD_BYTES);
    this.#histograms = histograms;
  }

  /** The thread that measures: `ms` is for the histogram of this number. */
  note(histogram: number, ms: number): void {
    const count = this.#head[COUNT] ?? 0;
    this.#cells[2 * count] = histogram;
    this.#cells[2 * count + 1] = ms;
    this.#head[COUNT] = count + 1;
    if (count + 1 === CAPACITY) this.#empty();
  }

  /** The main thread: what was noted so far does not count. */
  skip(): void {
    this.#head[SKIPPED] = this.#head[COUNT] ?? 0;
  }

  /**
   * The main thread: records what is noted and not recorded yet. The histograms hold all then; once only, for
   * a thread that goes on records it again.
   */
  recordRest(): void {
    let rest: Float64Array;
    let epoch: number;
    do {
      epoch = Atomics.load(this.#head, EPOCH);
      rest = epoch % 2 === 0 ? this.#noted().slice() : new Float64Array();
    } while (Atomics.load(this.#head, EPOCH) !== epoch);
    this.#record(rest);
  }

  /** The thread that measures: makes room. */
  #empty(): void {
    Atomics.add(this.#head, EPOCH, 1);
    this.#record(this.#noted());
    this.#head[COUNT] = 0;
    this.#head[SKIPPED] = 0;
    Atomics.add(this.#head, EPOCH, 1);
  }

  #noted(): Float64Array {
    return this.#cells.subarray(2 * (this.#head[SKIPPED] ?? 0), 2 * (this.#head[COUNT] ?? 0));
  }

  #record(noted: Float64Array): void {
    for (let at = 0; at < noted.length; at += 2) {
      const histogram = this.#histograms[noted[at] ?? 0];
      if (histogram) recordMs(histogram, noted[at + 1] ?? 0);
    }
  }
}
