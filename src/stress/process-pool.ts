import { totalmem } from "node:os";
import type { CaseDefinition, RunError } from "../harness/case.js";
import { titleLine } from "../harness/report.js";
import { brokenOff, caseIsStuck, endedItself, outOfMemory } from "./broken-off.js";
import { type Death, PoolProcess, STUCK_MS } from "./pool-process.js";
import type { ProcessSetup } from "./run-process.js";
import type { RunSetup } from "./run-worker.js";
import type { RunManner, Runner, RunReport } from "./runner.js";

export interface ProcessPoolOptions extends RunSetup {
  /** Runs at once, each in a process of its own. */
  readonly processes: number;
  /** Memory that one of them may have in use, in MiB. Default: enough, or its share where there is less. */
  readonly maxRssMiB?: number;
}

/** Memory that one of these processes may have in use, in MiB: ten times what the lab's cases need. */
const MAX_RSS_MIB = 1024;
/** What Node itself and one run need, with room to spare. */
const MIN_RSS_MIB = 384;

/**
 * Processes that make runs, one at a time each. A run that hangs, runs out of memory or ends its process is a
 * failed run; the pool goes on with a new process.
 *
 * Threads would share what a run can ruin: V8 ends the whole process when one thread of it asks for more
 * memory than it gets and cannot be stopped in time, which a growing array is enough for.
 */
export class ProcessPool implements Runner {
  readonly #setup: ProcessSetup;
  readonly #all = new Set<PoolProcess>();
  readonly #idle: PoolProcess[] = [];
  readonly #killAll = (): void => {
    for (const process of this.#all) process.kill();
  };

  constructor({ processes, program, casesFile, maxRssMiB = fairRssMiB(processes) }: ProcessPoolOptions) {
    this.#setup = { program, casesFile, maxRssMiB };
    process.on("exit", this.#killAll);
  }

  /** Makes as many runs at once as it is asked for. Lines are told when the run has ended. */
  async run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport> {
    const startedAtMs = performance.now();
    const process = this.#idle.pop() ?? this.#start();
    const outcome = await process.run({ name: definition.name, seed, manner });
    if ("cause" in outcome) {
      tell(titleLine(definition.title));
      const error = { ...errorOf(outcome, this.#setup.maxRssMiB), atMs: 0 };
      return brokenOff(definition, seed, performance.now() - startedAtMs, error);
    }
    const { lines, ...report } = outcome;
    for (const line of lines) tell(line);
    // What has broken off a thread may have left anything behind.
    if (report.isBrokenOff) process.kill();
    else this.#idle.push(process);
    return report;
  }

  /** Ends every process. Resolves when none is left. */
  async close(): Promise<void> {
    this.#killAll();
    await Promise.all([...this.#all].map(({ ended }) => ended));
    process.off("exit", this.#killAll);
  }

  #start(): PoolProcess {
    const fresh = new PoolProcess(this.#setup);
    this.#all.add(fresh);
    void fresh.ended.then(() => {
      this.#all.delete(fresh);
      const place = this.#idle.indexOf(fresh);
      if (place >= 0) this.#idle.splice(place, 1);
    });
    return fresh;
  }
}

/** A fair share of the memory there is, where that is less than a run may need at most. */
function fairRssMiB(processes: number): number {
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  const share = (0.8 * Math.min(totalmem(), limit)) / processes / 2 ** 20;
  return Math.round(Math.max(MIN_RSS_MIB, Math.min(MAX_RSS_MIB, share)));
}

/** What the end of its process means for a run. */
function errorOf({ cause, exitCode, signal, lastWords }: Death, rssMiB: number): Omit<RunError, "atMs"> {
  if (cause === "stuck") return caseIsStuck(STUCK_MS);
  if (cause === "too-large" || lastWords.includes("heap out of memory")) return outOfMemory(`${rssMiB} MiB`);
  const details = lastWords
    .split("\n")
    .filter((line) => line.trim() !== "")
    .slice(-MAX_DETAILS);
  if (signal !== null) return CRASHES.includes(signal) ? crashed(signal, details) : killed(signal);
  return { ...endedItself("process", String(exitCode)), details };
}

/** Lines of what a process wrote last, at most. */
const MAX_DETAILS = 10;

/** The signals that a process brings upon itself. */
const CRASHES: readonly string[] = ["SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"];

function crashed(signal: NodeJS.Signals, details: readonly string[]): Omit<RunError, "atMs"> {
  return { kind: "exit", message: `the process of the run crashed, with ${signal}`, details };
}

function killed(signal: NodeJS.Signals): Omit<RunError, "atMs"> {
  const hint = signal === "SIGKILL" ? ", as by a system that has no memory left" : "";
  return { kind: "killed", message: `the process of the run was ended from outside, by ${signal}${hint}` };
}
