import { Bench } from "tinybench";
import type { Comparison } from "./bench.js";

/** One of two things to compare. */
export interface Contestant {
  /** Makes ready for each `run`; its time does not count. */
  readonly before?: () => Promise<void>;
  /**
   * Does it once. Its time is taken from outside, unless it knows better: a thread that has timed itself
   * returns `{ overriddenDuration }`, in ms.
   */
  readonly run: () => Promise<unknown>;
  /** Cleans up after each `run`; its time does not count. */
  readonly after?: () => Promise<void>;
}

export interface RoundsOptions {
  /** Rounds that count. */
  readonly rounds: number;
  /** Rounds before them that do not, for compilers to warm up. */
  readonly warmUpRounds: number;
  /** Runs of each contestant in a round, one after another; their median is its cost in that round. */
  readonly runsPerRound: number;
}

/** What the two contestants took in one round, in ms. */
export interface RoundCosts {
  readonly whatMs: number;
  readonly againstMs: number;
}

/**
 * Compares two contestants that take turns, so that whatever else the machine does hits both. Who begins
 * a round alternates, for the first may find the machine in another state than the second.
 */
export async function compare(
  what: Contestant,
  against: Contestant,
  { rounds, warmUpRounds, runsPerRound }: RoundsOptions,
): Promise<Comparison> {
  const costs: RoundCosts[] = [];
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    const isWhatFirst = round % 2 === 0;
    const first = await costMs(isWhatFirst ? what : against, runsPerRound);
    const second = await costMs(isWhatFirst ? against : what, runsPerRound);
    if (round < warmUpRounds) continue;
    costs.push(isWhatFirst ? { whatMs: first, againstMs: second } : { whatMs: second, againstMs: first });
  }
  return comparisonOf(costs);
}

/** What came of each round, in figures. */
export function comparisonOf(costs: readonly RoundCosts[]): Comparison {
  const ratios = costs.map(({ whatMs, againstMs }) => whatMs / againstMs);
  return {
    ratio: quantile(ratios, 0.5),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    rounds: costs.length,
    whatMs: quantile(
      costs.map(({ whatMs }) => whatMs),
      0.5,
    ),
    againstMs: quantile(
      costs.map(({ againstMs }) => againstMs),
      0.5,
    ),
  };
}

/** Median cost of `runs` runs, in ms. */
async function costMs({ before, run, after }: Contestant, runs: number): Promise<number> {
  const bench = new Bench({ time: 0, iterations: runs, warmup: false, throws: true });
  bench.add("run", run, {
    async: true,
    ...(before ? { beforeEach: before } : {}),
    ...(after ? { afterEach: after } : {}),
  });
  const [task] = await bench.run();
  if (task?.result.state !== "completed")
    throw new Error(`The run was not completed: ${task?.result.state}.`);
  return task.result.latency.p50;
}

/** The value below which `fraction` of the values lie, between the two nearest. */
function quantile(values: readonly number[], fraction: number): number {
  const ascending = [...values].sort((a, b) => a - b);
  const place = (ascending.length - 1) * fraction;
  const below = ascending[Math.floor(place)] ?? Number.NaN;
  const above = ascending[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
