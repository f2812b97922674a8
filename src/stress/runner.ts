import type { CaseDefinition, RunResult } from "../harness/case.js";
import { logLine, titleLine } from "../harness/report.js";
import { runCase } from "../harness/runner.js";
import type { Program } from "../peer/program.js";
import type { Mode } from "../runtime/runtime.js";
import { Runtimes } from "../runtime/runtimes.js";
import type { ScheduleName } from "../runtime/schedule.js";
import { jsonLine } from "../trace/json-lines.js";

/** How a run is made, beside case and seed. Plain data. */
export interface RunManner {
  readonly mode: Mode;
  /** Of meaning in virtual time. */
  readonly schedule: ScheduleName;
  /** Whether the peers' own lines are told. */
  readonly verbose?: boolean;
  /** Whether the run's events are kept, as JSON lines. */
  readonly trace?: boolean;
}

/** What came of a run. Plain data. */
export interface RunReport {
  readonly result: RunResult;
  /** The run's events, a JSON line each, where asked for. */
  readonly trace?: readonly string[];
}

/** Makes runs: here, or on threads of a pool. */
export interface Runner {
  /**
   * Runs a case once. It never rejects for what a peer or the case does.
   * @param tell takes lines for the user: title, warnings and, where asked for, the peers' own lines
   */
  run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport>;
  /** Ends every thread. Resolves when none is left. */
  close(): Promise<void>;
}

/**
 * Makes runs on this thread: router, tester and, in `sim`, the peers. A peer that loops for ever in `sim`
 * takes this thread with it.
 */
export class HereRunner implements Runner {
  readonly #runtimes: Runtimes;

  constructor(program: Program) {
    this.#runtimes = new Runtimes(program);
  }

  async run(
    definition: CaseDefinition,
    seed: number,
    { mode, schedule, verbose, trace: wantsTrace }: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport> {
    const trace: string[] = [];
    const result = await runCase(definition, {
      runtime: this.#runtimes.runtime(mode, seed, schedule),
      seed,
      listeners: wantsTrace ? [(record) => trace.push(jsonLine(record))] : [],
      onTitle: (title) => tell(titleLine(title)),
      onWarning: (text) => tell(`  warning: ${text}`),
      ...(verbose ? { onLog: (line) => tell(logLine(line)) } : {}),
    });
    return wantsTrace ? { result, trace } : { result };
  }

  async close(): Promise<void> {
    await this.#runtimes.close();
  }
}
