import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import test from "ava";
import fc, { type Arbitrary } from "fast-check";
import { FrameReader, FrameWriter, type WireMessage } from "../src/labrpc/frames.js";
import type { FaultKind, LogLevel, Name } from "../src/labrpc/wire.js";

const empty = new Uint8Array(0);
const rpcId = fc.oneof(fc.nat(), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 300 });
/** Any unit of UTF-16, halves of pairs included; often one where a byte is just, or just not, enough. */
const unit = fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xfe, max: 0x101 })).map(utf16Unit);
const text = fc.oneof(fc.string(), fc.string({ unit }), fc.string({ unit, maxLength: 2 }));
const name: Arbitrary<Name> = fc.oneof(text, fc.integer(), fc.double(), fc.integer().map(String));
const level = fc.constantFrom<LogLevel>("debug", "info", "warn", "error");
const faultKind = fc.constantFrom<FaultKind>("load", "handler", "unknown-method", "stuck", "forbidden");
const fault = fc.record(
  { kind: faultKind, message: text, stack: text },
  { requiredKeys: ["kind", "message"] },
);

/** One generator per kind: a kind without one does not compile. */
const messageOfKind: { [Kind in WireMessage["kind"]]: Arbitrary<Extract<WireMessage, { kind: Kind }>> } = {
  ready: fc.constant({ kind: "ready" }),
  call: fc.record({ kind: fc.constant("call"), rpcId, end: name, svcMeth: text, args: bytes }),
  reply: fc.record({ kind: fc.constant("reply"), rpcId, reply: bytes }),
  save: fc.record({ kind: fc.constant("save"), state: bytes, snapshot: fc.option(bytes) }),
  apply: fc.record({ kind: fc.constant("apply"), index: fc.integer(), command: bytes }),
  "apply-other": fc.record({ kind: fc.constant("apply-other"), message: bytes }),
  log: fc.record({ kind: fc.constant("log"), level, text, term: fc.double(), isLeader: fc.boolean() }),
  answer: fc.record({
    kind: fc.constant("answer"),
    askId: rpcId,
    index: fc.integer(),
    term: fc.integer(),
    isLeader: fc.boolean(),
  }),
  fault: fc.record({ kind: fc.constant("fault"), fault }),
  request: fc.record({ kind: fc.constant("request"), rpcId, svcMeth: text, args: bytes }),
  outcome: fc.record({ kind: fc.constant("outcome"), rpcId, reply: fc.option(bytes) }),
  taken: fc.constant({ kind: "taken" }),
  start: fc.record({ kind: fc.constant("start"), askId: rpcId, command: bytes }),
  "get-state": fc.record({ kind: fc.constant("get-state"), askId: rpcId }),
  kill: fc.constant({ kind: "kill" }),
};

/** Frames of their own, by a writer that has written nothing else. */
/** A log that grows, is cut, is changed in some places: each save has much of the one before. */
const savesOfALog = fc
  .array(fc.tuple(fc.nat(), fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 20 })
  .map((steps) => {
    let state = new Uint8Array(0);
    return steps.map(([place, length, byte]) => {
      const next = new Uint8Array(length);
      next.set(state.subarray(0, length));
      next.fill(byte, Math.min(state.length, length));
      if (length > 0) next[place % length] = byte;
      state = next;
      return { kind: "save" as const, state, snapshot: null };
    });
  });

const framesOf = (messages: readonly WireMessage[]) => new Uint8Array(new FrameWriter().write(messages));
const messagesOf = (frames: Uint8Array<ArrayBuffer>) => new FrameReader().read(frames);

const messages = fc.array(fc.oneof(...Object.values<Arbitrary<WireMessage>>(messageOfKind)));

for (const [kind, message] of Object.entries<Arbitrary<WireMessage>>(messageOfKind)) {
  test(`a message of kind ${kind} comes back as it was`, (t) => {
    fc.assert(fc.property(message, (one) => void t.deepEqual(messagesOf(framesOf([one])), [one])));
  });
}

test("the messages of a turn come back from one buffer, all and in order", (t) => {
  fc.assert(fc.property(messages, (said) => void t.deepEqual(messagesOf(framesOf(said)), said)));
});

test("a number and the text that reads the same stay different names", (t) => {
  const calls = [99, "99"].map((end) => ({
    kind: "call" as const,
    rpcId: 1,
    end,
    svcMeth: "a.b",
    args: empty,
  }));
  t.deepEqual(messagesOf(framesOf(calls)), calls);
});

test("a message larger than the buffer kept for writing comes back whole", (t) => {
  const state = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  t.deepEqual(messagesOf(framesOf([{ kind: "save", state, snapshot: null }])), [
    { kind: "save", state, snapshot: null },
  ]);
});

test("a text larger than that comes back whole", (t) => {
  const log = {
    kind: "log" as const,
    level: "info" as const,
    text: "é…".repeat(1_000_000),
    term: 1,
    isLeader: true,
  };
  t.deepEqual(messagesOf(framesOf([log])), [log]);
});

