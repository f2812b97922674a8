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
export function seedCount({ first, last, shard }: SeedPlan): number {
  return Math.max(0, Math.ceil((last - first + 1 - (shard.index - 1)) / shard.of));
}

/** All runs of a campaign, seed by seed: broken off at any time, each case has had as many runs as the others. */
export function* plannedRuns(cases: readonly CaseDefinition[], plan: SeedPlan): Generator<PlannedRun> {
  const { first, last, shard } = plan;
  for (let seed = first + shard.index - 1; seed <= last; seed += shard.of) {
    for (const definition of cases) yield { definition, seed };
  }
}
