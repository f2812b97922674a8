/** What a process of the matrix runs: every campaign against one bug. A mutant that hangs takes only this. */
import { loadProgram } from "../../src/peer/program.js";
import { MAX_SEED } from "../../src/runtime/random.js";
import { type CampaignResult, campaignCases, runCampaign } from "./campaign.js";
import { referenceSources, withMutant } from "./mutate.js";
import { zoo } from "./zoo.js";

/** What such a process is asked. Plain data. */
export interface BugTask {
  readonly bugName: string;
  readonly campaigns: number;
  /** CPU seconds of a campaign. */
  readonly budgetSeconds: number;
  /** Campaign k, from 0, takes its seeds from `seed + k * SEEDS_PER_CAMPAIGN` on. */
  readonly seed: number;
  /** By the name of the case. */
  readonly costs: Readonly<Record<string, number>>;
}

/** More than a campaign has runs. */
export const SEEDS_PER_CAMPAIGN = 1_000_000;

process.once("message", (task: BugTask) => {
  runCampaigns(task).then(
    (results) => process.send?.(results, () => process.disconnect()),
    (error: unknown) => {
      console.error(error);
      process.exitCode = 1;
      process.disconnect();
    },
  );
});

async function runCampaigns(task: BugTask): Promise<readonly CampaignResult[]> {
  const { bugName, campaigns, budgetSeconds, seed, costs } = task;
  const bug = zoo.find(({ name }) => name === bugName);
  if (!bug) throw new Error(`There is no bug ${bugName} in the zoo.`);
  const program = await withMutant(bug, await referenceSources(), loadProgram);
  const cases = campaignCases.map((definition) => ({ definition, cost: costs[definition.name] ?? 1 }));
  const results: CampaignResult[] = [];
  for (let k = 0; k < campaigns; k += 1) {
    const firstSeed = (seed + k * SEEDS_PER_CAMPAIGN) % (MAX_SEED + 1);
    results.push(await runCampaign({ program, cases, firstSeed, budgetSeconds }));
  }
  return results;
}
