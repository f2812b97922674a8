import type { CaseDefinition } from "../harness/case.js";

/** Seeds of a campaign. Two shards of one campaign share none. */
export interface SeedPlan {
  /** The first seed of the whole campaign. */
  readonly first: number;
  /** The last one, included. */
  readonly last: number;
  /** This campaign runs each `of`-th seed, beginning at the `index`-th: 1 of 1 is all of them. */
  readonly shard: Shard;
}

export interface Shard {
  /** From 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Shard = { index: 1, of: 1 };

/** One run that a campaign makes. */
export interface PlannedRun {
  readonly definition: CaseDefinition;
  readonly seed: number;
}

/** How many seeds the plan has. */
export function seedCount(plan: SeedPlan): number {
  return Math.max(0, Math.floor((plan.last - firstSeed(plan)) / plan.shard.of) + 1);
}

/** All runs of a campaign, seed by seed: broken off at any time, each case has had as many runs as the others. */
export function* plannedRuns(cases: readonly CaseDefinition[], plan: SeedPlan): Generator<PlannedRun> {
  for (let seed = firstSeed(plan); seed <= plan.last; seed += plan.shard.of) {
    for (const definition of cases) yield { definition, seed };
  }
}

/** Whether some seed is in both plans. */
export function shareSeed(a: SeedPlan, b: SeedPlan): boolean {
  const from = Math.max(firstSeed(a), firstSeed(b));
  const to = Math.min(a.last, b.last);
  // The first of a's seeds that b may have as well; after b's stride of them, their places in b's repeat.
  const begin = firstSeed(a) + Math.ceil((from - firstSeed(a)) / a.shard.of) * a.shard.of;
  for (let i = 0; i < b.shard.of; i += 1) {
    const seed = begin + i * a.shard.of;
    if (seed > to) return false;
    if ((seed - firstSeed(b)) % b.shard.of === 0) return true;
  }
  return false;
}

function firstSeed({ first, shard }: SeedPlan): number {
  return first + shard.index - 1;
}
