/** A thread that runs the lab's cases in `sim`, samples its stack meanwhile, and posts the samples. */
import type { Profiler } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { selectCases } from "../../src/harness/select.js";
import { labCases } from "../../src/lab/index.js";
import type { Program } from "../../src/peer/program.js";
import { StackSamples } from "../../src/profile/stack-samples.js";
import { HereRunner } from "../../src/stress/runner.js";

/** Samples of the first suite, in which V8 compiles everything, and of those after it. */
export interface ProfiledSuites {
  readonly first: Profiler.Profile;
  readonly later: Profiler.Profile;
  readonly laterCount: number;
}

const LATER_SUITES = 5;

const { program, run } = workerData as { program: Program; run: string };
const cases = selectCases(labCases, run);
const runner = new HereRunner(program);

const first = await sampled([1]);
const later = await sampled(Array.from({ length: LATER_SUITES }, (_, i) => 2 + i));
parentPort?.postMessage({ first, later, laterCount: LATER_SUITES } satisfies ProfiledSuites);
await runner.close();

/** Runs a suite for each seed. */
async function sampled(seeds: readonly number[]): Promise<Profiler.Profile> {
  const samples = new StackSamples();
  samples.begin();
  for (const seed of seeds) {
    for (const definition of cases) {
      await runner.run(definition, seed, { mode: "sim", schedule: "lively", check: true }, () => {});
    }
  }
  const profile = await samples.end();
  if (!profile) throw new Error("Node gave no samples of this thread's stack.");
  return profile;
}
