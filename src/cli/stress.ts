import { Command } from "commander";
import { UsageError } from "../errors.js";
import type { CaseDefinition } from "../harness/case.js";
import { bundleCases, type CasesFile } from "../lab/cases-file.js";
import { chosenCases } from "../lab/chosen-cases.js";
import { loadProgram, type Program } from "../peer/program.js";
import { drawSeed, MAX_SEED } from "../runtime/random.js";
import type { Mode } from "../runtime/runtime.js";
import type { ScheduleName } from "../runtime/schedule.js";
import { Campaign, isFailed } from "../stress/campaign.js";
import { FailureFiles } from "../stress/failure-files.js";
import { plannedRuns, type SeedPlan, type Shard, seedCount, WHOLE } from "../stress/plan.js";
import { ProcessPool } from "../stress/process-pool.js";
import type { RunManner, Runner } from "../stress/runner.js";
import { examined } from "../stress/verdict.js";
import { counted } from "../text/counted.js";
import { shownDuration } from "../text/duration.js";
import { CampaignOutput, type CampaignOutputOptions } from "./campaign-output.js";
import { defaultJobs } from "./make-runner.js";
import {
  casesOption,
  checkSchedule,
  durationOption,
  modeOption,
  noCheckOption,
  raftOption,
  runOption,
  type SeedRange,
  scheduleOption,
  seedOption,
  seedsOption,
  shardOption,
  wholeNumber,
} from "./options.js";
import { raftFile, shownRaft } from "./raft-file.js";
import { checkFiles, checkWritableFolder } from "./results.js";
import { guardOwnMistakes, onEarlyEnd } from "./terminal.js";

interface StressOptions {
  readonly raft?: string;
  readonly run: string;
  readonly cases?: string;
  readonly extra: boolean;
  readonly mode: Mode;
  readonly schedule?: ScheduleName;
  readonly iterations?: number;
  readonly seeds?: SeedRange;
  readonly seed?: number;
  readonly for?: number;
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly bail?: boolean;
  readonly check: boolean;
  readonly quiet?: boolean;
  readonly out: string;
  readonly json?: string;
  readonly junit?: string;
}

/** Runs of each case where neither their number, nor seeds, nor a time is given. */
const DEFAULT_ITERATIONS = 100;

/** Drawn seeds are below: no campaign runs out of seeds above. */
const SEEDS_TO_BEGIN_AT = 2 ** 31;

/** `whitewater stress`: many seeds, every failure replayable. */
export function stressCommand(): Command {
  return new Command("stress")
    .description("Run cases with many seeds; count, group and keep the failures, each with what replays it.")
    .addOption(raftOption())
    .addOption(runOption())
    .addOption(casesOption())
    .option("--no-extra", "the lab's cases alone, without those beside them that virtual time adds")
    .addOption(modeOption("sim"))
    .addOption(scheduleOption())
    .option(
      "--iterations <n>",
      `runs of each case, each with the next seed (default: ${DEFAULT_ITERATIONS}, or as many as --for allows)`,
      wholeNumber("--iterations", 1, 2 ** 31),
    )
    .addOption(seedsOption())
    .addOption(seedOption())
    .addOption(durationOption())
    .addOption(shardOption())
    .option(
      "--jobs <n>",
      `runs at once (default: one per core in sim, ${defaultJobs("threads")} on threads, ${defaultJobs("lockstep")} in lockstep)`,
      wholeNumber("--jobs", 1, 256),
    )
    .option("--bail", "begin no further run after a failure")
    .addOption(noCheckOption())
    .option("--quiet", "no progress line")
    .option("--out <folder>", "where failures leave their bundles", "whitewater-runs")
    .option("--json <file>", "write the results there as JSON, for `whitewater merge`")
    .option("--junit <file>", "write the results there as JUnit XML")
    .action(stress);
}

async function stress(options: StressOptions): Promise<void> {
  checkTogether(options);
  // They are hard on timing: where machine and threads have a say in it, they may fail a Raft that is right.
  const extra = options.extra && options.mode !== "threads";
  const casesFile = await bundleCases(options.cases);
  const cases = await chosenCases({ ...options, cases: casesFile, extra });
  checkFiles({ "--json": options.json, "--junit": options.junit });
  checkWritableFolder("--out", options.out);
  const raft = await raftFile(options.raft);
  const plan = seedPlanOf(options);
  const program = await loadProgram(raft);
  const jobs = options.jobs ?? defaultJobs(options.mode);
  console.log(`whitewater: ${shownRaft(raft)} ${inMode(options)}, ${shownPlan(options, plan, cases)}`);
  const pool = new ProcessPool({ program, casesFile, processes: jobs });
  try {
    process.exitCode = await runCampaign({ options, cases, casesFile, plan, program, pool, jobs });
  } finally {
    await pool.close();
  }
}

