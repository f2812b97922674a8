import { Command } from "commander";
import { UsageError } from "../errors.js";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import { bundleCases, type CasesFile } from "../lab/cases-file.js";
import { chosenCases } from "../lab/chosen-cases.js";
import { BundleError } from "../peer/bundler.js";
import { loadProgram, type Program } from "../peer/program.js";
import { usableCores } from "../runtime/cores.js";
import { drawSeed, MAX_SEED } from "../runtime/random.js";
import type { Mode } from "../runtime/runtime.js";
import type { ScheduleName } from "../runtime/schedule.js";
import type { RunManner, Runner } from "../stress/runner.js";
import { checkDeterminism } from "./determinism.js";
import { defaultJobs, FEW_RUNS, makeRunner } from "./make-runner.js";
import {
  casesOption,
  checkSchedule,
  extraOption,
  modeOption,
  noCheckOption,
  raftOption,
  runOption,
  scheduleOption,
  seedOption,
  traceOption,
  wholeNumber,
} from "./options.js";
import { OrderedOutput } from "./ordered-output.js";
import { raftFile, shownRaft } from "./raft-file.js";
import { checkFiles, SuiteResults } from "./results.js";
import { type Planned, runSuite } from "./suite.js";
import { onEarlyEnd } from "./terminal.js";
import { TraceFile } from "./trace-file.js";

interface TestOptions {
  readonly raft?: string;
  readonly run: string;
  readonly cases?: string;
  readonly extra: boolean;
  readonly mode: Mode;
  readonly schedule?: ScheduleName;
  readonly seed?: number;
  readonly count: number;
  readonly jobs?: number;
  readonly bail?: boolean;
  readonly verbose?: boolean;
  readonly check: boolean;
  readonly checkDeterminism?: boolean;
  readonly json?: string;
  readonly trace?: string;
}

/** The lab says so once in a process (lab-spec 6.2). */
const ONE_PROCESSOR_WARNING = "warning: there is only one processor, so locking bugs may stay hidden";

/** `whitewater test`: runs the cases against a raft.ts, with the lab's output and an exit code. */
export function testCommand(): Command {
  return new Command("test")
    .description("Run the lab's cases against a raft.ts: on threads in real time, or in virtual time.")
    .addOption(raftOption())
    .addOption(runOption())
    .addOption(casesOption())
    .addOption(extraOption())
    .addOption(modeOption())
    .addOption(scheduleOption())
    .addOption(seedOption())
    .option(
      "--count <n>",
      "run each case this many times, each with the next seed",
      wholeNumber("--count", 1, 1e6),
      1,
    )
    .option(
      "--jobs <n>",
      `cases at once, each with its own peers (default: ${defaultJobs("threads")} on threads; in sim one per core, or half as many for up to ${FEW_RUNS} runs)`,
      wholeNumber("--jobs", 1, 64),
    )
    .option("--bail", "begin no further case after a failure")
    .option("--verbose", "print the peers' own log lines")
    .addOption(noCheckOption())
    .option(
      "--check-determinism",
      "virtual time: run each case twice and compare the two histories; in sim the second time with a realm for each peer",
    )
    .option("--json <file>", "write the results there as JSON")
    .addOption(traceOption())
    .action(test);
}

async function test(options: TestOptions): Promise<void> {
  checkTogether(options);
  const casesFile = await bundleCases(options.cases);
  const cases = await chosenCases({ ...options, cases: casesFile });
  checkFiles({ "--json": options.json, "--trace": options.trace });
  const raft = await raftFile(options.raft);
  const seed = options.seed ?? drawSeed();
  const plan = planOf(cases, options.count, seed);
  const jobs = Math.min(options.jobs ?? defaultJobs(options.mode, plan.length), plan.length);

  console.log(`whitewater: ${shownRaft(raft)} ${inMode(options)}, seed ${seed}`);
  if (usableCores() < 2) console.log(ONE_PROCESSOR_WARNING);
  const results = new SuiteResults(plan, { mode: options.mode, seed, json: options.json });
  const output = new OrderedOutput((line) => console.log(line));
  onEarlyEnd(() => {
    output.close();
    results.finish({ isInterrupted: true });
  });
  try {
    const program = loadProgram(raft);
    program.catch(() => {}); // told when the threads have begun to boot
    await runPlan(program, plan, { options, casesFile, jobs, output, results });
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    console.error(`whitewater: ${raft} does not load, so every case fails:\n${error.message}`);
    results.failAll(error.message);
  }
  onEarlyEnd(() => {});
  process.exitCode = results.finish();
}

