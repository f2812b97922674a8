import type { CaseDefinition } from "../../src/harness/case.js";
import { MAX_SEED } from "../../src/runtime/random.js";

/** One run to make. */
export interface Pair {
  readonly definition: CaseDefinition;
  readonly seed: number;
}

/** A case, and what a run of it costs in whatever unit: only ratios count. */
export interface CostedCase {
  readonly definition: CaseDefinition;
  readonly cost: number;
}

/**
 * Runs without end, in an order that finds bugs soon: short cases come first and more often, for most bugs
 * need no more; but long ones are not left to the end, for some bugs need just those. A case that costs
 * a hundred times as much as another is run a tenth as often. The order depends on nothing but the costs.
 * @param firstSeed of the first run; each later one has the next, and 0 follows the largest
 */
export function* interleaved(cases: readonly CostedCase[], firstSeed: number): Generator<Pair, never> {
  const queue = cases.map(({ definition, cost }) => ({
    definition,
    stride: Math.sqrt(cost),
    due: Math.sqrt(cost),
  }));
  for (let seed = firstSeed; ; seed = seed === MAX_SEED ? 0 : seed + 1) {
    const next = queue.reduce((first, other) => (other.due < first.due ? other : first));
    next.due += next.stride;
    yield { definition: next.definition, seed };
  }
}
