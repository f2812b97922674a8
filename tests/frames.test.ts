import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import test from "ava";
import fc, { type Arbitrary } from "fast-check";
import { decodeFrames, encodeFrames, type WireMessage } from "../src/labrpc/frames.js";
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

const messages = fc.array(fc.oneof(...Object.values<Arbitrary<WireMessage>>(messageOfKind)));

for (const [kind, message] of Object.entries<Arbitrary<WireMessage>>(messageOfKind)) {
  test(`a message of kind ${kind} comes back as it was`, (t) => {
    fc.assert(fc.property(message, (one) => void t.deepEqual(decodeFrames(encodeFrames([one])), [one])));
  });
}

test("the messages of a turn come back from one buffer, all and in order", (t) => {
  fc.assert(fc.property(messages, (said) => void t.deepEqual(decodeFrames(encodeFrames(said)), said)));
});

test("a number and the text that reads the same stay different names", (t) => {
  const calls = [99, "99"].map((end) => ({
    kind: "call" as const,
    rpcId: 1,
    end,
    svcMeth: "a.b",
    args: empty,
  }));
  t.deepEqual(decodeFrames(encodeFrames(calls)), calls);
});

test("a message larger than the buffer kept for writing comes back whole", (t) => {
  const state = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  t.deepEqual(decodeFrames(encodeFrames([{ kind: "save", state, snapshot: null }])), [
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
  t.deepEqual(decodeFrames(encodeFrames([log])), [log]);
});

test("frames keep their bytes while later ones are written", (t) => {
  const first = encodeFrames([{ kind: "apply", index: 1, command: Uint8Array.of(1, 2, 3) }]);
  encodeFrames([{ kind: "apply", index: 1, command: Uint8Array.of(9, 9, 9) }]);
  t.deepEqual(decodeFrames(first), [{ kind: "apply", index: 1, command: Uint8Array.of(1, 2, 3) }]);
});

test("frames are no larger than what is in them, so a port clones nothing else", (t) => {
  const frames = encodeFrames([{ kind: "taken" }, { kind: "ready" }]);
  t.is(frames.byteLength, 2);
  t.is(frames.buffer.byteLength, 2);
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
  port1.postMessage(encodeFrames([call, call]));
  t.deepEqual(decodeFrames(receiveMessageOnPort(port2)?.message), [call, call]);
  port1.close();
});

test("repeated method and end names cost a byte each", (t) => {
  const call = { kind: "call" as const, rpcId: 1, end: "end", svcMeth: "Raft.appendEntries", args: empty };
  const one = encodeFrames([call]).length;
  const two = encodeFrames([call, call]).length;
  t.is(two - one, 6); // kind, rpcId, the end's type, its place, the method's place, length of the arguments
});

test("words of any number come back, and those that repeat as well", (t) => {
  const said = Array.from({ length: 300 }, (_, n) => ({
    kind: "request" as const,
    rpcId: n,
    svcMeth: `Raft.method${n % 70}`,
    args: empty,
  }));
  t.deepEqual(decodeFrames(encodeFrames(said)), said);
});

test("frames that end too early are refused", (t) => {
  const frames = encodeFrames([{ kind: "reply", rpcId: 300, reply: Uint8Array.of(1, 2, 3) }]);
  for (let length = 1; length < frames.length; length += 1) {
    t.throws(() => decodeFrames(frames.subarray(0, length)), { message: /middle of a message/ });
  }
});

test("bytes that are no frames are refused", (t) => {
  t.throws(() => decodeFrames(Uint8Array.of(200)), { message: /byte 200/ });
});

function utf16Unit(unit: number): string {
  return String.fromCharCode(unit);
}
