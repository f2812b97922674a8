import type { RecordableHistogram } from "node:perf_hooks";
import { recordMs } from "./histograms.js";

/** Durations that are kept before they go into their histograms. */
const CAPACITY = 1024;

const COUNT = 0;
/** Durations at the beginning that do not count. */
const SKIPPED = 1;
/** Odd while durations go into their histograms. */
const EPOCH = 2;
const HEAD = 3;

/**
 * Durations on their way into histograms. To record one takes a call into the engine, dear as long as the
 * caller is not compiled; to note one here takes next to nothing, and to record many at a time is quick. What
 * has been noted outlives the thread: memory is shared, and the main thread records the rest.
 */
export class DurationLog {
  readonly #cells: Float64Array;
  readonly #head: Int32Array;
  /** By their numbers. */
  readonly #histograms: RecordableHistogram[];

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(headBytes() + 2 * CAPACITY * Float64Array.BYTES_PER_ELEMENT);
  }

  /** @param histograms by the numbers under which durations are noted; it may grow */
  constructor(buffer: SharedArrayBuffer, histograms: RecordableHistogram[]) {
    this.#head = new Int32Array(buffer, 0, HEAD);
    this.#cells = new Float64Array(buffer, headBytes());
    this.#histograms = histograms;
  }

  /** The thread that measures: `ms` is for the histogram of this number. */
  note(histogram: number, ms: number): void {
    const count = this.#head[COUNT] ?? 0;
    this.#cells[2 * count] = histogram;
    this.#cells[2 * count + 1] = ms;
    this.#head[COUNT] = count + 1;
    if (count + 1 === CAPACITY) this.record();
  }

  /** The thread that measures: all that was noted goes into the histograms. */
  record(): void {
    Atomics.add(this.#head, EPOCH, 1);
    for (const [histogram, ms] of this.#noted()) this.#put(histogram, ms);
    this.#head[COUNT] = 0;
    this.#head[SKIPPED] = 0;
    Atomics.add(this.#head, EPOCH, 1);
  }

  /** The main thread: what was noted so far does not count. */
  skip(): void {
    this.#head[SKIPPED] = this.#head[COUNT] ?? 0;
  }

  /**
   * The main thread: records what is noted and not recorded yet. The histograms hold all then; not for long, if
   * the thread goes on.
   */
  recordRest(): void {
    let rest: (readonly [number, number])[];
    let epoch: number;
    do {
      epoch = Atomics.load(this.#head, EPOCH);
      rest = epoch % 2 === 0 ? [...this.#noted()] : [];
    } while (Atomics.load(this.#head, EPOCH) !== epoch);
    for (const [histogram, ms] of rest) this.#put(histogram, ms);
  }

  *#noted(): Generator<readonly [number, number]> {
    const count = this.#head[COUNT] ?? 0;
    for (let n = this.#head[SKIPPED] ?? 0; n < count; n += 1) {
      yield [this.#cells[2 * n] ?? 0, this.#cells[2 * n + 1] ?? 0];
    }
  }

  #put(number: number, ms: number): void {
    const histogram = this.#histograms[number];
    if (histogram) recordMs(histogram, ms);
  }
}

/** The head's cells, up to where numbers of 8 bytes may begin. */
function headBytes(): number {
  return Math.ceil((HEAD * Int32Array.BYTES_PER_ELEMENT) / 8) * 8;
}
