/** What is kept of a run on threads, and what of it is held against the rules of Raft. */
import test from "ava";
import { runCase } from "../src/harness/runner.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { Sim } from "../src/runtime/sim.js";
import { RecordRing, type RingLimits } from "../src/stress/record-ring.js";
import { heldAgainstRules } from "../src/stress/ring-check.js";
import { HereRunner } from "../src/stress/runner.js";
import type { TraceEvent, TraceRecord } from "../src/trace/event.js";
import { errorOf, resultOf } from "./helpers/campaigns.js";
import { projectFile } from "./helpers/cli.js";
import { labCase } from "./helpers/virtual-runs.js";

const ENOUGH: RingLimits = { events: 1e6, bytes: 1e9 };
const reference = await loadProgram(REFERENCE_RAFT);

const ringOf = (records: readonly TraceRecord[], limits = ENOUGH): RecordRing => {
  const ring = new RecordRing(limits);
  for (const record of records) ring.see(record);
  return ring;
};

const delivered = (count: number): readonly TraceRecord[] =>
  Array.from({ length: count }, (_, seq) => ({ seq, atUs: seq, event: { kind: "deliver", rpc: seq } }));

const numbersIn = (ring: RecordRing): readonly number[] => ring.records().map(({ seq }) => seq);

test("the ring keeps the last events, in order, and knows whether these are all", (t) => {
  const ring = new RecordRing({ events: 4, bytes: 100 });
  t.deepEqual([numbersIn(ring), ring.isWhole], [[], true]);
  const records = delivered(9);
  for (const record of records.slice(0, 4)) ring.see(record);
  t.deepEqual([numbersIn(ring), ring.isWhole], [[0, 1, 2, 3], true]);
  for (const record of records.slice(4)) ring.see(record);
  t.deepEqual([numbersIn(ring), ring.isWhole], [[5, 6, 7, 8], false]);
});

test("the ring keeps no more bytes than it may: those of messages and of saved states", (t) => {
  const [args, reply, state, snapshot] = [30, 30, 30, 10].map((bytes) => new Uint8Array(bytes)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const events: readonly TraceEvent[] = [
    { kind: "send", rpc: 1, from: 0, to: 1, svcMeth: "Raft.requestVote", args },
    { kind: "handled", rpc: 1, reply },
    { kind: "save", peer: 0, state, snapshot },
  ];
  const records = events.map((event, seq): TraceRecord => ({ seq, atUs: seq, event }));
  const whole = ringOf(records, { events: 10, bytes: 100 });
  t.deepEqual(whole.records(), records);
  const withoutState = ringOf(records, { events: 10, bytes: 99 });
  t.deepEqual([numbersIn(withoutState), withoutState.isWhole], [[0, 1, 2], true], "the states go first");
  t.like(withoutState.records()[2]?.event, {
    kind: "save",
    peer: 0,
    state: new Uint8Array(),
    snapshot: null,
  });
  t.deepEqual(numbersIn(ringOf(records, { events: 10, bytes: 59 })), [1, 2]);
  t.deepEqual(numbersIn(ringOf(records, { events: 10, bytes: 29 })), [2]);
});

test("of saved states the oldest go first, also when events are gone before them", (t) => {
  const saves = Array.from({ length: 6 }, (_, seq): TraceRecord => {
    return { seq, atUs: seq, event: { kind: "save", peer: 0, state: new Uint8Array(10), snapshot: null } };
  });
  const ring = ringOf(saves, { events: 4, bytes: 25 });
  t.deepEqual(
    ring.records().map(({ seq, event }) => [seq, event.kind === "save" && event.state.byteLength]),
    [
      [2, 0],
      [3, 0],
      [4, 10],
      [5, 10],
    ],
  );
});

/** The events of a sound run, with one of them twice: a peer applies it again. */
async function tampered(): Promise<readonly TraceRecord[]> {
  const records: TraceRecord[] = [];
  const runtime = new Sim(reference).runtime(1);
  const see = ({ event, atUs }: TraceRecord): void => {
    records.push({ seq: records.length, atUs, event });
    const applied = records.filter((record) => record.event.kind === "apply").length;
    if (event.kind === "apply" && applied === 1) records.push({ seq: records.length, atUs, event });
  };
  await runCase(labCase("TestBasicAgree3B"), { runtime, seed: 1, listeners: [see] });
  return records;
}

test("a run that passed and broke a rule has failed, at the moment when it broke it", async (t) => {
  const records = await tampered();
  const { status, error } = await heldAgainstRules(resultOf(), ringOf(records));
  t.is(status, "failed");
  const atUs = records.filter(({ event }) => event.kind === "apply")[1]?.atUs ?? 0;
  t.like(error, { kind: "safety", rule: "apply-order", atMs: atUs / 1000 });
  t.is(error?.details?.at(-1), "the case had passed: it noticed nothing");
});

test("a run that failed keeps its error, with the rule that was broken before", async (t) => {
  const failed = resultOf({ error: errorOf("no agreement") });
  const { error } = await heldAgainstRules(failed, ringOf(await tampered()));
  t.like(error, { kind: "check", message: "no agreement", rule: "apply-order", atMs: 1500 });
  t.regex(error?.details?.[0] ?? "", /^before that: Peer \d applied index 1 at/);
});

test("of a run that passed, a part proves nothing, and that is told", async (t) => {
  const result = await heldAgainstRules(resultOf(), ringOf(await tampered(), { events: 50, bytes: 1e9 }));
  t.is(result.status, "passed");
  t.deepEqual(result.warnings, [
    "a run had more events than are kept, so its peers were not held against the rules of Raft",
  ]);
});

test("what the checkers cannot read is told, each text once", async (t) => {
  const runner = new HereRunner(await loadProgram(projectFile("tests/fixtures/unread.ts")));
  t.teardown(() => runner.close());
  const manner = { mode: "threads", schedule: "lively", check: true } as const;
  const { result } = await runner.run(labCase("TestInitialElection3A"), 1, manner, () => {});
  t.is(result.status, "passed", result.error?.message);
  t.true(result.warnings?.some((text) => text.includes('miss "term" in the arguments of Raft.requestVote')));
  const unchecked = await runner.run(
    labCase("TestInitialElection3A"),
    1,
    { ...manner, check: false },
    () => {},
  );
  t.is(unchecked.result.warnings, undefined);
});

test("on threads, a case that passes with a Raft that applies twice is a failure", async (t) => {
  const runner = new HereRunner(await loadProgram(projectFile("tests/fixtures/applies-again.ts")));
  t.teardown(() => runner.close());
  const manner = { mode: "threads", schedule: "lively", check: true } as const;
  const { result, trace } = await runner.run(labCase("TestBasicAgree3B"), 1, manner, () => {});
  t.like(result.error, { kind: "safety", rule: "apply-order" }, JSON.stringify(result.error));
  t.true((trace?.length ?? 0) > 20);
  const unchecked = await runner.run(labCase("TestBasicAgree3B"), 1, { ...manner, check: false }, () => {});
  t.is(unchecked.result.status, "passed", unchecked.result.error?.message);
});
