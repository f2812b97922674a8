import { Piscina } from "piscina";
import type { CaseDefinition, RunError } from "../harness/case.js";
import { titleLine } from "../harness/report.js";
import { ownFile } from "../peer/program.js";
import { brokenOff, endedItself, outOfMemory } from "./broken-off.js";
import type { RunSetup, ToldReport, WatchedTask } from "./run-worker.js";
import type { RunManner, Runner, RunReport } from "./runner.js";
import { Watch } from "./watch.js";

export interface RunPoolOptions extends RunSetup {
  /** Runs at once, each on a thread of its own. */
  readonly threads: number;
  /** Largest heap of one of these threads, in MiB. */
  readonly heapMiB?: number;
}

/**
 * Largest heap of a run, in MiB: far more than one needs, but below 2 GiB V8 takes the machine for a small one
 * and collects garbage so eagerly that a run takes a quarter longer.
 */
const HEAP_MIB = 2048;
/** Room for young objects, in MiB: runs make much garbage that dies at once. */
const YOUNG_MIB = 48;

/**
 * Threads that make runs, one at a time each. A run that hangs, runs out of memory or kills its thread is a
 * failed run; the pool goes on with a new thread.
 */
export class RunPool implements Runner {
  readonly #setup: RunSetup;
  readonly #piscina: Piscina;
  readonly #heapMiB: number;

  constructor({ threads, heapMiB = HEAP_MIB, program, casesFile }: RunPoolOptions) {
    this.#setup = { program, casesFile };
    this.#heapMiB = heapMiB;
    this.#piscina = new Piscina({
      filename: ownFile("../stress/run-worker"),
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: 60_000,
      // Its waiting threads would stand still, and what one case has left to throw would hit the next.
      atomics: "disabled",
      workerData: this.#setup,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    // A thread may die between two runs, of what a case has left behind; the next run gets a new one.
    this.#piscina.on("error", () => {});
  }

  /** To be called for no more runs at once than the pool has threads. Lines are told when the run has ended. */
  async run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport> {
    const startedAtMs = performance.now();
    const watch = new Watch({ program: this.#setup.program, heapMiB: this.#heapMiB });
    const task: WatchedTask = { name: definition.name, seed, manner, pulse: watch.pulse.buffer };
    try {
      const { lines, ...report }: ToldReport = await this.#piscina.run(task, { signal: watch.signal });
      for (const line of lines) tell(line);
      return report;
    } catch (error) {
      tell(titleLine(definition.title));
      const wallMs = performance.now() - startedAtMs;
      const failure = watch.broken ?? watch.atTurn(threadError(error, this.#heapMiB));
      return brokenOff(definition, seed, wallMs, failure);
    } finally {
      watch.stop();
    }
  }

  /** Ends every thread. Resolves when none is left. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}

function threadError(error: unknown, heapMiB: number): Omit<RunError, "atMs"> {
  const { code, message } = error as Error & { code?: string };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return outOfMemory(`${heapMiB} MiB of heap`);
  const exitCode = /^worker exited with code: (\d+)$/.exec(message)?.[1];
  if (exitCode !== undefined) return endedItself("thread", exitCode);
  return { kind: "exit", message: `the thread of the run died: ${message}` };
}
