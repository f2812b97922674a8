import type { CaseDefinition, RunResult } from "../harness/case.js";
import type { LogLine } from "../harness/peer-handle.js";
import { failureBlock, resultLine, titleLine } from "../harness/report.js";
import { runCase } from "../harness/runner.js";
import type { Runtime } from "../runtime/runtime.js";
import type { OrderedOutput, Slot } from "./ordered-output.js";
import { colours } from "./terminal.js";

/** One run that a suite is to make. */
export interface Planned {
  readonly definition: CaseDefinition;
  readonly seed: number;
}

export interface SuiteOptions {
  readonly runtime: (seed: number) => Runtime;
  /** How many cases run at once, each with its own cluster and network. */
  readonly jobs: number;
  /** Stop at the first failure: cases under way are finished, no further one begins. */
  readonly bail: boolean;
  /** Print the peers' own lines. */
  readonly verbose: boolean;
  /** Arguments that a replay needs beside case, mode and seed. */
  readonly replayArgs: readonly string[];
  readonly output: OrderedOutput;
  /** Told each result as it is obtained: none is lost if the suite is interrupted. */
  readonly onResult: (planned: Planned, result: RunResult) => void;
}

/** Runs the planned cases, `jobs` at once, and prints them in the order planned. */
export async function runSuite(plan: readonly Planned[], options: SuiteOptions): Promise<void> {
  const waiting = [...plan];
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      if (hasFailed && options.bail) return;
      const result = await runPlanned(next, options.output.slot(), options);
      hasFailed ||= result.status === "failed";
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
}

async function runPlanned(planned: Planned, slot: Slot, options: SuiteOptions): Promise<RunResult> {
  const { definition, seed } = planned;
  const runtime = options.runtime(seed);
  const log = (peer: number, line: LogLine): void => slot.write(logLine(runtime.clock.nowMs(), peer, line));
  const result = await runCase(definition, {
    runtime,
    seed,
    onTitle: (title) => slot.write(titleLine(title)),
    onWarning: (text) => slot.write(`  warning: ${text}`),
    ...(options.verbose ? { onLog: log } : {}),
  });
  const paint = result.status === "passed" ? colours.green : colours.red;
  slot.write(paint(resultLine(result)));
  if (result.status === "failed") {
    slot.write(failureBlock(result, { mode: runtime.mode, args: options.replayArgs }));
  }
  slot.end();
  options.onResult(planned, result);
  return result;
}

/** `  1250 ms  S1  T3 leader  elected`: columns that stay put, so that two runs can be compared. */
function logLine(nowMs: number, peer: number, { term, isLeader, text }: LogLine): string {
  const role = isLeader ? "leader" : "      ";
  return `${nowMs.toFixed(0).padStart(8)} ms  S${peer}  T${String(term).padEnd(3)} ${role}  ${text}`;
}
