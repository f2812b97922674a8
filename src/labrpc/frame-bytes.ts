import { HeldBytes } from "../persister/held-bytes.js";
import { changes } from "./changes.js";
import type { Name } from "./wire.js";

/*
 * Values as bytes, and back. Every value comes back as it went in, so that a run over ports tells the same
 * history as one without: strings keep even lone surrogates, which UTF-8 would not.
 */

/** So many different words at most get places, so that those who say new ones again and again fill no memory. */
const MAX_WORDS = 256;

/** A number's eight bytes, as both threads of a link have them. */
const number = new Float64Array(1);
const numberBytes = new Uint8Array(number.buffer);

/** Writes values one after another. A link has one writer at each end, which knows what it has written. */
export class ByteWriter {
  #buffer = new Uint8Array(4096);
  #length = 0;
  #lengthBefore = 0;
  readonly #words = new Map<string, number>();
  #wordsBefore = 0;
  /** The last state, as the reader has it. */
  readonly #state = new HeldBytes();

  /** Here begins what `abandon` takes back. */
  begin(): void {
    this.#lengthBefore = this.#length;
    this.#wordsBefore = this.#words.size;
  }

  /** Takes back what was written since `begin`. */
  abandon(): void {
    this.#length = this.#lengthBefore;
    for (const word of [...this.#words.keys()].slice(this.#wordsBefore)) this.#words.delete(word);
    this.#state.resize(0); // whatever the reader has: the next one is written whole
  }

  /** What was written since the last time, as it stands until more is written. */
  take(): Uint8Array<ArrayBuffer> {
    const written = new Uint8Array(this.#buffer.buffer, 0, this.#length);
    this.#length = 0;
    return written;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** Any number, exactly. */
  number(value: number): void {
    this.#reserve(8);
    number[0] = value;
    this.#buffer.set(numberBytes, this.#length);
    this.#length += 8;
  }

  /** A whole number from 0: 7 bits a byte, the lowest first; the top bit says that more follow. */
  whole(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  bytes(value: Uint8Array): void {
    this.whole(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  bytesOrNull(value: Uint8Array | null): void {
    this.flag(value !== null);
    if (value !== null) this.bytes(value);
  }

  /**
   * A saved state: how long it is, and what is new in it since the one before. A log is saved whole at each change, and
   * nearly all of it was there before.
   */
  state(value: Uint8Array): void {
    const stretches = changes(this.#state.bytes, value);
    this.whole(value.length);
    this.whole(stretches.length);
    this.#state.resize(value.length);
    let end = 0;
    for (const { from, to } of stretches) {
      const stretch = new Uint8Array(value.buffer, value.byteOffset + from, to - from);
      this.whole(from - end);
      this.bytes(stretch);
      this.#state.put(from, stretch);
      end = to;
    }
  }

  name(value: Name): void {
    this.flag(typeof value === "number");
    if (typeof value === "number") this.number(value);
    else this.word(value);
  }

  /**
   * A short text that is said again and again: in full the first time, from then on only its place, from 1. Words
   * after the first `MAX_WORDS` are in full each time.
   */
  word(value: string): void {
    const place = this.#words.get(value);
    if (place !== undefined) {
      this.whole(place);
      return;
    }
    this.whole(0);
    this.text(value);
    if (this.#words.size < MAX_WORDS) this.#words.set(value, this.#words.size + 1);
  }

  /** Its length and its UTF-16 units: a byte each if all are below 256, else two. */
  text(value: string): void {
    const isNarrow = isLatin1(value);
    this.whole(value.length * 2 + (isNarrow ? 0 : 1));
    this.#reserve(value.length * 2);
    for (let index = 0; index < value.length; index += 1) {
      const unit = value.charCodeAt(index);
      this.#buffer[this.#length++] = unit & 0xff;
      if (!isNarrow) this.#buffer[this.#length++] = unit >>> 8;
    }
  }

  #reserve(byteCount: number): void {
    const needed = this.#length + byteCount;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, needed));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

/** Reads values back, in the order written: all of a link's, since it knows words from where they stood in full. */
export class ByteReader {
  #buffer = new Uint8Array(0);
  #position = 0;
  readonly #words: string[] = [];
  readonly #state = new HeldBytes();

  /** Begins to read `bytes`. */
  restart(bytes: Uint8Array<ArrayBuffer>): void {
    this.#buffer = bytes;
    this.#position = 0;
  }

  /** Whether all has been read. */
  get isAtEnd(): boolean {
    return this.#position === this.#buffer.length;
  }

  byte(): number {
    return this.#buffer[this.#advance(1)] ?? 0;
  }

  flag(): boolean {
    return this.byte() === 1;
  }

  number(): number {
    const start = this.#advance(8);
    for (let index = 0; index < 8; index += 1) numberBytes[index] = this.#buffer[start + index] ?? 0;
    return number[0] ?? 0;
  }

  whole(): number {
    let value = 0;
    let scale = 1;
    let byte = this.byte();
    while (byte > 0x7f) {
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      byte = this.byte();
    }
    return value + byte * scale;
  }

  /** A view of what is read. */
  bytes(): Uint8Array {
    const length = this.whole();
    const start = this.#advance(length);
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset + start, length); // `subarray` takes longer
  }

  bytesOrNull(): Uint8Array | null {
    return this.flag() ? this.bytes() : null;
  }

  /** A saved state: it stands until the next one is read. */
  state(): Uint8Array {
    this.#state.resize(this.whole());
    let end = 0;
    for (let left = this.whole(); left > 0; left -= 1) {
      const from = end + this.whole();
      const bytes = this.bytes();
      this.#state.put(from, bytes);
      end = from + bytes.length;
    }
    return this.#state.bytes;
  }

  name(): Name {
    return this.flag() ? this.number() : this.word();
  }

  word(): string {
    const place = this.whole();
    if (place > 0) return this.#words[place - 1] ?? "";
    const word = this.text();
    if (this.#words.length < MAX_WORDS) this.#words.push(word);
    return word;
  }

  text(): string {
    const lengthAndWidth = this.whole();
    const isNarrow = lengthAndWidth % 2 === 0;
    const length = Math.floor(lengthAndWidth / 2);
    const byteCount = isNarrow ? length : length * 2;
    const start = this.#advance(byteCount);
    const bytes = Buffer.from(this.#buffer.buffer, this.#buffer.byteOffset + start, byteCount);
    return bytes.toString(isNarrow ? "latin1" : "utf16le");
  }

  /** Moves on by `byteCount` and says where it stood. */
  #advance(byteCount: number): number {
    const start = this.#position;
    this.#position += byteCount;
    if (this.#position > this.#buffer.length) throw new Error("The frames end in the middle of a message.");
    return start;
  }
}

function isLatin1(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0xff) return false;
  }
  return true;
}
