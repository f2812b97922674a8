import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import { signatureOf } from "./signature.js";

/** What takes longer counts as this long: an hour, which no run lasts. */
const MAX_DURATION_MS = 3_600_000;

/** What a campaign keeps of the runs of one case. */
export interface CaseTally {
  readonly name: string;
  readonly part: string;
  readonly title: string;
  readonly peers: number;
  runs: number;
  failed: number;
  rpcs: number;
  /** Events of the runs' traces. */
  events: number;
  /** Real milliseconds that the runs took, one by one. */
  wallMs: number;
  /** Durations of the runs in ms of the mode's own time. */
  readonly durationMs: Histogram;
  /** In how many runs each warning was given. */
  readonly warnings: Map<string, number>;
}

/** What was odd and failed nothing. */
export interface WarningTally {
  readonly text: string;
  /** In how many runs it was given. */
  readonly runs: number;
}

/** Failures of one signature. */
export interface FailureGroup {
  readonly signature: string;
  count: number;
  /** The one with the smallest seed: the same whatever the order in which runs ended. */
  example: RunResult;
  /** Where the example is kept, if it is: the path as it was where it ran. */
  bundle?: string | undefined;
}

/** A tally as plain data, for a file of results. */
export interface TallyData {
  /** Of each case of the campaign, in the order in which to show them; some may have had no run. */
  readonly cases: readonly CaseData[];
  readonly groups: readonly FailureGroup[];
}

export interface CaseData extends Omit<CaseTally, "durationMs" | "warnings"> {
  readonly durationMs: string;
  readonly warnings: readonly WarningTally[];
}

/** Warnings of a case that are counted by their text: one that says another number each time must not fill the memory. */
const MAX_WARNINGS = 20;

/** Counts the runs of a campaign. Bounded in size, whatever the number of runs; two of them can be merged. */
export class Tally {
  readonly #cases = new Map<string, CaseTally>();
  readonly #groups = new Map<string, FailureGroup>();

  /** @param order the cases that are to come, in the order in which to show them */
  constructor(order: readonly CaseDefinition[] = []) {
    for (const { name, part, title, servers } of order) this.#tallyOf({ name, part, title, peers: servers });
  }

  /** Of each case that has had a run. */
  get cases(): readonly CaseTally[] {
    return [...this.#cases.values()].filter(({ runs }) => runs > 0);
  }

  /** The most frequent first. */
  get groups(): readonly FailureGroup[] {
    return [...this.#groups.values()].sort(
      (a, b) => b.count - a.count || a.signature.localeCompare(b.signature),
    );
  }

  /** Those of all cases, the most frequent first. */
  get warnings(): readonly WarningTally[] {
    const all = new Map<string, number>();
    for (const { warnings } of this.#cases.values())
      for (const [text, runs] of warnings) count(all, text, runs);
    return sorted(all);
  }

  get runs(): number {
    return this.#sum(({ runs }) => runs);
  }

  get failed(): number {
    return this.#sum(({ failed }) => failed);
  }

  /** @param events of the run's trace */
  add(result: RunResult, events: number): void {
    const tally = this.#tallyOf(result);
    tally.runs += 1;
    tally.rpcs += result.rpcs;
    tally.events += events;
    tally.wallMs += result.wallMs;
    tally.durationMs.recordValue(Math.min(MAX_DURATION_MS, Math.max(1, Math.round(result.seconds * 1000))));
    for (const text of result.warnings ?? []) this.#warn(tally, text, 1);
    if (result.status === "passed") return;
    tally.failed += 1;
    this.#addFailures({ signature: signatureOf(result), count: 1, example: result });
  }

  /** A run that was counted as failed is kept in a bundle. */
  kept(result: RunResult, bundle: string): void {
    const group = this.#groups.get(signatureOf(result));
    if (group?.example.seed === result.seed) group.bundle = bundle;
  }

  /**
   * Adds what another campaign has counted.
   * @throws {Error} if a histogram is none
   */
  merge({ cases, groups }: TallyData): void {
    for (const { durationMs, warnings, ...other } of cases) {
      const tally = this.#tallyOf(other);
      tally.runs += other.runs;
      tally.failed += other.failed;
      tally.rpcs += other.rpcs;
      tally.events += other.events;
      tally.wallMs += other.wallMs;
      tally.durationMs.add(decodeFromCompressedBase64(durationMs));
      for (const { text, runs } of warnings) this.#warn(tally, text, runs);
    }
    for (const group of groups) this.#addFailures(group);
  }

  toData(): TallyData {
    const cases = [...this.#cases.values()].map((tally) => ({
      ...tally,
      durationMs: encodeIntoCompressedBase64(tally.durationMs),
      warnings: sorted(tally.warnings),
    }));
    return { cases, groups: this.groups };
  }

  #sum(of: (tally: CaseTally) => number): number {
    return this.cases.reduce((sum, tally) => sum + of(tally), 0);
  }

  #tallyOf({ name, part, title, peers }: Pick<CaseTally, "name" | "part" | "title" | "peers">): CaseTally {
    const known = this.#cases.get(name);
    if (known) return known;
    const nothing = { runs: 0, failed: 0, rpcs: 0, events: 0, wallMs: 0 };
    const kept = { durationMs: newHistogram(), warnings: new Map<string, number>() };
    const fresh: CaseTally = { name, part, title, peers, ...nothing, ...kept };
    this.#cases.set(name, fresh);
    return fresh;
  }

  #warn({ warnings }: CaseTally, text: string, runs: number): void {
    if (warnings.has(text) || warnings.size < MAX_WARNINGS) count(warnings, text, runs);
  }

  #addFailures(group: FailureGroup): void {
    const known = this.#groups.get(group.signature);
    if (!known) {
      this.#groups.set(group.signature, { ...group });
      return;
    }
    known.count += group.count;
    if (group.example.seed >= known.example.seed) return;
    known.example = group.example;
    known.bundle = group.bundle;
  }
}

function count(counts: Map<string, number>, text: string, runs: number): void {
  counts.set(text, (counts.get(text) ?? 0) + runs);
}

function sorted(counts: ReadonlyMap<string, number>): readonly WarningTally[] {
  return [...counts]
    .map(([text, runs]) => ({ text, runs }))
    .sort((a, b) => b.runs - a.runs || a.text.localeCompare(b.text));
}

/** All of one size, so that the same runs come to the same histogram, however they were merged. */
function newHistogram(): Histogram {
  return build({ lowestDiscernibleValue: 1, highestTrackableValue: MAX_DURATION_MS, autoResize: false });
}
