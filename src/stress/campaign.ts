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
  /** Failed runs that are being looked into, and are not counted yet. */
  readonly #inExamination = new Map<PlannedRun, RunReport>();
  #lastSeed: number | undefined;
  #isStopped = false;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.tally = new Tally(options.cases);
  }

  /** Real milliseconds since it began. */
  get wallMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** The highest seed of which a run was begun. */
  get lastSeed(): number | undefined {
    return this.#lastSeed;
  }

  /** Whether it was told to begin no further run, if there were any. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Makes the runs. Resolves when none is under way and none is to begin. */
  async run(): Promise<void> {
    const runs = this.#options.plan[Symbol.iterator]();
    const work = async (): Promise<void> => {
      while (!this.#isOver) {
        const { value: planned, done } = runs.next();
        if (done) return;
        this.#lastSeed = Math.max(planned.seed, this.#lastSeed ?? 0);
        await this.#make(planned);
      }
    };
    await Promise.all(Array.from({ length: this.#options.jobs }, work));
  }

  /** Begins no further run. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Ends it on the spot. What is still under way does not count any more; failures that are being looked
   * into count at once, as they are.
   * @returns these
   */
  breakOff(): readonly RunReport[] {
    this.stop();
    const unexamined = [...this.#inExamination.values()];
    this.#inExamination.clear();
    for (const { result, events } of unexamined) this.tally.add(result, events);
    return unexamined;
  }

  get #isOver(): boolean {
    const { forMs = Number.POSITIVE_INFINITY } = this.#options;
    return this.#isStopped || this.wallMs >= forMs;
  }

  async #make(planned: PlannedRun): Promise<void> {
    const { runner, manner, bail, onReport } = this.#options;
    const made = await runner.run(planned.definition, planned.seed, manner, () => {});
    if (bail && isFailed(made.result)) this.stop();
    const report = await this.#examined(planned, made);
    if (!report) return;
    this.tally.add(report.result, report.events);
    await onReport?.(planned, report);
  }

  /** @returns `undefined` if the campaign was broken off meanwhile, and has counted the run */
  async #examined(planned: PlannedRun, report: RunReport): Promise<RunReport | undefined> {
    const { examine } = this.#options;
    if (!examine || !isFailed(report.result)) return report;
    this.#inExamination.set(planned, report);
    const examined = await examine(planned, report);
    return this.#inExamination.delete(planned) ? examined : undefined;
  }
}

export function isFailed({ status }: RunResult): boolean {
  return status === "failed";
}
