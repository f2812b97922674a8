import type { CaseDefinition, RunResult } from "../harness/case.js";
import { failureBlock, resultLine } from "../harness/report.js";
import type { RunManner, Runner } from "../stress/runner.js";
import { type InOrderOptions, runInOrder } from "./in-order.js";
import type { Slot } from "./ordered-output.js";
import { colours } from "./terminal.js";
import { Warnings } from "./warnings.js";

/** One run that a suite is to make. */
export interface Planned {
  readonly definition: CaseDefinition;
  readonly seed: number;
}

export interface SuiteOptions extends InOrderOptions {
  readonly runner: Runner;
  readonly manner: RunManner;
  /** Arguments that a replay needs beside case, mode and seed. */
  readonly replayArgs: readonly string[];
  /** Told each result as it is obtained: none is lost if the suite is interrupted. */
  readonly onResult: (planned: Planned, result: RunResult) => void;
  /** Told each run's events, as JSON lines, where the manner asks for them. */
  readonly onTrace?: (planned: Planned, trace: readonly string[]) => void;
}

/** Runs the planned cases, `jobs` at once, and prints them in the order planned. */
export async function runSuite(plan: readonly Planned[], options: SuiteOptions): Promise<void> {
  const warnings = new Warnings();
  await runInOrder(plan, options, (planned, slot) => runPlanned(planned, slot, warnings, options));
}

async function runPlanned(
  planned: Planned,
  slot: Slot,
  warnings: Warnings,
  options: SuiteOptions,
): Promise<RunResult> {
  const { definition, seed } = planned;
  const { runner, manner } = options;
  const { result, trace } = await runner.run(definition, seed, manner, (line) => slot.write(line));
  for (const line of warnings.linesOf(result)) slot.write(`  ${line}`);
  const paint = result.status === "passed" ? colours.green : colours.red;
  slot.write(paint(resultLine(result)));
  if (result.status === "failed") {
    slot.write(failureBlock(result, { mode: manner.mode, args: options.replayArgs }));
  }
  options.onResult(planned, result);
  if (trace) options.onTrace?.(planned, trace);
  return result;
}
