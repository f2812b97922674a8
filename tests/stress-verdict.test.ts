/** What a failure on threads means, once it was examined. */
import test from "ava";
import type { RealTimeVerdict, RunError } from "../src/harness/case.js";
import { loadProgram } from "../src/peer/program.js";
import { HereRunner, type RunReport } from "../src/stress/runner.js";
import { examined } from "../src/stress/verdict.js";
import { caseA, errorOf, resultOf, ScriptedRunner } from "./helpers/campaigns.js";
import { projectFile } from "./helpers/cli.js";
import { labCase } from "./helpers/virtual-runs.js";

const FIRST_SEED = 4_294_967_290;

const onThreads = (error: RunError, routerLateMs?: number): RunReport => ({
  result: resultOf({ seed: FIRST_SEED, error }),
  events: 5,
  ...(routerLateMs === undefined ? {} : { routerLateMs }),
});

/** What fails in virtual time, by seed. */
type Errors = Readonly<Record<number, RunError>>;

/** Runs in virtual time: all pass, but for the seeds named; these others for a tester that waits longer. */
const virtual = (errors: Errors = {}, withPatience: Errors = {}, given: Partial<RunReport> = {}) =>
  new ScriptedRunner(({ seed, manner }) => {
    const error = (manner.patience === undefined ? errors : withPatience)[seed];
    return error ? { result: resultOf({ seed, error }), ...given } : {};
  });

const NO_LEADER = errorOf("expected one leader, got none");
const TWO_LEAD = errorOf("two lead term 3", { kind: "safety", rule: "election-safety" });
const TOO_MANY = errorOf("too many RPCs (90)", { breaks: "budget" });
const TOO_LONG = errorOf("the case took longer than 120 s", { kind: "timeout", breaks: "budget" });
const STUCK = errorOf("it has blocked its event loop for 5 s", { kind: "stuck", peer: 1 });

/** Everything in virtual time fails so. */
const always = (error: RunError): Errors =>
  Object.fromEntries(Array.from({ length: 20 }, (_, i) => [(FIRST_SEED + i) % 2 ** 32, error]));

interface Expected {
  readonly what: string;
  readonly report: RunReport;
  readonly runner?: ScriptedRunner;
  readonly verdict: RealTimeVerdict["class"];
  readonly evidence: RegExp;
  /** How many in virtual time; those with patience come last. */
  readonly runs: number;
  readonly patientSeeds?: readonly number[];
}

