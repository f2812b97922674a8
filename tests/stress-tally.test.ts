import test from "ava";
import fc from "fast-check";
import type { RunResult } from "../src/harness/case.js";
import { plannedRuns, type SeedPlan, seedCount, shareSeed, WHOLE } from "../src/stress/plan.js";
import { isSameHappening, signatureOf } from "../src/stress/signature.js";
import { Tally, type TallyData } from "../src/stress/tally.js";
import { caseA, caseB, errorOf, resultOf } from "./helpers/campaigns.js";

const seedsOf = (plan: SeedPlan) => [...plannedRuns([caseA], plan)].map(({ seed }) => seed);

/** A campaign's seeds and one of its shards. */
const anyPlan: fc.Arbitrary<SeedPlan> = fc
  .record({ first: fc.nat(30), count: fc.integer({ min: 1, max: 60 }), of: fc.integer({ min: 1, max: 9 }) })
  .chain(({ first, count, of }) =>
    fc
      .integer({ min: 1, max: of })
      .map((index) => ({ first, last: first + count - 1, shard: { index, of } })),
  );

test("the shards of a campaign run each of its seeds once, and none other", (t) => {
  fc.assert(
    fc.property(anyPlan, ({ first, last, shard: { of } }) => {
      const shards = Array.from({ length: of }, (_, i) => ({ first, last, shard: { index: i + 1, of } }));
      const all = shards.flatMap(seedsOf).sort((a, b) => a - b);
      t.deepEqual(all, seedsOf({ first, last, shard: WHOLE }));
      t.deepEqual(
        shards.map(seedCount),
        shards.map((plan) => seedsOf(plan).length),
      );
    }),
  );
});

test("two plans share a seed just if some seed is in both", (t) => {
  fc.assert(
    fc.property(anyPlan, anyPlan, (a, b) => {
      const ofB = new Set(seedsOf(b));
      t.is(
        shareSeed(a, b),
        seedsOf(a).some((seed) => ofB.has(seed)),
      );
    }),
  );
});

test("a campaign goes seed by seed, so that each case has had as many runs whenever it ends", (t) => {
  const plan = { first: 5, last: 8, shard: { index: 2, of: 2 } };
  t.deepEqual(
    [...plannedRuns([caseA, caseB], plan)].map(({ definition, seed }) => [definition.name, seed]),
    [
      ["TestA", 6],
      ["TestB", 6],
      ["TestA", 8],
      ["TestB", 8],
    ],
  );
});

test("more shards than seeds: the last have none", (t) => {
  t.is(seedCount({ first: 1, last: 3, shard: { index: 4, of: 5 } }), 0);
  t.deepEqual(seedsOf({ first: 1, last: 3, shard: { index: 5, of: 5 } }), []);
});

/** A run of a campaign over two cases. Whole milliseconds add up to the same in any order. */
const anyRun: fc.Arbitrary<RunResult> = fc
  .record({
    name: fc.constantFrom("TestA", "TestB"),
    seconds: fc.integer({ min: 0, max: 120_000 }).map((ms) => ms / 1000),
    wallMs: fc.nat(10_000),
    rpcs: fc.nat(5000),
    message: fc.constantFrom(undefined, "expected one leader, got none", "term 3 has 2 (>1) leaders"),
  })
  .map(({ message, ...run }) => resultOf(message === undefined ? run : { ...run, error: errorOf(message) }));

const tallyOf = (runs: readonly RunResult[]): Tally => {
  const tally = new Tally([caseA, caseB]);
  for (const run of runs) tally.add(run, 2 * run.rpcs);
  return tally;
};

/** As a file of results has it. */
const written = (tally: Tally): TallyData => JSON.parse(JSON.stringify(tally.toData())) as TallyData;

test("however its runs are split over campaigns, the sum of their tallies is the same", (t) => {
  fc.assert(
    fc.property(
      fc.array(anyRun, { maxLength: 40 }),
      fc.array(fc.nat(3), { maxLength: 40 }),
      (runs, places) => {
        const numbered = runs.map((run, seed) => ({ ...run, seed }));
        const merged = new Tally();
        for (const shard of [0, 1, 2, 3]) {
          const its = numbered.filter((_, i) => (places[i] ?? 0) === shard);
          merged.merge(written(tallyOf(its)));
        }
        t.deepEqual(written(merged), written(tallyOf(numbered)));
      },
    ),
    { numRuns: 50 },
  );
});

test("a tally counts runs, failures, RPCs and events by case, in the order of the cases", (t) => {
  const tally = tallyOf([
    resultOf({ name: "TestB", rpcs: 10 }),
    resultOf({ rpcs: 20, wallMs: 30 }),
    resultOf({ rpcs: 40, wallMs: 50, error: errorOf("no") }),
  ]);
  t.deepEqual(
    tally.cases.map(({ name, runs, failed, rpcs, events, wallMs }) => [
      name,
      runs,
      failed,
      rpcs,
      events,
      wallMs,
    ]),
    [
      ["TestA", 2, 1, 60, 120, 80],
      ["TestB", 1, 0, 10, 20, 50],
    ],
  );
  t.is(tally.runs, 3);
  t.is(tally.failed, 1);
});