interface CampaignParts {
  readonly options: StressOptions;
  readonly cases: readonly CaseDefinition[];
  /** The user's own, if there is one. */
  readonly casesFile: CasesFile | undefined;
  readonly plan: SeedPlan;
  readonly program: Program;
  readonly pool: Runner;
  readonly jobs: number;
}

/** @returns the exit code */
async function runCampaign(parts: CampaignParts): Promise<number> {
  const { options, cases, casesFile, plan, program, pool, jobs } = parts;
  const { mode, schedule = "lively", check } = options;
  const manner: RunManner = { mode, schedule, check };
  const files = new FailureFiles({
    folder: options.out,
    program,
    manner,
    cases: casesFile,
    runner: pool,
    onTrouble: (message) => output.say(`whitewater: ${message}`),
  });
  const campaign = new Campaign({
    cases,
    plan: plannedRuns(cases, plan),
    runner: pool,
    manner: { ...manner, history: false },
    jobs,
    forMs: options.for,
    bail: options.bail ?? false,
    examine:
      manner.mode === "threads"
        ? (run, report) => examined(run.definition, report, { runner: pool, check: options.check })
        : undefined,
    onReport: async (run, report) => {
      output.ran(report.result);
      if (isFailed(report.result)) output.failed(report.result, await files.keep(run, report));
    },
  });
  const output = new CampaignOutput(campaign, outputOptions(parts, manner));
  guardOwnMistakes();
  const finishEarly = (): void => {
    for (const report of campaign.breakOff()) output.failed(report.result, files.keepNow(report));
    output.finish({ isInterrupted: true });
  };
  onEarlyEnd(finishEarly);
  try {
    await campaign.run();
  } catch (error) {
    finishEarly(); // a mistake of ours must not cost what a night has found
    throw error;
  } finally {
    onEarlyEnd(() => {});
  }
  return output.finish({ isInterrupted: false });
}

function outputOptions(
  { options, cases, plan, program }: CampaignParts,
  manner: RunManner,
): CampaignOutputOptions {
  const isOpenEnded =
    options.for !== undefined && options.iterations === undefined && options.seeds === undefined;
  return {
    program,
    cases,
    manner,
    plan,
    planned: isOpenEnded ? undefined : seedCount(plan) * cases.length,
    forMs: options.for,
    replayArgs: replayArgsOf(options),
    isQuiet: options.quiet ?? false,
    json: options.json,
    junit: options.junit,
  };
}

/** @throws {UsageError} on options that mean nothing together */
function checkTogether({ mode, schedule, seeds, seed, iterations, shard }: StressOptions): void {
  checkSchedule(mode, schedule);
  if (shard !== undefined && seeds === undefined && seed === undefined) {
    throw new UsageError(
      "--shard splits the seeds of one campaign, so each shard must be told the same: add --seeds 1..1000, or --seed.",
    );
  }
  if (seeds === undefined) return;
  if (seed !== undefined)
    throw new UsageError("--seeds says where to begin and where to end; leave out --seed.");
  if (iterations !== undefined) {
    throw new UsageError("--seeds says how many runs there are; leave out --iterations.");
  }
}

/** @throws {UsageError} if there are not so many seeds */
function seedPlanOf({ seeds, seed, iterations, for: forMs, shard = WHOLE }: StressOptions): SeedPlan {
  if (seeds) return { ...seeds, shard };
  const count = iterations ?? (forMs === undefined ? DEFAULT_ITERATIONS : undefined);
  if (seed === undefined) {
    const first = drawSeed() % SEEDS_TO_BEGIN_AT;
    return { first, last: count === undefined ? MAX_SEED : first + count - 1, shard };
  }
  const last = count === undefined ? MAX_SEED : seed + count - 1;
  if (last > MAX_SEED) {
    throw new UsageError(
      `--seed ${seed} leaves ${counted(MAX_SEED - seed + 1, "seed")} up to ${MAX_SEED}, the last there is, and not ${count}.`,
    );
  }
  return { first: seed, last, shard };
}

/** Arguments that a replay needs beside case, mode, schedule and seed. */
function replayArgsOf({ raft, cases, check }: StressOptions): readonly string[] {
  return [
    ...(raft === undefined ? [] : ["--raft", raft]),
    ...(cases === undefined ? [] : ["--cases", cases]),
    ...(check ? [] : ["--no-check"]),
  ];
}

function inMode({ mode, schedule = "lively" }: StressOptions): string {
  return mode === "threads" ? "on threads" : `in ${mode}, schedule ${schedule}`;
}

function shownPlan({ for: forMs }: StressOptions, plan: SeedPlan, cases: readonly CaseDefinition[]): string {
  const { index, of } = plan.shard;
  const seeds =
    forMs === undefined
      ? `seeds ${plan.first}..${plan.last}`
      : `from seed ${plan.first}, for ${shownDuration(forMs)}`;
  const shard = of === 1 ? "" : `, shard ${index} of ${of}`;
  return `${cases.length === 1 ? cases[0]?.name : `${cases.length} cases`}, ${seeds}${shard}`;
}
