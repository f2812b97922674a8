import { randomInt } from "node:crypto";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { UsageError } from "../errors.js";
import type { RunResult } from "../harness/case.js";
import { selectCases } from "../harness/select.js";
import { BundleError, loadProgram, type Program, REFERENCE_RAFT } from "../peer/program.js";
import { MAX_SEED } from "../runtime/random.js";
import { PeerThreads } from "../runtime/threads.js";
import { allCases } from "./cases-file.js";
import { casesOption, modeOption, raftOption, runOption, seedOption, wholeNumber } from "./options.js";
import { runSuite } from "./suite.js";

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
  const seed = options.seed ?? randomInt(MAX_SEED);
  const program = await loadOrTell(raft);
  if (!program) return;

  const shown = raft === REFERENCE_RAFT ? "the reference Raft" : raft;
  console.log(`whitewater: ${shown} on threads, seed ${seed}`);
  const plan = Array.from({ length: options.count }, (_, i) => i).flatMap((i) =>
    cases.map((definition) => ({ definition, seed: (seed + i) % (MAX_SEED + 1) })),
  );
  const results: RunResult[] = [];
  const finish = (): void => summarize(results, plan.length, seed, options.json);
  process.once("SIGINT", () => {
    finish();
    process.exit(130);
  });

  const threads = new PeerThreads(program);
  try {
    await runSuite(plan, {
      runtime: (seed) => threads.runtime(seed),
      jobs: options.jobs,
      bail: options.bail ?? false,
      verbose: options.verbose ?? false,
      replayArgs: [
        ...(options.raft === undefined ? [] : ["--raft", options.raft]),
        ...(options.cases === undefined ? [] : ["--cases", options.cases]),
      ],
      print: (line) => console.log(line),
      onResult: (result) => results.push(result),
    });
  } finally {
    await threads.close();
  }
  finish();
  process.exitCode = results.some(({ status }) => status === "failed") ? 1 : 0;
}

/** The program; or, if raft.ts cannot be bundled, says where and why, once for all the cases. */
async function loadOrTell(raft: string): Promise<Program | undefined> {
  try {
    return await loadProgram(raft);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    console.error(`whitewater: ${raft} does not load, so no case was run:\n${error.message}`);
    process.exitCode = 1;
    return undefined;
  }
}

function summarize(
  results: readonly RunResult[],
  planned: number,
  seed: number,
  json: string | undefined,
): void {
  const failed = results.filter(({ status }) => status === "failed");
  const names = [...new Set(failed.map(({ name }) => name))].join(", ");
  const notRun = planned - results.length;
  const passed = results.length - failed.length;
  const rest = notRun > 0 ? `, ${notRun} not run` : "";
  console.log(
    `${failed.length > 0 ? "FAIL" : "ok"}: ${passed} passed, ${failed.length} failed${rest}${names && `: ${names}`}`,
  );
  if (json === undefined) return;
  writeFileSync(json, `${JSON.stringify({ mode: "threads", seed, cases: results }, null, 2)}\n`);
}

/** @throws {UsageError} before any case is run, rather than losing its results after */
function checkWritable(file: string): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new UsageError(`--json ${file}: there is no folder ${folder}.`);
  if (existsSync(file) && statSync(file).isDirectory())
    throw new UsageError(`--json ${file} is a folder; give a file.`);
}