test("a tally counts in how many runs each warning was given; of a case that always says another, some", (t) => {
  const tally = tallyOf([
    resultOf({ warnings: ["odd"] }),
    resultOf({ name: "TestB", warnings: ["odd", "very odd"] }),
    resultOf(),
  ]);
  const counted = [
    { text: "odd", runs: 2 },
    { text: "very odd", runs: 1 },
  ];
  t.deepEqual(tally.warnings, counted);
  const sum = new Tally();
  for (let i = 0; i < 2; i += 1) sum.merge(written(tally));
  t.deepEqual(
    sum.warnings,
    counted.map(({ text, runs }) => ({ text, runs: 2 * runs })),
  );
  for (let seed = 0; seed < 1000; seed += 1) tally.add(resultOf({ warnings: ["odd", `odd ${seed}`] }), 1);
  t.is(tally.warnings.length, 21);
  t.deepEqual(tally.warnings[0], { text: "odd", runs: 1002 });
});

test("percentiles of the seconds are right to three digits", (t) => {
  const tally = tallyOf(Array.from({ length: 1000 }, (_, i) => resultOf({ seconds: (i + 1) / 10 })));
  const { durationMs } = tally.cases[0] ?? t.fail();
  for (const [percentile, seconds] of [
    [50, 50],
    [95, 95],
    [100, 100],
  ] as const) {
    t.true(Math.abs(durationMs.getValueAtPercentile(percentile) / 1000 - seconds) < seconds / 500);
  }
});

test("a group's example is the failure with the smallest seed; the most frequent group is first", (t) => {
  const failed = (seed: number, message: string) => resultOf({ seed, error: errorOf(message) });
  const tally = tallyOf([
    failed(9, "rare"),
    failed(8, "often 1"),
    failed(2, "often 2"),
    failed(5, "often 3"),
  ]);
  t.deepEqual(
    tally.groups.map(({ signature, count, example }) => [signature, count, example.seed]),
    [
      ["check in TestA: often #", 3, 2],
      ["check in TestA: rare", 1, 9],
    ],
  );
});

test("a group knows where its example is kept, in a sum as well", (t) => {
  const failed = (seed: number) => resultOf({ seed, error: errorOf("no leader") });
  const tally = tallyOf([failed(5)]);
  tally.kept(failed(5), "failures/TestA-5");
  t.is(tally.groups[0]?.bundle, "failures/TestA-5");
  const other = tallyOf([failed(3), failed(7)]);
  other.kept(failed(7), "failures/TestA-7");
  t.is(other.groups[0]?.bundle, undefined, "of the example, nothing is kept");
  other.kept(failed(3), "failures/TestA-3");
  const sum = new Tally();
  for (const one of [tally, other]) sum.merge(written(one));
  t.is(sum.groups[0]?.bundle, "failures/TestA-3");
});

for (const { what, one, other, isSame } of [
  {
    what: "the same rule, noticed by the tester or by a checker",
    one: errorOf("server 1 apply out of order 2", { kind: "apply", rule: "apply-order" }),
    other: errorOf("Peer 1 applied index 2", { kind: "safety", rule: "apply-order" }),
    isSame: true,
  },
  {
    what: "the same message but for its numbers, of two kinds",
    one: errorOf("server 1 apply out of order 2", { kind: "apply", rule: "apply-order" }),
    other: errorOf("server 0 apply out of order 7", { kind: "apply" }),
    isSame: true,
  },
  { what: "two messages", one: errorOf("no leader"), other: errorOf("no agreement"), isSame: false },
  {
    what: "two rules",
    one: errorOf("Peer 1 voted", { rule: "vote-once" }),
    other: errorOf("Peer 1 led", { rule: "election-safety" }),
    isSame: false,
  },
]) {
  test(`${isSame ? "one failure" : "two failures"}: ${what}`, (t) => {
    t.is(isSameHappening(resultOf({ error: one }), resultOf({ error: other })), isSame);
  });
}

test("a tally of ten thousand failures is as large as one of ten", (t) => {
  const size = (count: number): number => {
    const runs = Array.from({ length: count }, (_, seed) =>
      resultOf({ seed, seconds: seed % 10, error: errorOf(`one(${seed * 7}) failed`, { atMs: seed }) }),
    );
    return JSON.stringify(tallyOf(runs)).length + JSON.stringify(written(tallyOf(runs))).length;
  };
  t.true(size(10_000) < size(10) + 100, `${size(10_000)} characters, and ${size(10)}`);
});

for (const { what, message, given, signature } of [
  {
    what: "numbers do not count",
    message: "term 12 has 2 (>1) leaders: servers 0, 1",
    signature: "check in TestA: term # has # (>#) leaders: servers #, …",
  },
  {
    what: "neither do quoted values",
    message: 'one("a \\" 7") failed to reach agreement',
    signature: 'check in TestA: one("…") failed to reach agreement',
  },
  {
    what: "of the message, the first line",
    message: "TypeError: no such entry\nin commit",
    signature: "check in TestA: TypeError: no such entry",
  },
  {
    what: "of that, the first sentence: advice follows",
    message: "a single turn has run for 5 s of real time. A handler, a timer or start() must return",
    signature: "check in TestA: a single turn has run for # s of real time",
  },
  {
    what: "a long sentence is cut",
    message: `it says ${"ever ".repeat(40)}`,
    signature: `check in TestA: it says ${"ever ".repeat(22)}ev…`,
  },
  {
    what: "a broken rule is its name",
    message: "Peers 0 and 1 both lead term 3",
    given: { kind: "safety", rule: "election-safety" },
    signature: "safety in TestA: election-safety",
  },
  {
    what: "a verdict tells apart",
    message: "expected one leader, got none",
    given: { verdict: { class: "machine" as const, evidence: [] } },
    signature: "check in TestA: expected one leader, got none, machine",
  },
]) {
  test(`a signature: ${what}`, (t) =>
    t.is(signatureOf(resultOf({ error: errorOf(message, given) })), signature));
}

test("a run that passed has no signature", (t) => t.is(signatureOf(resultOf()), ""));
