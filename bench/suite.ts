import type { CaseDefinition } from "../src/harness/case.js";
import { selectCases } from "../src/harness/select.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import type { Mode } from "../src/runtime/runtime.js";
import { RunPool } from "../src/stress/run-pool.js";
import { HereRunner, type Runner } from "../src/stress/runner.js";
import type { Bench, SpeedPromise } from "./bench.js";
import {
  type CaseRuns,
  caseTable,
  cpuMsOf,
  type RunCost,
  soundCases,
  wallMsOf,
} from "./helpers/suite-table.js";
import { comparisonOf } from "./rounds.js";

/** Suites in `sim`, each with the next seed. The first is told apart, since V8 compiles everything in it. */
const PASSES = 6;
const SEED = 1;
/** The wall time of the suite in `sim`, for one unit of it on threads. */
const PROMISE = 0.01;

/** The lab's cases in `sim` as `whitewater test --jobs 1` runs them, and one after another on threads. */
export const suite: Bench = {
  title: "the lab's cases in sim, one at a time, against the same cases on threads",
  run: async ({ run, threads }, tell) => {
    const cases = selectCases(labCases, run);
    const loading = loadProgram(REFERENCE_RAFT);
    const pool = new RunPool({ program: loading, threads: 1 });
    pool.boot();
    const program = await loading;
    const inSim = await passesOf(pool, "sim", cases, PASSES);
    if (threads) tell("Now on threads, which takes as long as the cases sleep: about 150 s for all of them.");
    const onThreads = threads ? await passesOf(new HereRunner(program), "threads", cases, 1) : [];
    const runs = cases.map(({ name }, i) => ({
      name,
      inSim: inSim.map((pass) => pass[i]).filter((cost) => cost !== undefined),
      onThreads: onThreads[0]?.[i],
    }));
    for (const line of caseTable(runs)) tell(line);
    return threads ? promisesOf(runs, tell) : [];
  },
};

/** Runs the cases one after another, `count` times, and ends the runner. */
async function passesOf(
  runner: Runner,
  mode: Mode,
  cases: readonly CaseDefinition[],
  count: number,
): Promise<RunCost[][]> {
  const passes: RunCost[][] = [];
  try {
    for (let pass = 0; pass < count; pass += 1) {
      const costs: RunCost[] = [];
      for (const definition of cases) costs.push(await costOf(runner, definition, mode, SEED + pass));
      passes.push(costs);
    }
    return passes;
  } finally {
    await runner.close();
  }
}

/** Runs a case once, with all that `whitewater test` does in that mode. */
async function costOf(
  runner: Runner,
  definition: CaseDefinition,
  mode: Mode,
  seed: number,
): Promise<RunCost> {
  const manner = { mode, schedule: "lively", check: true } as const;
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  const { result, events } = await runner.run(definition, seed, manner, () => {});
  const { user, system } = process.cpuUsage(before);
  return {
    hasPassed: result.status === "passed",
    seconds: result.seconds,
    wallMs: performance.now() - startedAtMs,
    cpuMs: (user + system) / 1000,
    events,
  };
}

/**
 * The cases that passed whenever they ran, in `sim` against threads: their first suite, and those after it. Time on
 * cores has nothing of what else the machine does meanwhile, but V8's own threads as well.
 */
function promisesOf(runs: readonly CaseRuns[], tell: (line: string) => void): SpeedPromise[] {
  const sound = soundCases(runs);
  for (const { name } of runs.filter((one) => !sound.includes(one)))
    tell(`${name} FAILED: it is not compared`);
  const threadsMs = wallMsOf(sound.map(({ onThreads }) => onThreads));
  const line = (what: string, promise: number | undefined, passesMs: readonly number[]): SpeedPromise => ({
    what: `${sound.length} cases in sim, ${what}`,
    against: "the same on threads, one after another",
    promise,
    measured: comparisonOf(passesMs.map((whatMs) => ({ whatMs, againstMs: threadsMs }))),
  });
  const passes = Array.from({ length: PASSES }, (_, pass) => sound.map(({ inSim }) => inSim[pass]));
  const [firstWallMs = Number.NaN, ...laterWallMs] = passes.map(wallMsOf);
  const [firstCpuMs = Number.NaN, ...laterCpuMs] = passes.map(cpuMsOf);
  return [
    line("the first time", PROMISE, [firstWallMs]),
    line("the first time: time on cores", undefined, [firstCpuMs]),
    line("once compiled", PROMISE, laterWallMs),
    line("once compiled: time on cores", undefined, laterCpuMs),
  ];
}
