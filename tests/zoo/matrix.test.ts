import test from "ava";
import type { CaseDefinition } from "../../src/harness/case.js";
import { MAX_SEED } from "../../src/runtime/random.js";
import type { Breaks } from "./bug.js";
import type { CampaignResult } from "./campaign.js";
import { type Row, showMatrix, verdictOf } from "./matrix.js";
import { interleaved } from "./order.js";

const CAUGHT: CampaignResult = {
  runs: 3,
  cpuSeconds: 0.5,
  caught: { caseName: "TestBackup3B", seed: 7, kind: "vote-once", message: "" },
};
const QUIET: CampaignResult = { runs: 100, cpuSeconds: 10, caught: undefined };

for (const { name, breaks, campaigns, verdict } of [
  { name: "a bug caught in each campaign", breaks: "safety", campaigns: [CAUGHT, CAUGHT], verdict: "caught" },
  { name: "a bug missed in one campaign", breaks: "liveness", campaigns: [CAUGHT, QUIET], verdict: "missed" },
  { name: "a bug whose process died", breaks: "safety", campaigns: [], verdict: "missed" },
  { name: "a harmless one left alone", breaks: "nothing", campaigns: [QUIET, QUIET], verdict: "quiet" },
  {
    name: "a harmless one reported once",
    breaks: "nothing",
    campaigns: [QUIET, CAUGHT],
    verdict: "false alarm",
  },
] as const) {
  test(`${name}: ${verdict}`, (t) => t.is(verdictOf(rowOf(breaks, campaigns)), verdict));
}

test("a line of the matrix has median runs and seconds, and what caught it", (t) => {
  const later = { ...CAUGHT, runs: 5, cpuSeconds: 0.7 };
  const [, line] = showMatrix([rowOf("safety", [CAUGHT, later, QUIET])]).split("\n");
  t.is(line, "some-bug  safety       2/3     4   0.60  vote-once in Backup3B (2)");
});

test("cases come often when they cost little, and none is left out", (t) => {
  const cases = [
    { definition: caseOf("long"), cost: 10_000 },
    { definition: caseOf("short"), cost: 100 },
  ];
  const order = interleaved(cases, 5);
  const pairs = Array.from({ length: 110 }, () => order.next().value);
  t.is(pairs.filter(({ definition }) => definition.name === "long").length, 10);
  t.is(pairs[0]?.definition.name, "short");
  t.deepEqual(
    pairs.map(({ seed }) => seed),
    pairs.map((_, i) => 5 + i),
  );
});

test("after the largest seed comes the smallest", (t) => {
  const order = interleaved([{ definition: caseOf("only"), cost: 1 }], MAX_SEED);
  t.deepEqual([order.next().value.seed, order.next().value.seed], [MAX_SEED, 0]);
});

function rowOf(breaks: Breaks, campaigns: readonly CampaignResult[]): Row {
  return { bug: { name: "some-bug", mistake: "", rule: "", breaks, edits: [] }, campaigns };
}

function caseOf(name: string): CaseDefinition {
  return { name, part: "own", title: name, servers: 3, run: async () => {} };
}