test("what one end says in many turns comes back, whatever words it has said before", (t) => {
  const turns = fc.array(messages, { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(turns, (said) => {
      const [writer, reader] = [new FrameWriter(), new FrameReader()];
      for (const turn of said) t.deepEqual(reader.read(new Uint8Array(writer.write(turn))), turn);
    }),
  );
});

test("saved states come back, in however many turns, whatever is new in them", (t) => {
  fc.assert(
    fc.property(savesOfALog, fc.integer({ min: 1, max: 5 }), (saves, perTurn) => {
      const [writer, reader] = [new FrameWriter(), new FrameReader()];
      for (let from = 0; from < saves.length; from += perTurn) {
        const turn = saves.slice(from, from + perTurn);
        t.deepEqual(reader.read(new Uint8Array(writer.write(turn))), turn);
      }
    }),
  );
});

test("a long log that has grown costs what is new in it", (t) => {
  const writer = new FrameWriter();
  const log = (length: number, counted: number) => {
    const state = Uint8Array.from({ length }, (_, place) => place % 251);
    state[3] = counted;
    return { kind: "save" as const, state, snapshot: null };
  };
  t.true(writer.write([log(100_000, 1)]).length > 100_000);
  t.true(writer.write([log(100_020, 2)]).length < 500);
});

test("a state read one by one is lent until the next", (t) => {
  const states = [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2), Uint8Array.of(9, 2, 3, 4)];
  const reader = new FrameReader();
  reader.begin(framesOf(states.map((state) => ({ kind: "save", state, snapshot: null }))));
  for (const state of states) t.like(reader.next(), { kind: "save", state });
  t.is(reader.next(), undefined);
});

test("links that write in turns do not mix up their words", (t) => {
  const links = ["a", "b"].map((end) => ({ end, writer: new FrameWriter(), reader: new FrameReader() }));
  for (let turn = 0; turn < 3; turn += 1) {
    for (const { end, writer, reader } of links) {
      const call = { kind: "call" as const, rpcId: turn, end, svcMeth: `${end}.${turn}`, args: empty };
      t.deepEqual(reader.read(new Uint8Array(writer.write([call, call]))), [call, call]);
    }
  }
});

test("frames that were given up half-written leave no word behind", (t) => {
  const [writer, reader] = [new FrameWriter(), new FrameReader()];
  const request = { kind: "request" as const, rpcId: 1, svcMeth: "Raft.requestVote", args: empty };
  const broken = {
    ...request,
    get args(): Uint8Array {
      throw new RangeError("Maximum call stack size exceeded");
    },
  };
  t.throws(() => writer.write([broken]), { instanceOf: RangeError });
  t.deepEqual(reader.read(new Uint8Array(writer.write([request]))), [request]);
});

test("after a save that was given up half-written the next one comes back whole", (t) => {
  const [writer, reader] = [new FrameWriter(), new FrameReader()];
  const save = (byte: number) => {
    return { kind: "save" as const, state: new Uint8Array(1000).fill(byte), snapshot: null };
  };
  t.deepEqual(reader.read(new Uint8Array(writer.write([save(1)]))), [save(1)]);
  const broken = {
    ...save(2),
    get snapshot(): null {
      throw new RangeError("Maximum call stack size exceeded");
    },
  };
  t.throws(() => writer.add(broken), { instanceOf: RangeError });
  t.deepEqual(reader.read(new Uint8Array(writer.write([save(2)]))), [save(2)]);
});

test("frames survive a port", (t) => {
  const { port1, port2 } = new MessageChannel();
  const call = {
    kind: "call" as const,
    rpcId: 7,
    end: "e",
    svcMeth: "Raft.requestVote",
    args: Uint8Array.of(5),
  };
  port1.postMessage(framesOf([call, call]));
  t.deepEqual(messagesOf(receiveMessageOnPort(port2)?.message), [call, call]);
  port1.close();
});

test("method and end names cost a byte each from their second time on", (t) => {
  const call = { kind: "call" as const, rpcId: 1, end: "end", svcMeth: "Raft.appendEntries", args: empty };
  const writer = new FrameWriter();
  writer.write([call]);
  t.is(writer.write([call]).length, 6); // kind, rpcId, the end's type and place, the method's, length
});

test("words of any number come back, and those that repeat as well", (t) => {
  const said = Array.from({ length: 1500 }, (_, n) => ({
    kind: "request" as const,
    rpcId: n,
    svcMeth: `Raft.method${n % 700}`,
    args: empty,
  }));
  t.deepEqual(messagesOf(framesOf(said)), said);
});

test("frames that end too early are refused", (t) => {
  const frames = framesOf([{ kind: "reply", rpcId: 300, reply: Uint8Array.of(1, 2, 3) }]);
  for (let length = 1; length < frames.length; length += 1) {
    t.throws(() => messagesOf(frames.subarray(0, length)), { message: /middle of a message/ });
  }
});

test("bytes that are no frames are refused", (t) => {
  t.throws(() => messagesOf(Uint8Array.of(200)), { message: /byte 200/ });
});

function utf16Unit(unit: number): string {
  return String.fromCharCode(unit);
}
