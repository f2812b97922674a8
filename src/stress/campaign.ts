import type { CaseDefinition, RunResult } from "../harness/case.js";
import type { PlannedRun } from "./plan.js";
import type { RunManner, Runner, RunReport } from "./runner.js";
import { Tally } from "./tally.js";

export interface CampaignOptions {
  /** The cases in the order in which to show them. */
  readonly cases: readonly CaseDefinition[];
  /** The runs to make, in order; as many as time allows. */
  readonly plan: Iterable<PlannedRun>;
  readonly runner: Runner;
  readonly manner: RunManner;
  /** Runs at once. */
  readonly jobs: number;
  /** Begin no further run after this many ms of real time. */
  readonly forMs?: number | undefined;
  /** Begin no further run after the first failure. */
  readonly bail?: boolean;
  /** Looks into each failed run before it is counted. */
  readonly examine?: ((planned: PlannedRun, report: RunReport) => Promise<RunReport>) | undefined;
  /** Told each run's report when it is counted. Awaited before the next run begins in its place. */
  readonly onReport?: (planned: PlannedRun, report: RunReport) => void | Promise<void>;
}

/** Many runs, counted as they come: whatever ends a campaign, what was obtained so far is in its tally. */
export class Campaign {
  readonly tally: Tally;
  readonly #options: CampaignOptions;
  readonly #startedAtMs = performance.now();
  #isStopped = false;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.tally = new Tally(options.cases);
  }

  /** Real milliseconds since it began. */
  get wallMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** Makes the runs. Resolves when none is under way and none is to begin. */
  async run(): Promise<void> {
    const runs = this.#options.plan[Symbol.iterator]();
    const work = async (): Promise<void> => {
      while (!this.#isOver) {
        const { value: planned, done } = runs.next();
        if (done) return;
        await this.#make(planned);
      }
    };
    await Promise.all(Array.from({ length: this.#options.jobs }, work));
  }

  /** Begins no further run. */
  stop(): void {
    this.#isStopped = true;
  }

  get #isOver(): boolean {
    const { forMs = Number.POSITIVE_INFINITY } = this.#options;
    return this.#isStopped || this.wallMs >= forMs;
  }

  async #make(planned: PlannedRun): Promise<void> {
    const { runner, manner, bail, examine, onReport } = this.#options;
    const made = await runner.run(planned.definition, planned.seed, manner, () => {});
    const report = examine && isFailed(made.result) ? await examine(planned, made) : made;
    this.tally.add(report.result, report.events);
    if (bail && isFailed(report.result)) this.stop();
    await onReport?.(planned, report);
  }
}

export function isFailed({ status }: RunResult): boolean {
  return status === "failed";
}