interface PlanOptions {
  readonly options: TestOptions;
  /** The user's own, if there is one. */
  readonly casesFile: CasesFile | undefined;
  readonly jobs: number;
  readonly output: OrderedOutput;
  readonly results: SuiteResults;
}

/**
 * Makes the runs of the plan, and closes the runners whatever happens.
 * @throws {BundleError} if the program does not load
 */
async function runPlan(
  program: Promise<Program>,
  plan: readonly Planned[],
  { options, casesFile, jobs, output, results }: PlanOptions,
): Promise<void> {
  const { mode, bail = false, checkDeterminism: isChecked = false } = options;
  const file = options.trace === undefined ? undefined : new TraceFile(options.trace);
  const manner = mannerOf(options);
  const replayArgs = replayArgsOf(options);
  const onResult = (planned: Planned, result: RunResult) => results.add(planned, result);
  const runners = await Promise.all(
    isChecked
      ? Array.from({ length: jobs }, () => makeRunner(program, { mode, jobs: 1, casesFile }))
      : [makeRunner(program, { mode, jobs, casesFile })],
  );
  try {
    await program;
    if (isChecked) {
      await checkDeterminism(plan, { runners, manner, bail, replayArgs, output, onResult });
    } else {
      const onTrace = (planned: Planned, trace: readonly string[]) => file?.write(planned, manner, trace);
      const [runner] = runners as [Runner];
      await runSuite(plan, { runner, manner, jobs, bail, replayArgs, output, onResult, onTrace });
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.close()));
    file?.close();
  }
}

/** @throws {UsageError} on options that mean nothing together */
function checkTogether({ mode, schedule, checkDeterminism, trace }: TestOptions): void {
  checkSchedule(mode, schedule);
  if (mode === "threads" && checkDeterminism) {
    throw new UsageError(
      "--check-determinism is for virtual time; add --mode sim or --mode lockstep. Real time never runs twice alike.",
    );
  }
  if (checkDeterminism && trace !== undefined) {
    throw new UsageError(
      "--check-determinism runs each case twice and --trace writes one run; use one of them.",
    );
  }
}

/** Each round runs all cases, and has the seed after that of the round before. */
function planOf(cases: readonly CaseDefinition[], rounds: number, seed: number): readonly Planned[] {
  return Array.from({ length: rounds }, (_, round) => (seed + round) % (MAX_SEED + 1)).flatMap((seed) =>
    cases.map((definition) => ({ definition, seed })),
  );
}

function mannerOf(options: TestOptions): RunManner {
  const {
    mode,
    schedule = "lively",
    check,
    verbose = false,
    trace,
    json,
    checkDeterminism = false,
  } = options;
  const history = json !== undefined || checkDeterminism; // nobody else sees it
  return { mode, schedule, check, verbose, trace: trace !== undefined, history };
}

/** Arguments that a replay needs beside case, mode and seed. */
function replayArgsOf({ raft, cases, schedule, check }: TestOptions): readonly string[] {
  return [
    ...(raft === undefined ? [] : ["--raft", raft]),
    ...(cases === undefined ? [] : ["--cases", cases]),
    ...(schedule === undefined ? [] : ["--schedule", schedule]),
    ...(check ? [] : ["--no-check"]),
  ];
}

function inMode({ mode, schedule = "lively" }: TestOptions): string {
  return mode === "threads" ? "on threads" : `in ${mode}, schedule ${schedule}`;
}
