import { newBytes } from "../labgob/new-bytes.js";

/** The cell that says how many bytes were taken so far, or a little less, modulo 2^32. It stands before the bytes. */
const TAKEN = 0;
const HEAD_BYTES = Int32Array.BYTES_PER_ELEMENT;

const CAPACITY = 32 * 1024;
/** Longer frames gain little: they are better off in a post of their own. */
const LONGEST = 4 * 1024;

/** Who reads tells of what it has taken after so many bytes: seldom, and before the writer wants for room. */
const TELL_AFTER = CAPACITY / 4;

/** The shared memory of one link: a ring for each direction. */
export interface LinkMemory {
  readonly toPeer: SharedArrayBuffer;
  readonly toMain: SharedArrayBuffer;
}

export function newLinkMemory(): LinkMemory {
  const ring = (): SharedArrayBuffer => new SharedArrayBuffer(HEAD_BYTES + CAPACITY);
  return { toPeer: ring(), toMain: ring() };
}

/**
 * The bytes of one direction of a link, in memory that both its threads have. A port tells how many there are, and in
 * which order they come with what does not fit in: it carries a number in an eighth less time than a buffer.
 */
export class FrameRing {
  readonly #memory: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #bytes: Uint8Array;
  /** Bytes put or taken so far, by this end. */
  #count = 0;
  /** Bytes taken so far by the other end, when it was last looked. */
  #taken = 0;
  /** Bytes of which the other end was told that they are taken. */
  #told = 0;

  /** One end of a ring: each end has an instance of its own over the same `memory`. */
  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#cells = new Int32Array(memory, 0, 1);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  /**
   * The writer: puts `bytes` in.
   * @returns false if they are too many, for now or for ever; then nothing is put in
   */
  put(bytes: Uint8Array): boolean {
    if (bytes.length > LONGEST || !this.#hasRoom(bytes.length)) return false;
    const start = this.#count % CAPACITY;
    const untilEnd = CAPACITY - start;
    if (bytes.length <= untilEnd) {
      this.#bytes.set(bytes, start);
    } else {
      this.#bytes.set(bytes.subarray(0, untilEnd), start);
      this.#bytes.set(bytes.subarray(untilEnd));
    }
    this.#count += bytes.length;
    return true;
  }

  /** The reader: takes the next `count` bytes out, of which the port has told. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const bytes = newBytes(count);
    const start = this.#count % CAPACITY;
    const untilEnd = Math.min(count, CAPACITY - start);
    bytes.set(new Uint8Array(this.#memory, HEAD_BYTES + start, untilEnd)); // `subarray` takes longer
    if (untilEnd < count) bytes.set(this.#bytes.subarray(0, count - untilEnd), untilEnd);
    this.#count += count;
    if (this.#count - this.#told >= TELL_AFTER) {
      this.#told = this.#count;
      Atomics.store(this.#cells, TAKEN, this.#told);
    }
    return bytes;
  }

  #hasRoom(count: number): boolean {
    if (count <= this.#room()) return true;
    this.#taken = Atomics.load(this.#cells, TAKEN); // only now: a cell that both use costs both
    return count <= this.#room();
  }

  #room(): number {
    return CAPACITY - ((this.#count - this.#taken) | 0);
  }
}
