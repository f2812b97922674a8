import { readFileSync } from "node:fs";
import { UsageError } from "../errors.js";
import type { SeedPlan } from "./plan.js";
import type { RunManner } from "./runner.js";
import type { TallyData } from "./tally.js";

/** The form of a file of results; raised when it changes. */
export const RESULTS_VERSION = 1;

/** What `stress --json` writes and `merge` reads. */
export interface CampaignResults extends TallyData {
  readonly version: number;
  readonly mode: RunManner["mode"];
  readonly schedule: RunManner["schedule"];
  readonly check: boolean;
  /** The campaign's seeds, whole, and the shards of it that are in this file. */
  readonly seeds: Pick<SeedPlan, "first" | "last">;
  readonly shards: readonly string[];
  readonly raft: { readonly path: string; readonly hash: string };
  /** Real milliseconds; of merged results, the sum. */
  readonly wallMs: number;
  /** Whether it was broken off before its plan was done. */
  readonly isInterrupted: boolean;
}

/**
 * Reads a file of results.
 * @throws {UsageError} if there is none, or it is something else
 */
export function readResults(file: string): CampaignResults {
  let results: Partial<CampaignResults>;
  try {
    results = JSON.parse(readFileSync(file, "utf8")) as Partial<CampaignResults>;
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (
    results.version !== RESULTS_VERSION ||
    !Array.isArray(results.cases) ||
    !Array.isArray(results.groups)
  ) {
    throw new UsageError(`${file} holds no results of this version of \`whitewater stress --json\`.`);
  }
  return results as CampaignResults;
}

/**
 * What the files have in common, for their sum.
 * @param files by name, at least one
 * @throws {UsageError} if they are not parts of one campaign, or two hold the same shard
 */
export function checkMergeable(files: readonly (readonly [string, CampaignResults])[]): void {
  const [first] = files;
  if (!first) throw new UsageError("merge takes at least one file that stress --json has written.");
  const [firstName, { mode, schedule, raft }] = first;
  const shards = new Map<string, string>();
  for (const [name, other] of files) {
    if (other.raft.hash !== raft.hash) {
      throw new UsageError(
        `${firstName} and ${name} are of two different raft.ts; merge the results of one.`,
      );
    }
    if (other.mode !== mode || other.schedule !== schedule) {
      throw new UsageError(
        `${firstName} is ${mode}/${schedule} and ${name} is ${other.mode}/${other.schedule}; merge the results of one.`,
      );
    }
    for (const shard of other.shards) {
      const seen = shards.get(shard);
      if (seen !== undefined) {
        throw new UsageError(`${seen} and ${name} both hold ${shard}; its runs would be counted twice.`);
      }
      shards.set(shard, name);
    }
  }
}