const VERDICTS: readonly Expected[] = [
  {
    what: "a rule that the recorded events show broken is safety, whatever the case noticed",
    report: onThreads({ ...NO_LEADER, rule: "election-safety" }, 0),
    verdict: "safety",
    evidence: /^on threads: expected one leader, got none$/,
    runs: 0,
  },
  {
    what: "a value applied out of order is safety",
    report: onThreads(errorOf("server 1 apply out of order", { kind: "apply" }), 0),
    verdict: "safety",
    evidence: /^on threads: server 1 apply out of order$/,
    runs: 0,
  },
  {
    what: "a check that shows a promise broken is safety, however late the machine was",
    report: onThreads(errorOf("command 7 missing in 1, 2", { breaks: "safety" }), 900),
    verdict: "safety",
    evidence: /^on threads: command 7 missing/,
    runs: 0,
  },
  {
    what: "a rule broken in virtual time is safety, however late the machine was; no further seed is run",
    report: onThreads(NO_LEADER, 900),
    runner: virtual({ 4294967292: TWO_LEAD }),
    verdict: "safety",
    evidence: /^in virtual time TestA fails with 1 of 3 seeds: two lead term 3$/,
    runs: 3,
  },
  {
    what: "no leader in virtual time either, however long one waits, is liveness, however late the machine was",
    report: onThreads(NO_LEADER, 900),
    runner: virtual({ 4294967295: NO_LEADER, 3: NO_LEADER }, { 3: NO_LEADER }), // seeds go on at 0 after the last
    verdict: "liveness",
    evidence: /^in virtual time TestA fails with 2 of 20 seeds: expected one leader, got none$/,
    runs: 22,
    patientSeeds: [4294967295, 3],
  },
  {
    what: "no leader within the lab's limits, and one later, is the budget",
    report: onThreads(NO_LEADER, 0),
    runner: virtual(always(NO_LEADER)),
    verdict: "budget",
    evidence: /^in virtual time, given 10 times the lab's limits, TestA passes with 3 of 3 seeds$/,
    runs: 23,
    patientSeeds: [FIRST_SEED, FIRST_SEED + 1, FIRST_SEED + 2],
  },
  {
    what: "a promise that is broken once one waits for longer is safety",
    report: onThreads(NO_LEADER, 0),
    runner: virtual(always(NO_LEADER), always(TWO_LEAD)),
    verdict: "safety",
    evidence: /^in virtual time, given 10 times the lab's limits, TestA fails with 1 of 1 seed: two lead/,
    runs: 21,
    patientSeeds: [FIRST_SEED],
  },
  {
    what: "a case that takes too long in virtual time too, however long one waits, is liveness",
    report: onThreads(TOO_LONG, 0),
    runner: virtual({ 1: TOO_LONG }, { 1: TOO_LONG }),
    verdict: "liveness",
    evidence: /given 10 times the lab's limits, TestA fails with 1 of 1 seed: the case took longer/,
    runs: 21,
    patientSeeds: [1],
  },
  {
    what: "too many RPCs in virtual time are the budget; to wait for longer would tell nothing",
    report: onThreads(NO_LEADER, 0),
    runner: virtual({ 1: TOO_MANY }),
    verdict: "budget",
    evidence: /fails with 1 of 20 seeds: too many RPCs/,
    runs: 20,
  },
  {
    what: "no leader that virtual time does not confirm, on a machine that was late, is the machine",
    report: onThreads(NO_LEADER, 250),
    verdict: "machine",
    evidence: /^the router's event loop was late by up to 250 ms; the load was \d+\.\d on \d+ cores?$/,
    runs: 20,
  },
  {
    what: "no leader that virtual time does not confirm, on a machine that was not late, is liveness",
    report: onThreads(NO_LEADER, 20),
    verdict: "liveness",
    evidence: /^in virtual time TestA passes with 20 of 20 seeds$/,
    runs: 20,
  },
  {
    what: "how late a machine was that is not known is not told as none",
    report: onThreads(NO_LEADER),
    verdict: "liveness",
    evidence: /^how late the router's event loop was is not known; the load was/,
    runs: 20,
  },
  {
    what: "too many RPCs on threads alone are the budget",
    report: onThreads(TOO_MANY, 0),
    verdict: "budget",
    evidence: /passes with 20 of 20/,
    runs: 20,
  },
  {
    what: "a case that took longer than it may on threads alone is the budget",
    report: onThreads(TOO_LONG, 0),
    verdict: "budget",
    evidence: /passes with 20 of 20/,
    runs: 20,
  },
  {
    what: "a peer that was late, and found nowhere in raft.ts, may have been kept waiting by the machine",
    report: onThreads(STUCK, 900),
    verdict: "machine",
    evidence: /passes with 20 of 20/,
    runs: 20,
  },
  {
    what: "runs in virtual time that come to no end are no evidence, and no more than two are made",
    report: onThreads(NO_LEADER, 900),
    runner: virtual(
      { 4294967290: STUCK, 4294967292: STUCK, 4294967294: TWO_LEAD },
      {},
      { isBrokenOff: true },
    ),
    verdict: "machine",
    evidence:
      /^in virtual time TestA passes with 1 of 1 seed; it came to no end with 2 seeds, which tells nothing: it has blocked/,
    runs: 3,
  },
  {
    what: "a handler that never answers in virtual time either is liveness",
    report: onThreads(NO_LEADER, 900),
    runner: virtual({ 1: STUCK }, { 1: STUCK }),
    verdict: "liveness",
    evidence: /fails with 1 of 20 seeds: it has blocked/,
    runs: 21,
    patientSeeds: [1],
  },
  {
    what: "a process that was ended from outside is the machine's doing, and nothing is to be examined",
    report: onThreads(
      errorOf("the process of the run was ended from outside, by SIGKILL", { kind: "killed" }),
    ),
    verdict: "machine",
    evidence: /^the process of the run was ended from outside, by SIGKILL$/,
    runs: 0,
  },
];

