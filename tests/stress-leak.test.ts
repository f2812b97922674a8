import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { footprint } from "../bench/helpers/footprint.js";
import { MeasuredPool } from "../bench/helpers/measured-pool.js";
import type { RunResult } from "../src/harness/case.js";
import { allCases, bundleCases } from "../src/lab/cases-file.js";
import { loadProgram } from "../src/peer/program.js";
import { ProcessPool } from "../src/stress/process-pool.js";
import { projectFile } from "./helpers/cli.js";

/** What garbage, and code that V8 compiles as it goes, may add to either. */
const NOISE = 1.5;

test.serial("hundreds of runs leave no thread, file or handle behind, and no memory", async (t) => {
  const pool = await MeasuredPool.start();
  t.teardown(() => pool.close());
  await pool.makeRuns(60);
  const [before, ownBefore] = [await pool.footprint(), footprint()];
  await pool.makeRuns(300);
  const [after, ownAfter] = [await pool.footprint(), footprint()];

  for (const [one, other] of [
    [before, after],
    [ownBefore, ownAfter],
  ] as const) {
    const { pid, threads, files, handles } = one;
    t.like(other, { pid, threads, files, handles });
    t.true(other.heapMiB < NOISE * one.heapMiB, `${one.heapMiB} MiB, then ${other.heapMiB}`);
  }
  t.true(after.rssMiB < NOISE * before.rssMiB, `${before.rssMiB} MiB, then ${after.rssMiB}`);
});

/** What a thread that stands ready for the next peer has of each, and one that is about to end. */
const SPARE = { threads: 2, files: 8 };

test.serial("runs in lockstep, which have threads of their own, leave none behind", async (t) => {
  const pool = await MeasuredPool.start();
  t.teardown(() => pool.close());
  await pool.makeRuns(5, "lockstep");
  const before = await pool.footprint();
  await pool.makeRuns(20, "lockstep");
  const after = await pool.footprint();
  for (const what of ["threads", "files"] as const) {
    const [one = 0, other = 0] = [before[what], after[what]];
    t.true(other <= one + SPARE[what], `${what}: ${one}, then ${other}`);
  }
});

test.serial("a pool keeps nothing of a run that it has made", async (t) => {
  const casesFile = await bundleCases(projectFile("tests/fixtures/stress/cases.ts"));
  const program = await loadProgram(projectFile("tests/fixtures/stress/obedient.ts"));
  const quick = (await allCases(casesFile)).find(({ name }) => name === "TestQuick");
  if (!quick) throw new Error("TestQuick is gone");
  const pool = new ProcessPool({ program, casesFile, processes: 1 });
  t.teardown(() => pool.close());
  const made: WeakRef<RunResult>[] = [];
  for (let seed = 0; seed < 20; seed += 1) {
    const manner = { mode: "sim", schedule: "lively", check: true } as const;
    const { result } = await pool.run(quick, seed, manner, () => {});
    made.push(new WeakRef(result));
  }
  // V8 lets go of them at a second collection, a turn after the first.
  for (let times = 0; times < 2; times += 1) {
    footprint(); // collects
    await sleep(50);
  }
  const kept = made.filter((result) => result.deref() !== undefined).length;
  t.true(kept <= 1, `${kept} of ${made.length} are kept`); // the last may still be at hand
});
