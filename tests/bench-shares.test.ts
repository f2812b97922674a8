import type { Profiler } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import test from "ava";
import { partOfFrame, partOfModule, timeByPart } from "../bench/helpers/profile-parts.js";
import { sharesTable } from "../bench/helpers/shares-table.js";
import { PRELUDE_FILE, RAFT_FILE } from "../src/peer/script-names.js";

/** Of three modules in one line: nothing until its tenth column, then the codec, from its twentieth msgpackr. */
const PRELUDE = new SourceMap({
  version: 3,
  sources: ["../src/labgob/codec.ts", "../node_modules/msgpackr/pack.js"],
  names: [],
  mappings: "UAAA,UCAA",
} as unknown as SourceMapPayload);

for (const [path, part] of [
  ["file:///home/me/whitewater/dist/labgob/labgob.js", "codec"],
  ["file:///home/me/runtime/whitewater/dist/labrpc/network.js", "network"],
  ["src/peer/realm/prelude.ts", "isolate"],
  ["node_modules/msgpackr/pack.js", "codec"],
  ["file:///home/me/whitewater/dist/errors.js", undefined],
] as const) {
  test(`the module ${path} is of ${part ?? "no part"}`, (t) => {
    t.is(partOfModule(path), part);
  });
}

for (const [what, callFrame, part] of [
  ["the collector", frame("(garbage collector)"), "gc"],
  ["a pause", frame("(idle)"), "idle"],
  ["what has no frame", frame("(program)"), "V8, Node"],
  ["the user's code", frame("become", RAFT_FILE, 12), "raft.ts"],
  ["the prelude's codec", frame("encode", PRELUDE_FILE, 0, 15), "codec"],
  ["a package in the prelude", frame("pack", PRELUDE_FILE, 0, 25), "codec"],
  ["the prelude's own beginning", frame("helper", PRELUDE_FILE, 0, 3), "isolate"],
  ["a built-in", frame("push"), undefined],
  ["Node's own", frame("update", "node:internal/crypto/hash", 80), undefined],
] as const) {
  test(`a sample in ${what} counts as ${part ?? "its caller's"}`, (t) => {
    t.is(partOfFrame(callFrame, PRELUDE), part);
  });
}

test("what a part calls of Node and V8 is its own time, and idle time is nobody's", (t) => {
  const profile: Profiler.Profile = {
    nodes: [
      { id: 1, callFrame: frame("(root)"), children: [2, 4, 5] },
      { id: 2, callFrame: frame("see", "file:///x/src/trace/history.js", 9), children: [3] },
      { id: 3, callFrame: frame("update", "node:internal/crypto/hash", 80) },
      { id: 4, callFrame: frame("(idle)") },
      { id: 5, callFrame: frame("processImmediate", "node:internal/timers", 433) },
    ],
    startTime: 0,
    endTime: 1500,
    samples: [2, 3, 4, 5, 3],
    timeDeltas: [100, 200, 300, 400, 500],
  };
  t.deepEqual(
    [...timeByPart(profile, PRELUDE)],
    [
      ["trace", 500], // 200 in itself, 300 in Node; the last sample has no time
      ["V8, Node", 500],
    ],
  );
});

test("the table of shares begins with the fattest part of the later suites", (t) => {
  const first = new Map([["codec", 1] as const, ["raft.ts", 3] as const]);
  const later = new Map([["codec", 4] as const, ["raft.ts", 1] as const]);
  const lines = sharesTable(first, later).slice(0, 3);
  t.deepEqual(
    lines.map((line) => line.split(/ {2,}/).slice(0, 3)),
    [
      ["part", "first suite", "later suites"],
      ["codec", "25.0 %", "80.0 %"],
      ["raft.ts", "75.0 %", "20.0 %"],
    ],
  );
});

function frame(
  functionName: string,
  url = "",
  lineNumber = -1,
  columnNumber = -1,
): Profiler.Profile["nodes"][number]["callFrame"] {
  return { functionName, url, lineNumber, columnNumber, scriptId: "0" };
}
