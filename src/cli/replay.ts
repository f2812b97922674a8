import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Command, Option } from "commander";
import { UsageError } from "../errors.js";
import type { CaseDefinition } from "../harness/case.js";
import { failureBlock, resultLine } from "../harness/report.js";
import { allCases, bundleCases, type CasesFile } from "../lab/cases-file.js";
import { isDebugged } from "../peer/debugged.js";
import { loadProgram, type Program } from "../peer/program.js";
import { MODES, type Mode } from "../runtime/runtime.js";
import { type Bundle, readBundle, recordedProgram, replayBundle } from "../stress/bundle.js";
import { isFailed } from "../stress/campaign.js";
import { ProcessPool } from "../stress/process-pool.js";
import { HereRunner, type RunManner, type RunReport } from "../stress/runner.js";
import { isSameHappening } from "../stress/signature.js";
import { awaitDebugger } from "./debugger.js";
import { traceOption } from "./options.js";
import { checkWritable } from "./results.js";
import { colours } from "./terminal.js";
import { TraceFile } from "./trace-file.js";
import { Warnings } from "./warnings.js";

interface ReplayOptions {
  readonly mode?: Mode;
  readonly asNow?: boolean;
  readonly asRecorded?: boolean;
  readonly inspect?: boolean;
  readonly verbose?: boolean;
  readonly trace?: string;
}

/** `whitewater replay`: a failure that stress has kept, once more. */
export function replayCommand(): Command {
  return new Command("replay")
    .description("Run a failure that stress has kept once more, exactly, in sim or in lockstep.")
    .argument("<bundle>", "the folder that the failure left")
    .addOption(new Option("--mode <mode>", "run it in another mode than it was found in").choices(MODES))
    .option("--as-recorded", "run the raft.ts that failed, from the bundle (default)")
    .option("--as-now", "run raft.ts as it is on disk now: is it fixed?")
    .option("--inspect", "wait for a debugger, and stop in raft.ts at its breakpoints (sim)")
    .option("--verbose", "print the peers' own log lines")
    .addOption(traceOption())
    .action(replay);
}

async function replay(named: string, options: ReplayOptions): Promise<void> {
  // Completion in a shell leads on to the file, and what is meant is clear.
  const path = basename(named) === "bundle.json" ? dirname(named) : named;
  checkTogether(options);
  if (options.trace !== undefined) checkWritable("--trace", options.trace);
  const bundle = readBundle(path);
  const mode = options.mode ?? bundle.mode;
  if (options.inspect && mode !== "sim") {
    throw new UsageError("--inspect stops peers on this thread, so it is for --mode sim.");
  }
  // First of all: what is loaded and compiled once it is there, it sees. Under `node --inspect-brk` it is there.
  if (options.inspect && !isDebugged()) await awaitDebugger();
  const casesFile = await casesFileOf(bundle);
  const definition = await caseOf(bundle, casesFile);
  const program = await programOf(path, bundle, options);
  const { schedule, check, seed, name } = bundle;
  const { verbose = false, trace } = options;
  const manner: RunManner = { mode, schedule, check, verbose, trace: trace !== undefined };
  const how = mode === "threads" ? "on threads" : `in ${mode}, schedule ${schedule}`;
  console.log(`whitewater: ${name} from seed ${seed} ${how}`);
  const runner = isDebugged()
    ? new HereRunner(program)
    : new ProcessPool({ program, casesFile, processes: 1 });
  try {
    const report = await runner.run(definition, seed, manner, (line) => console.log(line));
    if (trace !== undefined) writeTrace(trace, { definition, seed }, manner, report);
    tell(bundle, report, { mode, command: commandFor(path, options) });
    process.exitCode = isFailed(report.result) ? 1 : 0;
  } finally {
    await runner.close();
  }
}

/** What replays the bundle in `path` as it is replayed here. */
function commandFor(path: string, { mode, asNow }: ReplayOptions): string {
  const args = [...(mode === undefined ? [] : ["--mode", mode]), ...(asNow ? ["--as-now"] : [])];
  return [replayBundle(path), ...args].join(" ");
}

