import { writeFileSync } from "node:fs";
import ms from "ms";
import type { RunResult } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { githubAnnotations } from "../stress/annotations.js";
import type { Campaign } from "../stress/campaign.js";
import { junitXml } from "../stress/junit.js";
import type { SeedPlan } from "../stress/plan.js";
import { campaignReport } from "../stress/report.js";
import { type CampaignResults, RESULTS_VERSION } from "../stress/results-file.js";
import type { RunManner } from "../stress/runner.js";
import type { Tally } from "../stress/tally.js";
import { Progress } from "./progress.js";
import { colours } from "./terminal.js";

export interface CampaignOutputOptions {
  readonly program: Program;
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

/** All that a campaign tells its user: how far it is, failures as they come, and at its end the report. */
export class CampaignOutput {
  readonly #options: CampaignOutputOptions;
  readonly #progress: Progress;
  /** Where a failure left its bundle, by case and seed. */
  readonly #bundles = new Map<string, string>();
  #isFinished = false;

  constructor(options: CampaignOutputOptions) {
    this.#options = options;
    this.#progress = new Progress({ quiet: options.isQuiet });
  }

  progress(campaign: Campaign, caseName: string): void {
    if (this.#isFinished) return;
    this.#progress.update(() => this.#progressLine(campaign, caseName));
  }

  /** A line that stays. */
  say(line: string): void {
    if (this.#isFinished) return;
    this.#progress.clear();
    console.log(line);
  }

  failed(result: RunResult, bundle: string): void {
    const { name, seed, error } = result;
    const verdict = error?.verdict ? ` [${error.verdict.class}]` : "";
    this.#bundles.set(keyOf(result), bundle);
    this.say(colours.red(`${name} seed ${seed}: ${error?.message.split("\n")[0]}${verdict}`));
    this.say(`  ${bundle}`);
  }

  /**
   * Prints the report and writes the files.
   * @returns the exit code: 0, 1 if a run failed, 2 if none did but a file could not be written
   */
  finish(campaign: Campaign, { isInterrupted }: { isInterrupted: boolean }): number {
    this.#progress.clear();
    this.#isFinished = true;
    const { tally } = campaign;
    const bundleOf = (result: RunResult): string | undefined => this.#bundles.get(keyOf(result));
    for (const line of campaignReport(tally, { ...this.#options, bundleOf })) console.log(line);
    console.log(
      `${tally.runs} runs in ${ms(Math.round(campaign.wallMs))}${isInterrupted ? ", interrupted" : ""}`,
    );
    const results = this.#results(campaign, isInterrupted);
    return finishFiles(tally, results, this.#options);
  }

  #results(campaign: Campaign, isInterrupted: boolean): CampaignResults {
    const { program, manner, plan } = this.#options;
    const { first, last, shard } = plan;
    return {
      version: RESULTS_VERSION,
      mode: manner.mode,
      schedule: manner.schedule,
      check: manner.check,
      seeds: { first, last },
      shards: [`shard ${shard.index} of ${shard.of} of seeds ${first}..${last}`],
      raft: { path: program.raftPath, hash: program.hash },
      wallMs: campaign.wallMs,
      isInterrupted,
      ...campaign.tally.toData(),
    };
  }

  #progressLine({ tally, wallMs }: Campaign, caseName: string): string {
    const { planned, forMs } = this.#options;
    const rate = tally.runs / (wallMs / 1000);
    const leftMs = forMs === undefined ? (1000 * ((planned ?? 0) - tally.runs)) / rate : forMs - wallMs;
    const of = planned === undefined ? "" : ` of ${planned}`;
    return [
      `${tally.runs}${of} runs`,
      `${rate.toFixed(1)}/s`,
      `${tally.failed} failed`,
      `${ms(Math.max(0, Math.round(leftMs)))} left`,
      caseName,
    ].join(", ");
  }
}

function keyOf({ name, seed }: RunResult): string {
  return `${name} ${seed}`;
}

/**
 * Writes the files of a tally that was printed already, so a disk that is full costs the file and no more.
 * @returns the exit code: 0, 1 if a run failed, 2 if none did but a file could not be written
 */
export function finishFiles(
  tally: Tally,
  results: CampaignResults,
  { json, junit }: { json: string | undefined; junit: string | undefined },
): number {
  if (process.env.GITHUB_ACTIONS === "true") for (const line of githubAnnotations(tally)) console.log(line);
  const jsonWritten = json === undefined || written(json, () => `${JSON.stringify(results, null, 2)}\n`);
  const junitWritten = junit === undefined || written(junit, () => junitXml(tally));
  if (tally.failed > 0) return 1;
  return jsonWritten && junitWritten ? 0 : 2;
}

function written(file: string, text: () => string): boolean {
  try {
    writeFileSync(file, text());
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`whitewater: the results could not be written to ${file}: ${reason}`);
    return false;
  }
}