for (const { what, report, runner = virtual(), verdict, evidence, runs, patientSeeds = [] } of VERDICTS) {
  test(`a verdict: ${what}`, async (t) => {
    const { result } = await examined(caseA, report, { runner, check: true });
    const told = JSON.stringify(result.error?.verdict);
    t.is(result.error?.verdict?.class, verdict, told);
    t.true(
      result.error?.verdict?.evidence.some((sentence) => evidence.test(sentence)),
      told,
    );
    t.is(result.error?.message, report.result.error?.message);
    t.is(runner.asked.length, runs);
    t.true(runner.asked.every(({ manner }) => manner.mode === "sim" && manner.schedule === "lively"));
    const patient = runner.asked.filter(({ manner }) => manner.patience === 10);
    t.deepEqual(
      patient.map(({ seed }) => seed),
      patientSeeds,
    );
  });
}

for (const { what, error, runner = virtual(), says } of [
  {
    what: "a mistake of the case's own",
    error: errorOf("RangeError: no", { kind: "case" }),
    says: "raft.ts, or the case, is at fault in itself",
  },
  {
    what: "a peer that threw",
    error: errorOf("start threw", { kind: "start", peer: 1, stack: "    at start (raft.ts:3:1)" }),
    says: "raft.ts, or the case, is at fault in itself",
  },
  {
    what: "a peer that took all memory",
    error: errorOf("its thread ran out of memory", { kind: "exit", peer: 1 }),
    says: "raft.ts, or the case, is at fault in itself",
  },
  {
    what: "a peer that was found in a loop",
    error: { ...STUCK, stack: "    at loop (raft.ts:3:1)" },
    says: "raft.ts, or the case, is at fault in itself",
  },
  {
    what: "a peer that throws in virtual time",
    error: NO_LEADER,
    runner: virtual(always(errorOf("start threw", { kind: "start", peer: 1 }))),
    says: "in virtual time, too, raft.ts is at fault in itself: start threw",
  },
]) {
  test(`no verdict, on a machine however late: ${what}`, async (t) => {
    const { result } = await examined(caseA, onThreads(error, 900), { runner, check: true });
    t.is(result.error?.verdict, undefined);
    t.deepEqual(result.error?.details, [`no verdict is needed: ${says}`]);
  });
}

test("a run that passed is not examined", async (t) => {
  const runner = virtual();
  const report = { result: resultOf(), events: 1 };
  t.is(await examined(caseA, report, { runner, check: true }), report);
  t.deepEqual(runner.asked, []);
});

test("--no-check: the runs that examine a failure are not checked either", async (t) => {
  const runner = virtual(always(NO_LEADER));
  await examined(caseA, onThreads(NO_LEADER), { runner, check: false });
  t.true(runner.asked.every(({ manner }) => !manner.check));
});

for (const { what, raft, name, verdict } of [
  {
    what: "a Raft that applies 3 s late is right, but slower than the lab allows",
    raft: "tests/fixtures/applies-late.ts",
    name: "TestBasicAgree3B",
    verdict: "budget",
  },
  {
    what: "a peer that never leads makes no progress, however long one waits",
    raft: "examples/smallest/raft.ts",
    name: "TestInitialElection3A",
    verdict: "liveness",
  },
] as const) {
  test(`examined in virtual time, ${what}: ${verdict}`, async (t) => {
    const runner = new HereRunner(await loadProgram(projectFile(raft)));
    t.teardown(() => runner.close());
    const definition = labCase(name);
    const report: RunReport = { result: resultOf({ name, error: NO_LEADER }), events: 1, routerLateMs: 900 };
    const { result } = await examined(definition, report, { runner, check: true });
    t.is(result.error?.verdict?.class, verdict, JSON.stringify(result.error));
  });
}
