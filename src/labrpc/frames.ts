import type { Fault, FaultKind, LogLevel, MainToPeer, Name, PeerToMain } from "./wire.js";

/*
 * The wire's messages as bytes, for a MessagePort: all that is said in one turn goes in one buffer, since
 * a post costs far more than the bytes in it. Each message is a byte for its kind, then its fields in the
 * order of wire.ts. Every value comes back as it went in, so that a run over ports tells the same history
 * as one without: strings keep even lone surrogates, which UTF-8 would not.
 */

/** All that crosses a link, in either direction. */
export type WireMessage = PeerToMain | MainToPeer;

const KIND = {
  ready: 0,
  call: 1,
  reply: 2,
  save: 3,
  apply: 4,
  log: 5,
  answer: 6,
  fault: 7,
  request: 8,
  outcome: 9,
  taken: 10,
  start: 11,
  "get-state": 12,
  kill: 13,
  "apply-other": 14,
} as const satisfies Record<WireMessage["kind"], number>;

/** Encodes messages into a buffer of their own. */
export function encodeFrames(messages: readonly WireMessage[]): Uint8Array<ArrayBuffer> {
  writer.restart();
  for (const message of messages) writeMessage(writer, message);
  return writer.written();
}

/**
 * Decodes what `encodeFrames` made of messages of one direction. Their byte fields are views of `frames`.
 * @throws {Error} if `frames` is something else
 */
export function decodeFrames<Message extends WireMessage>(frames: Uint8Array): Message[] {
  const reader = new FrameReader(frames);
  const messages: WireMessage[] = [];
  while (!reader.isAtEnd()) messages.push(readMessage(reader));
  return messages as Message[];
}

function writeMessage(to: FrameWriter, message: WireMessage): void {
  to.byte(KIND[message.kind]);
  switch (message.kind) {
    case "call":
      to.whole(message.rpcId);
      to.name(message.end);
      to.word(message.svcMeth);
      to.bytes(message.args);
      break;
    case "request":
      to.whole(message.rpcId);
      to.word(message.svcMeth);
      to.bytes(message.args);
      break;
    case "reply":
      to.whole(message.rpcId);
      to.bytes(message.reply);
      break;
    case "outcome":
      to.whole(message.rpcId);
      to.bytesOrNull(message.reply);
      break;
    case "save":
      to.bytes(message.state);
      to.bytesOrNull(message.snapshot);
      break;
    case "apply":
      to.number(message.index);
      to.bytes(message.command);
      break;
    case "apply-other":
      to.bytes(message.message);
      break;
    case "answer":
      to.whole(message.askId);
      to.number(message.index);
      to.number(message.term);
      to.flag(message.isLeader);
      break;
    case "start":
      to.whole(message.askId);
      to.bytes(message.command);
      break;
    case "get-state":
      to.whole(message.askId);
      break;
    case "log":
      to.word(message.level);
      to.text(message.text);
      to.number(message.term);
      to.flag(message.isLeader);
      break;
    case "fault":
      writeFault(to, message.fault);
      break;
    case "ready":
    case "taken":
    case "kill":
      break;
    default:
      message satisfies never;
  }
}

function readMessage(from: FrameReader): WireMessage {
  const kind = from.byte() as (typeof KIND)[WireMessage["kind"]];
  switch (kind) {
    case KIND.call:
      return {
        kind: "call",
        rpcId: from.whole(),
        end: from.name(),
        svcMeth: from.word(),
        args: from.bytes(),
      };
    case KIND.request:
      return { kind: "request", rpcId: from.whole(), svcMeth: from.word(), args: from.bytes() };
    case KIND.reply:
      return { kind: "reply", rpcId: from.whole(), reply: from.bytes() };
    case KIND.outcome:
      return { kind: "outcome", rpcId: from.whole(), reply: from.bytesOrNull() };
    case KIND.save:
      return { kind: "save", state: from.bytes(), snapshot: from.bytesOrNull() };
    case KIND.apply:
      return { kind: "apply", index: from.number(), command: from.bytes() };
    case KIND["apply-other"]:
      return { kind: "apply-other", message: from.bytes() };
    case KIND.log:
      return {
        kind: "log",
        level: from.word() as LogLevel,
        text: from.text(),
        term: from.number(),
        isLeader: from.flag(),
      };
    case KIND.answer:
      return {
        kind: "answer",
        askId: from.whole(),
        index: from.number(),
        term: from.number(),
        isLeader: from.flag(),
      };
    case KIND.start:
      return { kind: "start", askId: from.whole(), command: from.bytes() };
    case KIND["get-state"]:
      return { kind: "get-state", askId: from.whole() };
    case KIND.kill:
      return { kind: "kill" };
    case KIND.fault:
      return { kind: "fault", fault: readFault(from) };
    case KIND.ready:
      return { kind: "ready" };
    case KIND.taken:
      return { kind: "taken" };
    default:
      kind satisfies never;
      throw new Error(`No message of the wire begins with the byte ${kind}.`);
  }
}

