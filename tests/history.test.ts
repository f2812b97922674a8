/** The hash of a run's events. */
import test from "ava";
import fc from "fast-check";
import type { ApplyMsg } from "../src/peer/raft-peer.js";
import type { TraceEvent, TraceRecord } from "../src/trace/event.js";
import { History } from "../src/trace/history.js";

function recordsOf(events: readonly TraceEvent[]): readonly TraceRecord[] {
  return events.map((event, seq) => ({ seq, atUs: 10 * seq, event }));
}

function hashOf(records: readonly TraceRecord[]): string {
  const history = new History();
  for (const record of records) history.see(record);
  return history.digest();
}

const bytes = (...values: number[]) => Uint8Array.from(values);

const APPLY_MSG: ApplyMsg = { commandValid: true, commandIndex: 1, command: 5 };

/** One event of each kind. */
const EVENTS: readonly TraceEvent[] = [
  { kind: "boot", peer: 1, incarnation: 1 },
  { kind: "ready", peer: 1, incarnation: 1 },
  { kind: "crash", peer: 1, incarnation: 1 },
  { kind: "connect", peer: 1 },
  { kind: "disconnect", peer: 1 },
  { kind: "network", setting: "reliable", on: true },
  { kind: "send", rpc: 1, from: 0, to: 1, svcMeth: "Raft.poke", args: bytes(1, 2) },
  { kind: "deliver", rpc: 1 },
  { kind: "handled", rpc: 1, reply: bytes(3) },
  { kind: "outcome", rpc: 1, lost: undefined },
  { kind: "save", peer: 1, state: bytes(4, 5), snapshot: null },
  { kind: "apply", peer: 1, index: 1, message: APPLY_MSG },
  { kind: "start", peer: 1, command: 7, index: 1, term: 1, isLeader: true },
  { kind: "state", peer: 1, term: 1, isLeader: true },
  { kind: "log", peer: 1, level: "info", text: "up" },
  { kind: "step", text: "one(7, 3)" },
  { kind: "failure", message: "no agreement", peer: 1 },
];

/** What a single event may differ in; each must show. */
const CHANGES: readonly Partial<Record<TraceEvent["kind"], object>>[] = [
  {
    boot: { peer: 2 },
    ready: { peer: 2 },
    crash: { peer: 2 },
    connect: { peer: 2 },
    disconnect: { peer: 2 },
  },
  { boot: { incarnation: 2 }, ready: { incarnation: 2 }, crash: { incarnation: 2 } },
  {
    network: { on: false },
    send: { from: 2 },
    deliver: { rpc: 2 },
    handled: { rpc: 2 },
    outcome: { rpc: 2 },
  },
  { network: { setting: "longDelays" }, send: { from: "0" }, handled: { reply: bytes(3, 0) } },
  { send: { to: undefined }, outcome: { lost: "dead" }, save: { peer: 2 }, apply: { peer: 2 } },
  {
    send: { svcMeth: "Raft.pokes" },
    save: { snapshot: bytes() },
    apply: { message: { ...APPLY_MSG, command: 6 } },
  },
  {
    send: { args: bytes(1) },
    save: { snapshot: bytes(1) },
    start: { command: "7" },
    apply: { message: { ...APPLY_MSG, commandIndex: 2 } },
  },
  { send: { rpc: 2 }, save: { state: bytes(4) }, start: { index: 2 }, state: { term: 2 } },
  { start: { term: 2 }, state: { isLeader: false }, log: { text: "up " }, step: { text: "" } },
  { start: { isLeader: false }, state: { peer: 2 }, log: { level: "warn" }, failure: { message: "" } },
  {
    start: { peer: 2 },
    apply: { message: { ...APPLY_MSG, commandValid: false } },
    log: { peer: 2 },
    failure: { peer: undefined },
  },
];

test("the same events give the same hash, of 16 hex digits", (t) => {
  t.regex(hashOf(recordsOf(EVENTS)), /^[0-9a-f]{16}$/);
  t.is(hashOf(recordsOf(EVENTS)), hashOf(recordsOf(EVENTS)));
});

test("each detail of each event changes the hash", (t) => {
  const seen = new Set([hashOf(recordsOf(EVENTS))]);
  for (const change of CHANGES) {
    for (const [kind, difference] of Object.entries(change)) {
      const changed = EVENTS.map((event) => (event.kind === kind ? { ...event, ...difference } : event));
      const hash = hashOf(recordsOf(changed as TraceEvent[]));
      t.false(seen.has(hash), `${kind} ${JSON.stringify(difference)}`);
      seen.add(hash);
    }
  }
});

test("time, order and number of events change the hash", (t) => {
  const records = recordsOf(EVENTS);
  const [first, second, ...rest] = records as [TraceRecord, TraceRecord, ...TraceRecord[]];
  const hashes = [
    records,
    [first, { ...second, atUs: second.atUs + 1 }, ...rest],
    recordsOf([second.event, first.event, ...rest.map(({ event }) => event)]),
    records.slice(0, -1),
    [],
  ].map(hashOf);
  t.is(new Set(hashes).size, hashes.length);
});

test("what stands in one event cannot be read as standing in the next", (t) => {
  const log = (text: string): TraceEvent => ({ kind: "log", peer: 0, level: "info", text });
  const save = (state: Uint8Array, snapshot: Uint8Array): TraceEvent => ({
    kind: "save",
    peer: 0,
    state,
    snapshot,
  });
  t.not(hashOf(recordsOf([log("ab"), log("c")])), hashOf(recordsOf([log("a"), log("bc")])));
  t.not(hashOf(recordsOf([save(bytes(1, 2), bytes(3))])), hashOf(recordsOf([save(bytes(1), bytes(2, 3))])));
});

test("texts of any kind and bytes of any length are hashed whole", (t) => {
  const size = fc.constantFrom(0, 1, 7, 1000, 65_535, 65_536, 65_537, 200_000);
  fc.assert(
    fc.property(size, size, fc.nat(), (first, second, at) => {
      const handled = (length: number) =>
        ({ kind: "handled", rpc: 1, reply: new Uint8Array(length) }) satisfies TraceEvent;
      const events = [handled(first), handled(second)] as const;
      const same = structuredClone(events);
      t.is(hashOf(recordsOf(same)), hashOf(recordsOf(events)));
      if (first === 0) return;
      same[0].reply[at % first] = 1;
      t.not(hashOf(recordsOf(same)), hashOf(recordsOf(events)));
    }),
    { numRuns: 60 },
  );
  const texts = ["é", "e\u0301", "\ud800", "\ud801", "日本", "a".repeat(70_000), "a".repeat(70_001)];
  const hashes = texts.map((svcMeth) =>
    hashOf(recordsOf([{ kind: "send", rpc: 1, from: 0, to: 1, svcMeth, args: bytes() }])),
  );
  t.is(new Set(hashes).size, texts.length);
});
