/**
 * Two counters that a peer's thread and the main thread share: whether the peer's event loop turns, and
 * how far the main thread is behind what the peer said. Read and written with `Atomics`.
 */
export class ThreadGauges {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** A view of the counters behind `buffer`, or new counters. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** The peer: its event loop has come round once more. */
  beat(): void {
    Atomics.add(this.#cells, 0, 1);
  }

  /** How often the peer's event loop has beaten, modulo 2^32. */
  beats(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** The main thread: it has read `count` more messages of the peer. */
  haveRead(count: number): void {
    Atomics.add(this.#cells, 1, count);
  }

  /** Messages of the peer that the main thread has read, modulo 2^32. */
  read(): number {
    return Atomics.load(this.#cells, 1);
  }
}
