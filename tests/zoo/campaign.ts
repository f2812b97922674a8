import { attachedChecker } from "../../src/check/attach.js";
import type { CaseDefinition, RunResult } from "../../src/harness/case.js";
import { runCase } from "../../src/harness/runner.js";
import { extraCases, labCases } from "../../src/lab/index.js";
import type { Program } from "../../src/peer/program.js";
import { Sim } from "../../src/runtime/sim.js";
import { type CostedCase, interleaved } from "./order.js";

/** What a campaign runs: the lab's cases, and those that fill their gaps. */
export const campaignCases: readonly CaseDefinition[] = [...labCases, ...extraCases];

/** What noticed a bug first. */
export interface Catch {
  readonly caseName: string;
  readonly seed: number;
  /** The kind of the failure: `check`, `apply`, the name of a checker's rule, and so on. */
  readonly kind: string;
  readonly message: string;
}

/** What came of one campaign: runs until the first failure, or until the budget was used. */
export interface CampaignResult {
  readonly runs: number;
  /** Of this process, in user and system mode, loading of the mutant left out. */
  readonly cpuSeconds: number;
  /** The first failure, if it came within the budget. */
  readonly caught: Catch | undefined;
}

export interface CampaignOptions {
  readonly program: Program;
  readonly cases: readonly CostedCase[];
  readonly firstSeed: number;
  /** CPU seconds. The run in which they end is brought to its end, and then does not count. */
  readonly budgetSeconds: number;
}

/** Runs pairs of case and seed in `sim`, one after another. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { program, cases, firstSeed, budgetSeconds } = options;
  const sim = new Sim(program);
  const began = process.cpuUsage();
  let runs = 0;
  for (const { definition, seed } of interleaved(cases, firstSeed)) {
    const result = await runChecked(definition, sim, seed);
    runs += 1;
    const cpuSeconds = cpuSecondsSince(began);
    const isLate = cpuSeconds > budgetSeconds;
    const caught = isLate ? undefined : catchOf(result);
    if (caught || isLate) return { runs, cpuSeconds, caught };
  }
  throw new Error("the runs never end of themselves");
}

/** Runs a case once, with the checkers looking on: the first rule that is broken fails it. */
export async function runChecked(definition: CaseDefinition, sim: Sim, seed: number): Promise<RunResult> {
  const { onConfig, listener } = attachedChecker();
  return await runCase(definition, { runtime: sim.runtime(seed), seed, onConfig, listeners: [listener] });
}

function catchOf({ name, seed, error }: RunResult): Catch | undefined {
  if (!error) return undefined;
  return { caseName: name, seed, kind: error.rule ?? error.kind, message: error.message };
}

function cpuSecondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}
