import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Command } from "commander";
import type { CaseDefinition } from "../harness/case.js";
import { selectCases } from "../harness/select.js";
import { BundleError, loadProgram, type Program, REFERENCE_RAFT } from "../peer/program.js";
import { MAX_SEED } from "../runtime/random.js";
import { PeerThreads } from "../runtime/threads.js";
import { allCases } from "./cases-file.js";
import { casesOption, modeOption, raftOption, runOption, seedOption, wholeNumber } from "./options.js";
import { OrderedOutput } from "./ordered-output.js";
import { checkWritable, SuiteResults } from "./results.js";
import { type Planned, runSuite, type SuiteOptions } from "./suite.js";
import { onEarlyEnd } from "./terminal.js";
import { requireFile } from "./user-file.js";

interface TestOptions {
  readonly raft?: string;
  readonly run: string;
  readonly cases?: string;
  readonly seed?: number;
  readonly count: number;
  readonly jobs: number;
  readonly bail?: boolean;
  readonly verbose?: boolean;
  readonly json?: string;
}

/** Cases at once unless told otherwise: the suite mostly sleeps, and two cores bear this many. */
const DEFAULT_JOBS = 2;

/** The lab says so once in a process (lab-spec 6.2). */
const ONE_PROCESSOR_WARNING = "warning: there is only one processor, so locking bugs may stay hidden";

const RAFT_HINT =
  "--raft takes the path of your raft.ts; `whitewater init my-raft` writes one to start from.";

/** `whitewater test`: runs the cases against a raft.ts, with the lab's output and an exit code. */
export function testCommand(): Command {
  return new Command("test")
    .description("Run the lab's cases against a raft.ts, every peer on a worker thread of its own.")
    .addOption(raftOption())
    .addOption(runOption())
    .addOption(casesOption())
    .addOption(modeOption())
    .addOption(seedOption())
    .option(
      "--count <n>",
      "run each case this many times, each with the next seed",
      wholeNumber("--count", 1, 1e6),
      1,
    )
    .option(
      "--jobs <n>",
      "cases at once, each with its own peers",
      wholeNumber("--jobs", 1, 64),
      DEFAULT_JOBS,
    )
    .option("--bail", "begin no further case after a failure")
    .option("--verbose", "print the peers' own log lines")
    .option("--json <file>", "write the results there as JSON")
    .action(test);
}

async function test(options: TestOptions): Promise<void> {
  const cases = selectCases(await allCases(options.cases), options.run);
  if (options.json !== undefined) checkWritable(options.json);
  const raft = options.raft ?? (existsSync("raft.ts") ? "raft.ts" : REFERENCE_RAFT);
  await requireFile(raft, RAFT_HINT);
  const seed = options.seed ?? randomInt(MAX_SEED);
  const plan = planOf(cases, options.count, seed);

  const shown = raft === REFERENCE_RAFT ? "the reference Raft" : raft;
  console.log(`whitewater: ${shown} on threads, seed ${seed}`);
  if (availableParallelism() < 2) console.log(ONE_PROCESSOR_WARNING);
  const results = new SuiteResults(plan, { mode: "threads", seed, json: options.json });
  const output = new OrderedOutput((line) => console.log(line));
  onEarlyEnd(() => {
    output.close();
    results.finish({ isInterrupted: true });
  });
  try {
    const program = await loadProgram(raft);
    await runOnThreads(program, plan, {
      ...suiteOptions(options),
      output,
      onResult: (...args) => results.add(...args),
    });
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    console.error(`whitewater: ${raft} does not load, so every case fails:\n${error.message}`);
    results.failAll(error.message);
  }
  onEarlyEnd(() => {});
  process.exitCode = results.finish();
}

/** Each round runs all cases, and has the seed after that of the round before. */
function planOf(cases: readonly CaseDefinition[], rounds: number, seed: number): readonly Planned[] {
  return Array.from({ length: rounds }, (_, round) => (seed + round) % (MAX_SEED + 1)).flatMap((seed) =>
    cases.map((definition) => ({ definition, seed })),
  );
}

function suiteOptions({ jobs, bail, verbose, raft, cases }: TestOptions) {
  return {
    jobs,
    bail: bail ?? false,
    verbose: verbose ?? false,
    replayArgs: [
      ...(raft === undefined ? [] : ["--raft", raft]),
      ...(cases === undefined ? [] : ["--cases", cases]),
    ],
  };
}

async function runOnThreads(
  program: Program,
  plan: readonly Planned[],
  options: Omit<SuiteOptions, "runtime">,
): Promise<void> {
  const threads = new PeerThreads(program);
  try {
    await runSuite(plan, { ...options, runtime: (seed) => threads.runtime(seed) });
  } finally {
    await threads.close();
  }
}
