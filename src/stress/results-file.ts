import { readFileSync } from "node:fs";
import { UsageError } from "../errors.js";
import { messageOf } from "../text/message.js";
import { type SeedPlan, shareSeed } from "./plan.js";
import type { RunManner } from "./runner.js";
import { checkShape, resultsSchema } from "./schemas.js";
import { Tally, type TallyData } from "./tally.js";

/** The form of a file of results; raised when it changes. */
export const RESULTS_VERSION = 2;

/** What `stress --json` writes and `merge` reads. */
export interface CampaignResults extends TallyData {
  readonly version: number;
  readonly mode: RunManner["mode"];
  readonly schedule: RunManner["schedule"];
  readonly check: boolean;
  readonly raft: { readonly path: string; readonly hash: string };
  /** Arguments that a replay needs beside case, mode, schedule and seed. */
  readonly replayArgs: readonly string[];
  /** The campaigns whose sum this is: one, until files are merged. */
  readonly parts: readonly CampaignPart[];
  /** Real milliseconds; of merged results, the sum. */
  readonly wallMs: number;
}

/** One campaign, by what it was to run and how far it came. */
export interface CampaignPart {
  /** Names of the cases. */
  readonly cases: readonly string[];
  readonly plan: SeedPlan;
  /** The highest seed of which a run was begun; absent where none was. */
  readonly lastSeed?: number;
  /** Whether it was broken off before its plan, or its time, was done. */
  readonly isInterrupted: boolean;
}

/**
 * Reads a file of results.
 * @throws {UsageError} if there is none, or it is something else
 */
export function readResults(file: string): CampaignResults {
  const results = parsed(file);
  if (results.version !== RESULTS_VERSION) {
    throw new UsageError(
      `${file} holds no results of this version of \`stress --json\`: its version is ${String(results.version)}, this is version ${RESULTS_VERSION}.`,
    );
  }
  try {
    checkShape(resultsSchema, results);
    new Tally().merge(results as CampaignResults); // its histograms are text, which the schema does not read
  } catch (error) {
    throw new UsageError(`${file} is damaged: ${messageOf(error)}`);
  }
  return results as CampaignResults;
}

function parsed(file: string): Partial<CampaignResults> {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) ?? {}) as Partial<CampaignResults>;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Checks that the files are parts of one campaign, and that no run is in two of them.
 * @param files by name, at least one
 * @throws {UsageError} otherwise
 */
export function checkMergeable(files: readonly (readonly [string, CampaignResults])[]): void {
  const [first, ...others] = files;
  if (!first) throw new UsageError("merge takes at least one file that stress --json has written.");
  const [firstName, { raft }] = first;
  for (const [name, other] of others) {
    if (other.raft.hash !== raft.hash) {
      throw new UsageError(
        `${firstName} and ${name} are of two different raft.ts; merge the results of one.`,
      );
    }
    const [manner, otherManner] = [mannerOf(first[1]), mannerOf(other)];
    if (otherManner !== manner) {
      throw new UsageError(
        `${firstName} is of runs ${manner} and ${name} of runs ${otherManner}; merge the results of one.`,
      );
    }
  }
  for (const [i, [name, one]] of files.entries()) {
    for (const [otherName, other] of files.slice(0, i)) checkApart(otherName, other, name, one);
  }
}

function mannerOf({ mode, schedule, check }: CampaignResults): string {
  const checked = check ? "" : ", not checked";
  return mode === "threads" ? `on threads${checked}` : `in ${mode}, schedule ${schedule}${checked}`;
}

function checkApart(aName: string, a: CampaignResults, bName: string, b: CampaignResults): void {
  for (const part of a.parts) {
    const twin = b.parts.find((other) => shareRun(part, other));
    if (!twin) continue;
    throw new UsageError(
      `${aName} and ${bName} both hold runs of ${shownPart(twin)}, which would be counted twice.`,
    );
  }
}

/** Whether one run is in both. */
function shareRun(a: CampaignPart, b: CampaignPart): boolean {
  return a.cases.some((name) => b.cases.includes(name)) && shareSeed(doneOf(a), doneOf(b));
}

function doneOf({ plan, lastSeed = plan.first - 1 }: CampaignPart): SeedPlan {
  return { ...plan, last: lastSeed };
}

/** What is not in the results: campaigns that were broken off, and shards of which there is no file. */
export function missingFrom(parts: readonly CampaignPart[]): readonly string[] {
  const interrupted = parts
    .filter(({ isInterrupted }) => isInterrupted)
    .map(
      (part) =>
        `${shownPart(part)}: interrupted ${part.lastSeed === undefined ? "at once" : `at seed ${part.lastSeed}`}`,
    );
  const absent = parts.flatMap((part) => {
    const siblings = parts.filter((other) => campaignOf(other) === campaignOf(part));
    if (siblings[0] !== part) return []; // once for each campaign
    const present = siblings.map(({ plan }) => plan.shard.index);
    return Array.from({ length: part.plan.shard.of }, (_, i) => i + 1)
      .filter((index) => !present.includes(index))
      .map((index) => shownPart({ ...part, plan: { ...part.plan, shard: { ...part.plan.shard, index } } }));
  });
  return [...interrupted, ...absent];
}

/** The same for all shards of one campaign. */
function campaignOf({ cases, plan: { first, last, shard } }: CampaignPart): string {
  return JSON.stringify([cases, first, last, shard.of]);
}

function shownPart({ cases, plan: { first, last, shard } }: CampaignPart): string {
  const what = cases.length === 1 ? cases[0] : `${cases.length} cases`;
  const whole = `${what}, seeds ${first}..${last}`;
  return shard.of === 1 ? whole : `${whole}, shard ${shard.index} of ${shard.of}`;
}
