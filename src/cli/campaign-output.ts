import { canReplace, writeWhole } from "../files.js";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { githubAnnotations } from "../stress/annotations.js";
import type { Campaign } from "../stress/campaign.js";
import { junitXml } from "../stress/junit.js";
import type { SeedPlan } from "../stress/plan.js";
import { campaignReport } from "../stress/report.js";
import { type CampaignResults, RESULTS_VERSION } from "../stress/results-file.js";
import type { RunManner } from "../stress/runner.js";
import type { Tally } from "../stress/tally.js";
import { counted } from "../text/counted.js";
import { shownDuration } from "../text/duration.js";
import { printable } from "../text/printable.js";
import { Progress } from "./progress.js";
import { colours } from "./terminal.js";
import { Warnings } from "./warnings.js";

export interface CampaignOutputOptions {
  readonly program: Program;
  readonly cases: readonly CaseDefinition[];
  readonly manner: RunManner;
  readonly plan: SeedPlan;
  /** How many runs there are to be; `undefined` where time decides. */
  readonly planned: number | undefined;
  /** How long the campaign is to run, where time decides. */
  readonly forMs: number | undefined;
  readonly replayArgs: readonly string[];
  readonly isQuiet: boolean;
  /** Files for the results. */
  readonly json: string | undefined;
  readonly junit: string | undefined;
}

/** How often it is looked whether the progress line is due, in ms of real time. */
const TICK_MS = 500;
/** How often what was found so far is written to the file of `--json`, in ms of real time. */
const SAVE_EVERY_MS = 30_000;

/** All that a campaign tells its user: how far it is, failures as they come, and at its end the report. */
export class CampaignOutput {
  readonly #campaign: Campaign;
  readonly #options: CampaignOutputOptions;
  readonly #progress: Progress;
  readonly #ticks: NodeJS.Timeout;
  readonly #warnings = new Warnings();
  #lastSavedAtMs = performance.now();
  #lastCase = "";
  #isFinished = false;

  constructor(campaign: Campaign, options: CampaignOutputOptions) {
    this.#campaign = campaign;
    this.#options = options;
    this.#progress = new Progress({ quiet: options.isQuiet });
    this.#ticks = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** A run has ended. */
  ran(result: RunResult): void {
    this.#lastCase = result.name;
    for (const line of this.#warnings.linesOf(result)) this.say(line);
    if (!this.#isFinished) this.#progress.update(() => this.#progressLine());
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#isFinished) return;
    this.#progress.clear();
    console.log(line);
  }

  /** A run has failed. @param bundle where it is kept; of a kind that is known well enough it is not, nor told */
  failed(result: RunResult, bundle: string | undefined): void {
    if (bundle === undefined) return;
    const { name, seed, error } = result;
    const verdict = error?.verdict ? ` [${error.verdict.class}]` : "";
    this.#campaign.tally.kept(result, bundle);
    const [firstLine = ""] = (error?.message ?? "").split("\n");
    this.say(colours.red(`${name} seed ${seed}: ${printable(firstLine)}${verdict}`));
    this.say(`  ${bundle}`);
  }

  /**
   * Prints the report and writes the files.
   * @returns the exit code: 2 if a file could not be written, else 1 if a run failed, else 0
   */
  finish({ isInterrupted }: { isInterrupted: boolean }): number {
    clearInterval(this.#ticks);
    this.#progress.clear();
    this.#isFinished = true;
    const { tally, wallMs } = this.#campaign;
    for (const line of campaignReport(tally, this.#options)) console.log(line);
    const took = shownDuration(wallMs);
    const isBailed = !isInterrupted && this.#hasLeftRuns();
    const end = isInterrupted ? ", interrupted" : isBailed ? ", ended at a failure" : "";
    console.log(`${counted(tally.runs, "run")} in ${took}${end}`);
    return finishFiles(tally, this.#results(isInterrupted || isBailed), this.#options);
  }

  /** Whether it was stopped, as by `--bail`, with runs of its plan left. */
  #hasLeftRuns(): boolean {
    const { planned = Number.POSITIVE_INFINITY } = this.#options;
    return this.#campaign.isStopped && this.#campaign.tally.runs < planned;
  }

  #tick(): void {
    this.#progress.update(() => this.#progressLine());
    if (performance.now() - this.#lastSavedAtMs >= SAVE_EVERY_MS) this.#save();
  }

  /** So that a machine that loses its power, or kills us for our memory, takes half a minute and no more. */
  #save(): void {
    const { json } = this.#options;
    this.#lastSavedAtMs = performance.now();
    if (json === undefined || !canReplace(json)) return;
    const reason = writeWhole(json, resultsText(this.#results(true)));
    if (reason === undefined) return;
    this.#lastSavedAtMs = Number.POSITIVE_INFINITY;
    this.say(
      `whitewater: what was found so far could not be written to ${json}: ${reason}. It is tried again at the end.`,
    );
  }

  #results(isInterrupted: boolean): CampaignResults {
    const { program, manner, plan, replayArgs, cases } = this.#options;
    const { tally, wallMs, lastSeed } = this.#campaign;
    const done = lastSeed === undefined ? {} : { lastSeed };
    return {
      version: RESULTS_VERSION,
      mode: manner.mode,
      schedule: manner.schedule,
      check: manner.check,
      raft: { path: program.raftPath, hash: program.hash },
      replayArgs,
      parts: [{ cases: cases.map(({ name }) => name), plan, ...done, isInterrupted }],
      wallMs,
      ...tally.toData(),
    };
  }

  #progressLine(): string {
    const { planned } = this.#options;
    const { tally, wallMs } = this.#campaign;
    const runs =
      planned === undefined ? counted(tally.runs, "run") : `${tally.runs} of ${counted(planned, "run")}`;
    const rate = tally.runs / (wallMs / 1000);
    return [
      runs,
      `${rate.toFixed(1)}/s`,
      `${tally.failed} failed`,
      ...this.#leftText(rate),
      ...(this.#lastCase === "" ? [] : [this.#lastCase]),
    ].join(", ");
  }

  /** How long it still takes; nothing while that is unknown. */
  #leftText(rate: number): readonly string[] {
    const { planned = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY } = this.#options;
    const { tally, wallMs } = this.#campaign;
    const leftMs = Math.min((1000 * (planned - tally.runs)) / rate, forMs - wallMs);
    return Number.isFinite(leftMs) ? [`${shownDuration(Math.max(0, leftMs))} left`] : [];
  }
}

/**
 * Writes the files of a tally that was printed already, so a disk that is full costs the file and no more.
 * @returns the exit code: 2 if a file could not be written, else 1 if a run failed, else 0
 */
export function finishFiles(
  tally: Tally,
  results: CampaignResults,
  { json, junit }: { json: string | undefined; junit: string | undefined },
): number {
  if (process.env.GITHUB_ACTIONS === "true") for (const line of githubAnnotations(tally)) console.log(line);
  const jsonWritten = json === undefined || written(json, resultsText(results));
  const junitWritten = junit === undefined || written(junit, junitXml(tally));
  if (!jsonWritten || !junitWritten) return 2; // whoever asked for them would take the failures for the whole
  return tally.failed > 0 ? 1 : 0;
}

function resultsText(results: CampaignResults): string {
  return `${JSON.stringify(results, null, 2)}\n`;
}

function written(file: string, text: string): boolean {
  const reason = writeWhole(file, text);
  if (reason === undefined) return true;
  console.error(`whitewater: the results could not be written to ${file}: ${reason}`);
  return false;
}
