/** The lines of `--trace`, and where two of them part. */
import test from "ava";
import { encode } from "../src/labgob/labgob.js";
import { firstDifference, showDifference } from "../src/trace/difference.js";
import type { TraceEvent } from "../src/trace/event.js";
import { jsonLine } from "../src/trace/json-lines.js";

/** The fields of an event's line, without its place and time. */
function fieldsOf(event: TraceEvent): unknown {
  const { seq, atUs, ...fields } = JSON.parse(jsonLine({ seq: 3, atUs: 1500, event }));
  return fields;
}

const bytes = (...values: number[]) => Uint8Array.from(values);

test("a line is JSON on a line of its own: place, time in µs, kind, and the fields of the kind", (t) => {
  const line = jsonLine({ seq: 3, atUs: 1500, event: { kind: "log", peer: 1, level: "warn", text: "a\nb" } });
  t.is(line, '{"seq":3,"atUs":1500,"kind":"log","peer":1,"level":"warn","text":"a\\nb"}');
});

for (const event of [
  { kind: "boot", peer: 1, incarnation: 2 },
  { kind: "ready", peer: 1, incarnation: 2 },
  { kind: "crash", peer: 1, incarnation: 2 },
  { kind: "connect", peer: 1 },
  { kind: "disconnect", peer: 1 },
  { kind: "network", setting: "longReordering", on: true },
  { kind: "deliver", rpc: 9 },
  { kind: "outcome", rpc: 9, lost: "reply-dropped" },
  { kind: "state", peer: 1, term: 4, isLeader: false },
  { kind: "log", peer: 1, level: "info", text: "up" },
  { kind: "step", text: "one(7, 3)" },
  { kind: "failure", message: "no agreement", peer: 1 },
] as const) {
  test(`${event.kind} has its fields as they are`, (t) => t.deepEqual(fieldsOf(event), event));
}

test("a field that is unknown is left out", (t) => {
  const send = {
    kind: "send",
    rpc: 1,
    from: undefined,
    to: undefined,
    svcMeth: "A.b",
    args: encode(1),
  } as const;
  t.deepEqual(fieldsOf(send), { kind: "send", rpc: 1, svcMeth: "A.b", args: 1 });
  t.deepEqual(fieldsOf({ kind: "outcome", rpc: 1, lost: undefined }), { kind: "outcome", rpc: 1 });
  t.deepEqual(fieldsOf({ kind: "failure", message: "m", peer: undefined }), {
    kind: "failure",
    message: "m",
  });
});

test("arguments, replies, applied messages and commands are decoded; saved state is bytes", (t) => {
  const args = { term: 1, entries: [{ command: "x", term: 1 }] };
  t.deepEqual(
    fieldsOf({ kind: "send", rpc: 1, from: 0, to: 1, svcMeth: "Raft.appendEntries", args: encode(args) }),
    {
      kind: "send",
      rpc: 1,
      from: 0,
      to: 1,
      svcMeth: "Raft.appendEntries",
      args,
    },
  );
  t.deepEqual(fieldsOf({ kind: "handled", rpc: 1, reply: encode({ success: true }) }), {
    kind: "handled",
    rpc: 1,
    reply: { success: true },
  });
  const message = { commandValid: true, commandIndex: 1, command: 7 };
  t.deepEqual(fieldsOf({ kind: "apply", peer: 1, index: 1, message }), {
    kind: "apply",
    peer: 1,
    index: 1,
    message,
  });
  const start = { kind: "start", peer: 1, index: 1, term: 2, isLeader: true } as const;
  t.deepEqual(fieldsOf({ ...start, command: 5n }), { ...start, command: { $bigint: "5" } });
  t.deepEqual(fieldsOf({ kind: "save", peer: 1, state: bytes(1, 2, 3), snapshot: null }), {
    kind: "save",
    peer: 1,
    state: { $bytes: "AQID" },
    snapshot: null,
  });
});

test("bytes that labgob did not make are shown as bytes", (t) => {
  t.deepEqual(fieldsOf({ kind: "handled", rpc: 1, reply: bytes(0xc1, 0xff) }), {
    kind: "handled",
    rpc: 1,
    reply: { $bytes: "wf8=" },
  });
});

for (const { what, value, shown } of [
  { what: "undefined", value: undefined, shown: { $undefined: true } },
  { what: "NaN", value: Number.NaN, shown: { $number: "NaN" } },
  { what: "infinity", value: -Infinity, shown: { $number: "-Infinity" } },
  { what: "minus zero", value: -0, shown: { $number: "-0" } },
  { what: "a bigint", value: 2n ** 70n, shown: { $bigint: "1180591620717411303424" } },
  { what: "a date", value: new Date(0), shown: { $date: "1970-01-01T00:00:00.000Z" } },
  { what: "an invalid date", value: new Date(Number.NaN), shown: { $date: null } },
  { what: "a Uint8Array", value: bytes(255), shown: { $bytes: "/w==" } },
  { what: "a Uint16Array", value: Uint16Array.of(1), shown: { $bytes: "AQA=" } },
  { what: "an ArrayBuffer", value: bytes(1).buffer, shown: { $bytes: "AQ==" } },
  { what: "a Map", value: new Map([[{ a: 1 }, 2n]]), shown: { $map: [[{ a: 1 }, { $bigint: "2" }]] } },
  { what: "a Set", value: new Set([1, undefined]), shown: { $set: [1, { $undefined: true }] } },
  { what: "nested", value: { a: [new Set()] }, shown: { a: [{ $set: [] }] } },
  { what: "an object that looks like one of these", value: { $set: [1] }, shown: { $object: { $set: [1] } } },
  { what: "an object with more keys", value: { $set: 1, b: 2 }, shown: { $set: 1, b: 2 } },
]) {
  test(`in a value: ${what}`, (t) => {
    t.deepEqual(fieldsOf({ kind: "handled", rpc: 1, reply: encode({ value }) }), {
      kind: "handled",
      rpc: 1,
      reply: { value: shown },
    });
  });
}

test("two runs that are alike do not part", (t) => {
  t.is(firstDifference([], []), undefined);
  t.is(firstDifference(["a", "b"], ["a", "b"]), undefined);
});

test("two runs part at the first event that differs, with the five before it", (t) => {
  const shared = ["0", "1", "2", "3", "4", "5", "6"];
  const difference = firstDifference([...shared, "x", "same"], [...shared, "y", "same"]);
  t.deepEqual(difference, { seq: 7, first: "x", second: "y", before: ["2", "3", "4", "5", "6"] });
  t.is(
    difference && showDifference(difference, ["sim", "lockstep"]),
    "They part at event 7:\n  both      2\n  both      3\n  both      4\n  both      5\n  both      6\n" +
      "  sim       x\n  lockstep  y",
  );
});

test("a run that ended sooner parts where it ended", (t) => {
  const difference = firstDifference(["a", "b"], ["a"]);
  t.deepEqual(difference, { seq: 1, first: "b", second: undefined, before: ["a"] });
  t.regex(
    showDifference(difference as NonNullable<typeof difference>, ["first run", "second run"]),
    /\n {2}first run {3}b\n {2}second run {2}\(the run had ended\)$/,
  );
});
