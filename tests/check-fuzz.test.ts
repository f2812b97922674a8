/** The checkers never throw, and are silent after the first violation, whatever they are fed. */
import test from "ava";
import fc from "fast-check";
import { encode } from "../src/labgob/labgob.js";
import type { TraceEvent, TraceRecord } from "../src/trace/event.js";
import { check } from "./helpers/trace-script.js";

const PEERS = 3;

/** Mostly small, so that events meet; at times anything that a number can be. */
const number = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1e9, 2 ** 40, 0.5, Number.NaN, Number.POSITIVE_INFINITY) },
);
const anything = fc.constantFrom<unknown>(
  null,
  "x",
  true,
  5n,
  new Map([[1, 2]]),
  [[]],
  { term: {} },
  new Date(0),
);
const field = fc.oneof({ weight: 30, arbitrary: number }, { weight: 1, arbitrary: anything });

const entries = fc.array(fc.record({ term: field, command: field }), { maxLength: 5 });
const requestVote = fc.record({ term: field, lastLogIndex: field, lastLogTerm: field });
const appendEntries = fc.record({
  term: field,
  prevLogIndex: field,
  prevLogTerm: field,
  entries: fc.oneof({ weight: 30, arbitrary: entries }, { weight: 1, arbitrary: anything }),
  leaderCommit: field,
});
const reply = fc.record({ term: field, voteGranted: fc.boolean(), success: fc.boolean() });
const applyMsg = fc.record({
  commandValid: fc.constantFrom(true, true, true, false),
  snapshotValid: fc.constantFrom(false, false, false, true),
  commandIndex: field,
  snapshotIndex: field,
  command: field,
});

function nestedArray(depth: number): unknown {
  let nested: unknown = null;
  for (let i = 0; i < depth; i += 1) nested = [nested];
  return nested;
}

/** The bytes of such a value; at times of something else, or bytes of nothing at all. */
function bytesOf(value: fc.Arbitrary<unknown>): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 60, arbitrary: value.map((of) => encode(of)) },
    { weight: 1, arbitrary: anything.map((of) => encode(of)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  );
}

const peer = fc.oneof({ weight: 40, arbitrary: fc.integer({ min: 0, max: PEERS - 1 }) }, number);
const name = fc.oneof({ weight: 40, arbitrary: peer }, fc.constantFrom(undefined, "0"));
const rpc = fc.integer({ min: 1, max: 30 });

function send(svcMeth: string, args: fc.Arbitrary<unknown>): fc.Arbitrary<TraceEvent> {
  return fc.record({
    kind: fc.constant("send"),
    rpc,
    from: name,
    to: name,
    svcMeth: fc.constant(svcMeth),
    args: bytesOf(args),
  });
}

const event = fc.oneof(
  { weight: 40, arbitrary: send("Raft.requestVote", requestVote) },
  { weight: 60, arbitrary: send("Raft.AppendEntries", appendEntries) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("Raft.other", "", "__proto__").chain((method) => send(method, reply)),
  },
  { weight: 80, arbitrary: fc.record({ kind: fc.constant("deliver"), rpc }) },
  { weight: 80, arbitrary: fc.record({ kind: fc.constant("handled"), rpc, reply: bytesOf(reply) }) },
  {
    weight: 40,
    arbitrary: fc.record({ kind: fc.constant("outcome"), rpc, lost: fc.constantFrom(undefined, "dead") }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("apply"), peer, index: number, message: applyMsg }),
  },
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant("save"),
      peer,
      state: fc.constant(new Uint8Array()),
      snapshot: fc.constant(null),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("boot", "crash"), peer, incarnation: number }) },
) as fc.Arbitrary<TraceEvent>;

test("whatever bytes and numbers a trace holds, the checkers do not throw", (t) => {
  const rules = new Set<string>();
  const trace = fc.array(event, { minLength: 1, maxLength: 120, size: "max" });
  fc.assert(
    fc.property(trace, fc.constantFrom(0, 5), (events, firstSeq) => {
      const records = events.map((event, i): TraceRecord => ({ seq: firstSeq + i, atUs: 1000 * i, event }));
      const { violation } = check(records, PEERS);
      if (violation) rules.add(violation.rule);
    }),
    { seed: 1, numRuns: 1500 },
  );
  t.true(rules.size >= 10, `not far enough: only ${[...rules].join(", ")}`);
});

test("a command that is nested without end does not overflow", (t) => {
  for (const depth of [2000, 5000, 20_000]) {
    const records = [1, 2].map((peer, seq): TraceRecord => {
      const message = { commandValid: true, commandIndex: 1, command: nestedArray(depth) };
      return { seq, atUs: seq, event: { kind: "apply", peer, index: 1, message } };
    });
    t.notThrows(() => check(records, PEERS), `${depth} levels`);
  }
});
