import { ByteReader, ByteWriter } from "./frame-bytes.js";
import { withOwnState } from "./own-state.js";
import type { Fault, FaultKind, LogLevel, MainToPeer, PeerToMain } from "./wire.js";

/*
 * The wire's messages as bytes, for a MessagePort: what is said together goes in one buffer, since a post
 * costs far more than the bytes in it. Each is a byte for its kind, then its fields in the order of wire.ts.
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

/** Writes all that one end of a link says. */
export class FrameWriter {
  readonly #bytes = new ByteWriter();

  /**
   * Writes one message, of which nothing is needed any more then.
   * @throws whatever reading a field of `message` throws; nothing is written then
   */
  add(message: WireMessage): void {
    this.#bytes.begin();
    try {
      writeMessage(this.#bytes, message);
    } catch (error) {
      this.#bytes.abandon(); // the speaker's stack may have run over: it can try again
      throw error;
    }
  }

  /**
   * The frames of what was written since the last time, a view of memory that the next ones are written to: to be
   * copied at once. They have to be sent, for the reader knows words and states from earlier frames.
   */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.take();
  }

  /** Messages as frames, as `take` gives them. */
  write(messages: readonly WireMessage[]): Uint8Array<ArrayBuffer> {
    for (const message of messages) this.add(message);
    return this.take();
  }
}

/** Reads at the other end of the link what a `FrameWriter` wrote: all of it, in that order. */
export class FrameReader<Message extends WireMessage> {
  readonly #bytes = new ByteReader();

  /** Begins to read `frames`, whose messages `next` gives. */
  begin(frames: Uint8Array<ArrayBuffer>): void {
    this.#bytes.restart(frames);
  }

  /**
   * The next message; `undefined` if there is none left. Its byte fields are views of the frames; but a saved state
   * stands only until the next one is read, by which it is replaced.
   * @throws {Error} if what it reads are no frames
   */
  next(): Message | undefined {
    return this.#bytes.isAtEnd ? undefined : (readMessage(this.#bytes) as Message);
  }

  /** All messages of `frames`, to be kept: a saved state is a copy. */
  read(frames: Uint8Array<ArrayBuffer>): Message[] {
    this.begin(frames);
    const messages: Message[] = [];
    for (let message = this.next(); message; message = this.next()) {
      messages.push(withOwnState(message));
    }
    return messages;
  }
}

function writeMessage(to: ByteWriter, message: WireMessage): void {
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
      to.state(message.state);
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

function readMessage(from: ByteReader): WireMessage {
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
      return { kind: "save", state: from.state(), snapshot: from.bytesOrNull() };
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

function writeFault(to: ByteWriter, fault: Fault): void {
  to.word(fault.kind);
  to.text(fault.message);
  to.flag(fault.stack !== undefined);
  if (fault.stack !== undefined) to.text(fault.stack);
}

function readFault(from: ByteReader): Fault {
  const kind = from.word() as FaultKind;
  const message = from.text();
  return from.flag() ? { kind, message, stack: from.text() } : { kind, message };
}
