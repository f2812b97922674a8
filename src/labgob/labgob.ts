/**
 * labgob (lab-spec 4): values to bytes and back, and loud about what would not survive the trip. Runs in
 * the realm where the values live: a codec of another realm mishandles Map, Set and bytes.
 *
 * What travels, nested in any way: numbers (all of them, NaN and -0 too), bigint, strings, booleans, null,
 * undefined, arrays, plain objects, Map, Set, Date, ArrayBuffer and the views on one. It arrives as a copy
 * that shares nothing with the original. A value is a tree, as in Go's gob: an object that stands in two
 * places arrives as two objects. A getter is read and arrives as a plain property, an object without a
 * prototype as a plain object, Node's Buffer as a Uint8Array. All else is an `EncodeError`.
 */
import { messageOf } from "../text/message.js";
import { travelsAsIs } from "./checks.js";
import { pack, unpack } from "./codec.js";
import { DecodeError, EncodeError, errorCount, refusal } from "./errors.js";
import { isBytes, kindOf } from "./kinds.js";
import { newBytes } from "./new-bytes.js";
import { rewritten } from "./rewrite.js";
import { packShort } from "./short.js";
import { checkTarget } from "./stale.js";

export { DecodeError, EncodeError, errorCount };

/**
 * One value as bytes, which nothing changes any more. (`newBytes` says whose memory they are.)
 * @param rootName what the value is called in errors: `args`, `reply`, `command`, `state`
 * @throws {EncodeError} naming the first place that cannot be sent, such as
 *   `args.entries[3].command: a function cannot be sent`; counted in `errorCount`
 */
export function encode(value: unknown, rootName = "value"): Uint8Array {
  const body = packed(value, rootName);
  const bytes = newBytes(body.length);
  bytes.set(body);
  return bytes;
}

/**
 * The value that `encode` made `bytes` of, in objects of this realm.
 * @throws {DecodeError} if `bytes` cannot be read. A change that leaves them readable goes unnoticed: who
 *   needs to know keeps a checksum.
 */
export function decode<T>(bytes: Uint8Array): T {
  requireBytes(bytes, "decode");
  return unpacked(bytes, 0, bytes.length) as T;
}

/** Encodes several values into one stream, to be decoded in the same order. */
export class LabEncoder {
  #bytes = new Uint8Array(64);
  #length = 0;

  /**
   * Appends one value.
   * @param rootName what the value is called in errors
   * @throws {EncodeError} as `encode` does; the stream is then as it was before
   */
  encode(value: unknown, rootName = "value"): void {
    const body = packed(value, rootName);
    this.#makeRoom(MAX_PREFIX + body.length);
    this.#writePrefix(body.length);
    this.#bytes.set(body, this.#length);
    this.#length += body.length;
  }

  /** Appends the values that `other` has encoded so far, in their order, as they stand: no value is encoded again. */
  append(other: LabEncoder): void {
    const stream = other.bytes();
    this.#makeRoom(stream.length);
    this.#bytes.set(stream, this.#length);
    this.#length += stream.length;
  }

  /**
   * The stream so far; length 0 if nothing has been encoded. A view, as Go's `Buffer.Bytes` gives one: what
   * is encoded later does not change it, a `reset` does. A persister copies what it saves.
   */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins an empty stream in the memory of the old one, as Go's `Buffer.Reset`. */
  reset(): void {
    this.#length = 0;
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  /** Each value is led by its length in bytes: 7 bits a byte, lowest first, the high bit for "more". */
  #writePrefix(length: number): void {
    let rest = length;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }
}

/** Decodes the values of a `LabEncoder` in the order in which they were encoded. */
export class LabDecoder {
  readonly #bytes: Uint8Array;
  #position = 0;
  #values = 0;

  /** @param bytes copied at once */
  constructor(bytes: Uint8Array) {
    requireBytes(bytes, "new LabDecoder");
    this.#bytes = new Uint8Array(bytes);
  }

  /**
   * The next value.
   * @throws {DecodeError} if there is none left, or if it cannot be read
   */
  decode<T>(): T {
    const length = this.#readPrefix();
    const start = this.#position;
    if (length > this.#bytes.length - start) {
      throw new DecodeError(
        `value ${this.#values + 1} of the stream is cut short: ${length} bytes announced, ` +
          `${this.#bytes.length - start} there. Decode exactly the bytes that LabEncoder.bytes() gave.`,
      );
    }
    this.#position = start + length;
    this.#values += 1;
    return unpacked(this.#bytes, start, this.#position) as T;
  }

  /**
   * Decodes a plain object into `target`: each of its fields replaces the one there; other fields of
   * `target` stay as they are. Such leftovers are a classic bug, so each field of `target` that already
   * holds a boolean, number or string other than `false`, 0 or "" is counted in `errorCount` (lab-spec
   * 4.1, "default check"; like the lab's, it does not look into nested objects, which are replaced whole).
   * @returns `target`
   * @throws {DecodeError} as `decode` does, or if the next value is no plain object
   */
  decodeInto<T extends object>(target: T): T {
    checkTarget(target);
    const value = this.decode<unknown>();
    if (typeof value !== "object" || value === null || kindOf(value) !== "record") {
      throw new DecodeError(
        `decodeInto fills the fields of an object, but value ${this.#values} of the stream is no plain ` +
          "object. Use decode() for it.",
      );
    }
    return Object.assign(target, value);
  }

  #readPrefix(): number {
    let length = 0;
    for (let i = 0; i < MAX_PREFIX; i++) {
      const byte = this.#bytes[this.#position + i];
      if (byte === undefined) throw this.#pastTheEnd();
      length += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        this.#position += i + 1;
        return length;
      }
    }
    throw new DecodeError(`value ${this.#values + 1} of the stream has no readable length. ${NOT_OURS}`);
  }

  #pastTheEnd(): DecodeError {
    return new DecodeError(
      `decode was called for value ${this.#values + 1}, but the stream of ${this.#bytes.length} bytes ends ` +
        `after ${this.#values}. Decode as many values as were encoded, in the same order; a stream of length ` +
        "0 means that nothing was saved yet.",
    );
  }
}

/** Bytes of the longest prefix: 35 bits, more than a buffer holds. */
const MAX_PREFIX = 5;

const NOT_OURS = "These bytes are not what labgob wrote, or they were cut or changed on the way.";

/** The value in a buffer: valid until the next call. */
function packed(value: unknown, rootName: string): Uint8Array {
  try {
    return packShort(value) ?? pack(travelsAsIs(value, 0) ? value : rewritten(value, rootName));
  } catch (error) {
    if (error instanceof EncodeError) throw error;
    throw refusal(rootName, `cannot be sent: ${messageOf(error)}`, error);
  }
}

function unpacked(bytes: Uint8Array, start: number, end: number): unknown {
  if (start === end) {
    throw new DecodeError(
      "there is nothing to decode in 0 bytes. An empty state means a first boot: test its length.",
    );
  }
  try {
    return unpack(bytes, start, end);
  } catch (error) {
    throw new DecodeError(`${NOT_OURS} (${messageOf(error)})`, {
      cause: error,
    });
  }
}

function requireBytes(bytes: unknown, caller: string): asserts bytes is Uint8Array {
  if (isBytes(bytes)) return;
  throw new DecodeError(
    `${caller} needs a Uint8Array; got ${bytes === null ? "null" : `a value of type ${typeof bytes}`}.`,
  );
}