function writeFault(to: FrameWriter, fault: Fault): void {
  to.word(fault.kind);
  to.text(fault.message);
  to.flag(fault.stack !== undefined);
  if (fault.stack !== undefined) to.text(fault.stack);
}

function readFault(from: FrameReader): Fault {
  const kind = from.word() as FaultKind;
  const message = from.text();
  return from.flag() ? { kind, message, stack: from.text() } : { kind, message };
}

const MAX_WORDS = 32;

/** Appends values to a buffer that grows as needed and serves again for the next frames. */
class FrameWriter {
  #buffer = new Uint8Array(64 * 1024);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;
  /** The first `#wordCount` are those written since the restart. They are few, and to look at each is the quickest. */
  readonly #words: string[] = [];
  #wordCount = 0;

  restart(): void {
    this.#length = 0;
    this.#wordCount = 0;
  }

  /** A copy of what was written, of just its size: a port clones the whole buffer behind a view. */
  written(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer.subarray(0, this.#length)); // `slice` takes longer
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
    this.#view.setFloat64(this.#length, value, true);
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

  name(value: Name): void {
    this.flag(typeof value === "number");
    if (typeof value === "number") this.number(value);
    else this.word(value);
  }

  /**
   * A short text that the messages of one turn repeat: in full the first time, then only its place, from 1. Words
   * after the first `MAX_WORDS` are in full each time.
   */
  word(value: string): void {
    for (let i = 0; i < this.#wordCount; i += 1) {
      if (this.#words[i] !== value) continue;
      this.whole(i + 1);
      return;
    }
    if (this.#wordCount < MAX_WORDS) this.#words[this.#wordCount++] = value;
    this.whole(0);
    this.text(value);
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
    if (this.#length + byteCount <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + byteCount));
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** One for all: a frame is written in one go. */
const writer = new FrameWriter();

/** Reads values back, in the order written. */
class FrameReader {
  readonly #buffer: Uint8Array;
  readonly #asBuffer: Buffer;
  readonly #words: string[] = [];
  #position = 0;

  constructor(frames: Uint8Array) {
    this.#buffer = frames;
    this.#asBuffer = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength);
  }

  isAtEnd(): boolean {
    return this.#position === this.#buffer.length;
  }

  byte(): number {
    return this.#buffer[this.#advance(1)] ?? 0;
  }

  flag(): boolean {
    return this.byte() === 1;
  }

  number(): number {
    return this.#asBuffer.readDoubleLE(this.#advance(8));
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

  bytes(): Uint8Array {
    const length = this.whole();
    const start = this.#advance(length);
    return this.#buffer.subarray(start, start + length);
  }

  bytesOrNull(): Uint8Array | null {
    return this.flag() ? this.bytes() : null;
  }

  name(): Name {
    return this.flag() ? this.number() : this.word();
  }

  word(): string {
    const place = this.whole();
    if (place > 0) return this.#words[place - 1] ?? "";
    const word = this.text();
    this.#words.push(word);
    return word;
  }

  text(): string {
    const lengthAndWidth = this.whole();
    const isNarrow = lengthAndWidth % 2 === 0;
    const length = Math.floor(lengthAndWidth / 2);
    const byteCount = isNarrow ? length : length * 2;
    const start = this.#advance(byteCount);
    return this.#asBuffer.toString(isNarrow ? "latin1" : "utf16le", start, start + byteCount);
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
