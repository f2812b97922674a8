/**
 * Bytes that are replaced again and again, in memory that is kept: a long log that is saved whole at each change would
 * otherwise be garbage each time.
 */
export class HeldBytes {
  #memory = new Uint8Array(0);
  #length = 0;

  /** A view of them: it stands until they change. */
  get bytes(): Uint8Array {
    return this.#memory.subarray(0, this.#length);
  }

  /** Makes them longer or shorter. What they are behind their old end is to be put. */
  resize(length: number): void {
    if (length > this.#memory.length) {
      const larger = new Uint8Array(length * 2);
      larger.set(this.bytes);
      this.#memory = larger;
    }
    this.#length = length;
  }

  /** Puts `bytes` in at the place `from`. @throws {RangeError} if they reach further than the memory does */
  put(from: number, bytes: Uint8Array): void {
    this.#memory.set(bytes, from);
  }

  /** Replaces them all. */
  replace(bytes: Uint8Array): void {
    this.resize(bytes.length);
    this.put(0, bytes);
  }
}
