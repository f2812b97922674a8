/** `npm run zoo`: how soon Whitewater catches each classic mistake, and what it misses. */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { seedOption, wholeNumber } from "../../src/cli/options.js";
import { runCase } from "../../src/harness/runner.js";
import { loadProgram } from "../../src/peer/program.js";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { usableCores } from "../../src/runtime/cores.js";
import { Sim } from "../../src/runtime/sim.js";
import type { Bug } from "./bug.js";
import { type BugTask, SEEDS_PER_CAMPAIGN } from "./bug-process.js";
import { type CampaignResult, campaignCases } from "./campaign.js";
import { type Row, showMatrix, showRow, verdictOf } from "./matrix.js";
import { zoo } from "./zoo.js";

interface Options {
  readonly bug: string;
  readonly budget: number;
  readonly campaigns: number;
  readonly jobs: number;
  readonly seed: number;
  readonly json?: string;
}

const program = new Command("zoo")
  .description(
    "Runs campaigns in sim against each bug of the zoo, until the first failure, and prints the matrix.",
  )
  .option("--bug <regexp>", "only the bugs whose name matches", "")
  .option("--budget <seconds>", "CPU seconds for a campaign", wholeNumber("--budget", 1, 3600), 10)
  .option(
    "--campaigns <n>",
    "campaigns against each bug, with different seeds",
    wholeNumber("--campaigns", 1, 1000),
    5,
  )
  .option("--jobs <n>", "bugs at once, a process each", wholeNumber("--jobs", 1, 64), usableCores())
  .addOption(seedOption().default(1))
  .option("--json <file>", "writes the results there")
  .action(main);

await program.parseAsync();

async function main(options: Options): Promise<void> {
  const expression = new RegExp(options.bug);
  const bugs = zoo.filter(({ name }) => expression.test(name));
  const nameWidth = Math.max(...bugs.map(({ name }) => name.length));
  const costs = await measureCosts(options.seed);

  const rows: Row[] = [];
  const waiting = [...bugs];
  const work = async (): Promise<void> => {
    for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
      const row = await rowOf(bug, options, costs);
      rows.push(row);
      console.error(showRow(row, nameWidth));
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));

  rows.sort((a, b) => zoo.indexOf(a.bug) - zoo.indexOf(b.bug));
  console.log(`\n${showMatrix(rows)}`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify(toJson(rows, options), null, 2)}\n`);
  const isFine = rows.every(
    (row) => ["caught", "quiet"].includes(verdictOf(row)) || row.bug.breaks === "budget",
  );
  process.exitCode = isFine ? 0 : 1;
}

/** Events of a run of each case with the reference Raft: the same everywhere, and nearly proportional to time. */
async function measureCosts(seed: number): Promise<Record<string, number>> {
  const sim = new Sim(await loadProgram(REFERENCE_RAFT));
  const costs: Record<string, number> = {};
  for (const definition of campaignCases) {
    const runtime = sim.runtime(seed);
    await runCase(definition, { runtime, seed });
    costs[definition.name] = runtime.clock.events;
  }
  return costs;
}

/** Runs the campaigns in a process of their own. It never rejects for what the mutant does. */
async function rowOf(bug: Bug, options: Options, costs: Readonly<Record<string, number>>): Promise<Row> {
  const { campaigns, budget: budgetSeconds, seed } = options;
  const task: BugTask = { bugName: bug.name, campaigns, budgetSeconds, seed, costs };
  // For a mutant that hangs. Wall time, so generous: the machine may be busy, and runs are not broken off.
  const limitMs = 1000 * (300 + 30 * campaigns * budgetSeconds);
  const child = fork(fileURLToPath(new URL("bug-process.ts", import.meta.url)), {
    execArgv: ["--import=tsx"],
    timeout: limitMs,
  });
  const results = await new Promise<readonly CampaignResult[] | string>((resolve) => {
    child.once("message", (message) => resolve(message as readonly CampaignResult[]));
    child.once("exit", (code, signal) => resolve(`its process died: ${signal ?? `exit code ${code}`}`));
    child.send(task);
  });
  return typeof results === "string" ? { bug, campaigns: [], died: results } : { bug, campaigns: results };
}

function toJson(rows: readonly Row[], { budget, campaigns, seed }: Options): object {
  const bugs = rows.map((row) => {
    const { name, mistake, rule, breaks } = row.bug;
    return { name, mistake, rule, breaks, verdict: verdictOf(row), campaigns: row.campaigns, died: row.died };
  });
  return { mode: "sim", seed, seedsPerCampaign: SEEDS_PER_CAMPAIGN, budgetSeconds: budget, campaigns, bugs };
}
