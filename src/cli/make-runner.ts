import type { CasesFile } from "../lab/cases-file.js";
import { isDebugged } from "../peer/debugged.js";
import type { Program } from "../peer/program.js";
import { usableCores } from "../runtime/cores.js";
import type { Mode } from "../runtime/runtime.js";
import { RunPool } from "../stress/run-pool.js";
import type { Runner } from "../stress/runner.js";

export interface RunnerOptions {
  readonly mode: Mode;
  /** Runs at once. */
  readonly jobs: number;
  /** The user's file of cases, if there is one. */
  readonly casesFile: CasesFile | undefined;
}

/**
 * The runner of a command. `sim` runs on threads of a pool, where a watchdog can end a peer that loops for
 * ever; but on this thread under a debugger, so that it stops in raft.ts. The other modes have threads of
 * their own.
 * @param program may still be on its way: the threads of the pool boot meanwhile
 * @throws {BundleError} where there is no pool, if the program does not load; else the first run does
 */
export async function makeRunner(
  program: Promise<Program>,
  { mode, jobs, casesFile }: RunnerOptions,
): Promise<Runner> {
  if (mode === "sim" && !isDebugged()) {
    const pool = new RunPool({ program, casesFile, threads: jobs });
    pool.boot();
    return pool;
  }
  // With all that a run needs: a pool loads it elsewhere.
  const [{ HereRunner }, loaded] = await Promise.all([import("../stress/runner.js"), program]);
  return new HereRunner(loaded);
}

/**
 * Cases at once in the mode `threads`. The suite mostly sleeps, so it is the longest case that bounds its time
 * from here on: 8 at once save few seconds more, and fail cases on 2 cores at a load average of 20; 4 do not.
 */
const JOBS_ON_THREADS = 4;

/**
 * Up to so many runs in `sim` go to half of the cores. V8 compiles for each thread anew, on cores of its own
 * choice: on 2 of them, one suite takes 1.8 s on one thread and 2.1 s on two.
 */
export const FEW_RUNS = 100;

/**
 * Runs at once unless told otherwise, of so many in all. In `lockstep` one thread runs at a time, so more would
 * gain nothing; under a debugger, whoever steps through one run wants no other between.
 */
export function defaultJobs(mode: Mode, runs = Number.POSITIVE_INFINITY): number {
  switch (mode) {
    case "threads":
      return JOBS_ON_THREADS;
    case "lockstep":
      return 1;
    case "sim":
      if (isDebugged()) return 1;
      return runs > FEW_RUNS ? usableCores() : Math.ceil(usableCores() / 2);
    default:
      return mode satisfies never;
  }
}
