import { Command } from "commander";
import { campaignReport } from "../stress/report.js";
import {
  type CampaignResults,
  checkMergeable,
  missingFrom,
  RESULTS_VERSION,
  readResults,
} from "../stress/results-file.js";
import { Tally } from "../stress/tally.js";
import { counted } from "../text/counted.js";
import { finishFiles } from "./campaign-output.js";
import { shownRaft } from "./raft-file.js";
import { checkFiles } from "./results.js";

interface MergeOptions {
  readonly json?: string;
  readonly junit?: string;
}

/** Exit code where no run failed, and some were not made. */
const INCOMPLETE = 2;

/** `whitewater merge`: the results of shards, as one. */
export function mergeCommand(): Command {
  return new Command("merge")
    .description("Join what `stress --json` has written for the shards of one campaign.")
    .argument("<files...>", "files of results")
    .option("--json <file>", "write the sum there as JSON")
    .option("--junit <file>", "write the sum there as JUnit XML")
    .action(merge);
}

function merge(files: readonly string[], { json, junit }: MergeOptions): void {
  checkFiles({ "--json": json, "--junit": junit });
  const read = files.map((file) => [file, readResults(file)] as const);
  checkMergeable(read);
  const all = read.map(([, results]) => results) as [CampaignResults, ...CampaignResults[]];
  const tally = new Tally();
  for (const results of all) tally.merge(results);
  const sum = sumOf(all, tally);
  console.log(`whitewater: ${counted(sum.parts.length, "campaign")} of ${shownRaft(sum.raft.path)}`);
  for (const line of campaignReport(tally, { manner: sum, replayArgs: sum.replayArgs })) console.log(line);
  const missing = missingFrom(sum.parts);
  for (const part of missing) console.log(`missing: ${part}`);
  const exitCode = finishFiles(tally, sum, { json, junit });
  process.exitCode = exitCode === 0 && missing.length > 0 ? INCOMPLETE : exitCode;
}

function sumOf(all: readonly [CampaignResults, ...CampaignResults[]], tally: Tally): CampaignResults {
  const [{ mode, schedule, check, raft, replayArgs }] = all;
  return {
    version: RESULTS_VERSION,
    mode,
    schedule,
    check,
    raft,
    replayArgs,
    parts: all.flatMap(({ parts }) => parts),
    wallMs: all.reduce((sum, { wallMs }) => sum + wallMs, 0),
    ...tally.toData(),
  };
}
