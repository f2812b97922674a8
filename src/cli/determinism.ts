import type { RunResult } from "../harness/case.js";
import type { RunManner, Runner, RunReport } from "../stress/runner.js";
import { firstDifference, showDifference } from "../trace/difference.js";
import { runInOrder } from "./in-order.js";
import type { OrderedOutput, Slot } from "./ordered-output.js";
import type { Planned } from "./suite.js";
import { colours } from "./terminal.js";

export interface DeterminismOptions {
  readonly runner: Runner;
  readonly manner: RunManner;
  readonly jobs: number;
  readonly bail: boolean;
  readonly output: OrderedOutput;
  readonly onResult: (planned: Planned, result: RunResult) => void;
}

/** What makes two runs from one seed differ, for the one who has to find it. */
const LEAKS =
  "Something in raft.ts does not come from its seed and its messages. Look for state that outlives a run, " +
  "for what Node tells of the machine (process.memoryUsage), and for the order of what has no order.";

/** Runs each case twice and compares the two histories, event by event. A run that differs counts as failed. */
export async function checkDeterminism(plan: readonly Planned[], options: DeterminismOptions): Promise<void> {
  await runInOrder(plan, options, async (planned, slot) => {
    const result = await runTwice(planned, slot, options);
    options.onResult(planned, result);
    return result;
  });
}

async function runTwice(
  { definition, seed }: Planned,
  slot: Slot,
  { runner, manner }: DeterminismOptions,
): Promise<RunResult> {
  const once = (): Promise<RunReport> => runner.run(definition, seed, { ...manner, trace: true }, () => {});
  const first = await once();
  const second = await once();
  const difference = firstDifference(first.trace ?? [], second.trace ?? []);
  if (!difference) {
    const { history, status } = first.result;
    slot.write(colours.green(`${definition.name}: the same history twice, ${history} (${status})`));
    return first.result;
  }
  const message = `${definition.name}: two runs from seed ${seed} differ`;
  const shown = showDifference(difference, ["first run", "second run"]);
  slot.write(`${colours.red(message)}\n${shown}\n${LEAKS}`);
  const atMs = 0;
  return {
    ...first.result,
    status: "failed",
    error: { kind: "determinism", message, atMs, details: shown.split("\n") },
  };
}
