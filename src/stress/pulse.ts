/**
 * Tells the thread that asked for a run whether the thread that makes it still comes round: shared memory,
 * for a blocked thread answers no message.
 */
export class Pulse {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** A view of the pulse behind `buffer`, or a new one. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** The runner: it begins, on the thread of this number, which is at least 1. */
  begin(threadId: number): void {
    Atomics.store(this.#cells, 1, threadId);
  }

  /** The runner: its event loop has come round once more. */
  beat(): void {
    Atomics.add(this.#cells, 0, 1);
  }

  /** How often it has beaten, modulo 2^32. */
  beats(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** The runner's thread; 0 before it has begun. */
  threadId(): number {
    return Atomics.load(this.#cells, 1);
  }
}
