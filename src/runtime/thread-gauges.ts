/** Cells. */
const BEATS = 0;
const READ = 1;
const OS_THREAD = 2;

/** Messages are counted by so many: a cell that one thread writes and another reads costs both, each time. */
export const COUNTED_BY = 100;

/**
 * What a peer's thread and the main thread share: whether the peer's event loop turns, how far the main thread
 * is behind what the peer said, and which thread it is. Read and written with `Atomics`.
 */
export class ThreadGauges {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** A view of the gauges behind `buffer`, or new gauges. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** The peer: it runs on this thread of the system (`osThreadId`). */
  runsOn(osThread: number): void {
    Atomics.store(this.#cells, OS_THREAD, osThread);
  }

  /** The thread of the system; 0 before it runs, and where the system does not tell. */
  osThread(): number {
    return Atomics.load(this.#cells, OS_THREAD);
  }

  /** The peer: its event loop has come round once more. */
  beat(): void {
    Atomics.add(this.#cells, BEATS, 1);
  }

  /** How often the peer's event loop has beaten, modulo 2^32. */
  beats(): number {
    return Atomics.load(this.#cells, BEATS);
  }

  /** The main thread: it has read `count` more messages of the peer. */
  haveRead(count: number): void {
    Atomics.add(this.#cells, READ, count);
  }

  /** Messages of the peer that the main thread has read, modulo 2^32. */
  read(): number {
    return Atomics.load(this.#cells, READ);
  }
}