/** @throws {UsageError} on options that mean nothing together */
function checkTogether({ asNow, asRecorded }: ReplayOptions): void {
  if (asNow && asRecorded) throw new UsageError("--as-now and --as-recorded exclude each other.");
}

/**
 * The user's file of cases, if the case is of one: the bundle does not hold it.
 * @throws {UsageError} if it is not here
 */
async function casesFileOf({ name, cases }: Bundle): Promise<CasesFile | undefined> {
  if (cases !== undefined && !existsSync(cases.path)) {
    throw new UsageError(
      `${name} is a case of ${cases.path}, which is not here. Replay in the folder in which stress was run.`,
    );
  }
  return await bundleCases(cases?.path);
}

/**
 * The case to run; and tells if its file has changed.
 * @throws {UsageError} if there is none
 */
async function caseOf({ name, cases }: Bundle, file: CasesFile | undefined): Promise<CaseDefinition> {
  const definition = (await allCases(file)).find((one) => one.name === name);
  if (!definition) throw new UsageError(`The bundle is of ${name}, and there is no such case.`);
  if (file?.hash !== cases?.hash) {
    console.log(`${cases?.path} has changed since: ${name} may be another case than the one that failed.`);
  }
  return definition;
}

/** The raft.ts to run; and tells if the one on disk is another than the one that failed. */
async function programOf(path: string, bundle: Bundle, { asNow }: ReplayOptions): Promise<Program> {
  const { raft } = bundle;
  if (asNow) {
    if (!existsSync(raft.path)) {
      throw new UsageError(
        `${raft.path} is not here. Replay in the folder in which stress was run, or without --as-now.`,
      );
    }
    const program = await loadProgram(raft.path);
    if (program.hash === raft.hash) console.log(`${raft.path} is still the one that failed.`);
    return program;
  }
  const recorded = await recordedProgram(path, bundle);
  if (existsSync(raft.path) && (await hashOnDisk(bundle)) !== raft.hash) {
    console.log(
      `${raft.path} has changed since: this is the one that failed. --as-now runs the one on disk.`,
    );
  }
  return recorded;
}

/** Of a raft.ts that does not even load, nothing: it has changed. */
async function hashOnDisk({ raft }: Bundle): Promise<string | undefined> {
  return (await loadProgram(raft.path).catch(() => undefined))?.hash;
}

function writeTrace(
  file: string,
  planned: Parameters<TraceFile["write"]>[0],
  manner: RunManner,
  { trace = [] }: RunReport,
): void {
  const traceFile = new TraceFile(file);
  traceFile.write(planned, manner, trace);
  traceFile.close();
}

/** The result, and whether it is the one that was recorded. */
function tell(bundle: Bundle, { result }: RunReport, again: { mode: Mode; command: string }): void {
  for (const line of new Warnings().linesOf(result)) console.log(`  ${line}`);
  const hasFailed = isFailed(result);
  console.log((hasFailed ? colours.red : colours.green)(resultLine(result)));
  if (hasFailed) console.log(failureBlock(result, again));
  console.log(comparison(bundle, result, again.mode));
}

function comparison(
  { signature, result: recorded, node }: Bundle,
  result: RunReport["result"],
  mode: Mode,
): string {
  if (isFailed(result) && result.history !== undefined && result.history === recorded.history) {
    return `The same failure, at the same event: history ${result.history}.`;
  }
  const hint =
    mode === "threads"
      ? " Real time never runs twice alike."
      : node === process.version
        ? ""
        : ` Recorded on Node ${node}; this is ${process.version}.`;
  if (!isFailed(result)) return `It passes now; recorded was: ${signature}.${hint}`;
  if (!isSameHappening(result, recorded)) return `Another failure; recorded was: ${signature}.${hint}`;
  // What was broken off has no history.
  const isElsewhere = result.history !== undefined && recorded.history !== undefined;
  return isElsewhere ? `The same kind of failure, in another history.${hint}` : "The same kind of failure.";
}
