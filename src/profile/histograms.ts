import { createHistogram, type Histogram, type RecordableHistogram } from "node:perf_hooks";

/** 2 minutes: what takes longer, the case's own limit ends. */
const LONGEST_NS = 120e9;

/**
 * A histogram of durations, in nanoseconds, exact to 1 %: Node's own, which is an HDR histogram. A thread
 * that is sent one shares it; what it has recorded outlives it.
 */
export function durations(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: LONGEST_NS, figures: 2 });
}

export function recordMs(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.min(LONGEST_NS, Math.max(1, Math.round(ms * 1e6))));
}

/** What a histogram of durations says, in milliseconds. */
export interface Durations {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export const NO_DURATIONS: Durations = { count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 };

/** @param lessMs taken off each figure but never below 0: the period of a timer whose lateness is asked for */
export function summary(histogram: Histogram | undefined, lessMs = 0): Durations {
  if (!histogram || histogram.count === 0) return NO_DURATIONS;
  const ms = (ns: number): number => Math.max(0, ns / 1e6 - lessMs);
  return {
    count: histogram.count,
    meanMs: ms(histogram.mean),
    p50Ms: ms(histogram.percentile(50)),
    p99Ms: ms(histogram.percentile(99)),
    p999Ms: ms(histogram.percentile(99.9)),
    maxMs: ms(histogram.max),
  };
}

/** All that was recorded in `histograms`, as one. */
export function merged(histograms: readonly RecordableHistogram[]): RecordableHistogram {
  const all = durations();
  for (const histogram of histograms) if (histogram.count > 0) all.add(histogram);
  return all;
}
