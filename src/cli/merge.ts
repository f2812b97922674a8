import { Command } from "commander";
import { campaignReport } from "../stress/report.js";
import { type CampaignResults, checkMergeable, readResults } from "../stress/results-file.js";
import { Tally } from "../stress/tally.js";
import { finishFiles } from "./campaign-output.js";
import { checkWritable } from "./results.js";

interface MergeOptions {
  readonly json?: string;
  readonly junit?: string;
}

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
  if (json !== undefined) checkWritable("--json", json);
  if (junit !== undefined) checkWritable("--junit", junit);
  const read = files.map((file) => [file, readResults(file)] as const);
  checkMergeable(read);
  const all = read.map(([, results]) => results);
  const tally = new Tally();
  for (const results of all) tally.merge(results);
  const [first] = all as [CampaignResults];
  const replayArgs = first.check ? [] : ["--no-check"];
  for (const line of campaignReport(tally, { manner: first, replayArgs })) console.log(line);
  const broken = read.filter(([, { isInterrupted }]) => isInterrupted).map(([file]) => file);
  if (broken.length > 0) console.log(`broken off before they were done: ${broken.join(", ")}`);
  process.exitCode = finishFiles(tally, sumOf(all, first, tally), { json, junit });
}

function sumOf(all: readonly CampaignResults[], first: CampaignResults, tally: Tally): CampaignResults {
  return {
    ...first,
    seeds: {
      first: Math.min(...all.map(({ seeds }) => seeds.first)),
      last: Math.max(...all.map(({ seeds }) => seeds.last)),
    },
    shards: all.flatMap(({ shards }) => shards),
    wallMs: all.reduce((sum, { wallMs }) => sum + wallMs, 0),
    isInterrupted: all.some(({ isInterrupted }) => isInterrupted),
    ...tally.toData(),
  };
}
