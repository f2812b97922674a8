import { existsSync } from "node:fs";
import { url as inspectorUrl, open as openInspector, waitForDebugger } from "node:inspector";
import { Command } from "commander";
import { UsageError } from "../errors.js";
import { failureBlock, resultLine } from "../harness/report.js";
import { allCases } from "../lab/cases-file.js";
import { loadProgram, type Program } from "../peer/program.js";
import type { Mode } from "../runtime/runtime.js";
import { type Bundle, readBundle, recordedProgram, replayBundle } from "../stress/bundle.js";
import { isFailed } from "../stress/campaign.js";
import type { RunManner, RunReport } from "../stress/runner.js";
import { signatureOf } from "../stress/signature.js";
import { makeRunner } from "./make-runner.js";
import { modeOption, traceOption } from "./options.js";
import { checkWritable } from "./results.js";
import { colours } from "./terminal.js";
import { TraceFile } from "./trace-file.js";

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
    .addOption(modeOption().default(undefined, "the bundle's"))
    .option("--as-recorded", "run the raft.ts that failed, from the bundle (default)")
    .option("--as-now", "run raft.ts as it is on disk now: is it fixed?")
    .option("--inspect", "wait for a debugger, and stop in raft.ts at its breakpoints")
    .option("--verbose", "print the peers' own log lines")
    .addOption(traceOption())
    .action(replay);
}

async function replay(path: string, options: ReplayOptions): Promise<void> {
  if (options.asNow && options.asRecorded)
    throw new UsageError("--as-now and --as-recorded exclude each other.");
  if (options.trace !== undefined) checkWritable("--trace", options.trace);
  const bundle = readBundle(path);
  const definition = (await allCases(bundle.casesFile)).find(({ name }) => name === bundle.name);
  if (!definition) throw new UsageError(`The bundle is of ${bundle.name}, and there is no such case.`);
  const program = await programOf(path, bundle, options);
  if (options.inspect && inspectorUrl() === undefined) {
    openInspector(0, "127.0.0.1");
    waitForDebugger();
  }
  const { schedule, check, seed } = bundle;
  const mode = options.mode ?? bundle.mode;
  const manner: RunManner = {
    mode,
    schedule,
    check,
    verbose: options.verbose ?? false,
    trace: options.trace !== undefined,
  };
  console.log(`whitewater: ${bundle.name} from seed ${seed} in ${mode}, schedule ${schedule}`);
  const runner = makeRunner(program, { mode, jobs: 1, casesFile: bundle.casesFile });
  try {
    const report = await runner.run(definition, seed, manner, (line) => console.log(line));
    if (options.trace !== undefined) writeTrace(options.trace, { definition, seed }, manner, report);
    tell(bundle, report, { mode, command: replayBundle(path) });
    process.exitCode = isFailed(report.result) ? 1 : 0;
  } finally {
    await runner.close();
  }
}

/** The raft.ts to run; and tells if the one on disk is another than the one that failed. */
async function programOf(path: string, bundle: Bundle, { asNow }: ReplayOptions): Promise<Program> {
  if (!asNow) {
    const recorded = await recordedProgram(path, bundle);
    if (existsSync(bundle.raft.path) && (await hashOnDisk(bundle)) !== bundle.raft.hash) {
      console.log(
        `${bundle.raft.path} has changed since: this is the one that failed. --as-now runs the one on disk.`,
      );
    }
    return recorded;
  }
  return await loadProgram(bundle.raft.path);
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
  const hasFailed = isFailed(result);
  console.log((hasFailed ? colours.red : colours.green)(resultLine(result)));
  if (hasFailed) console.log(failureBlock(result, again));
  if (!hasFailed) {
    console.log(`It passes now; recorded was: ${bundle.signature}`);
  } else if (result.history !== undefined && result.history === bundle.result.history) {
    console.log(`The same failure, at the same event: history ${result.history}.`);
  } else if (signatureOf(result) === bundle.signature) {
    console.log("The same kind of failure, in another history.");
  } else {
    console.log(`Another failure; recorded was: ${bundle.signature}`);
  }
}
