import type { RunResult } from "../harness/case.js";
import { failureBlock } from "../harness/report.js";
import type { RunManner, Runner, RunReport } from "../stress/runner.js";
import { firstDifference, showDifference } from "../trace/difference.js";
import { runInOrder } from "./in-order.js";
import type { OrderedOutput, Slot } from "./ordered-output.js";
import type { Planned } from "./suite.js";
import { colours } from "./terminal.js";
import { Warnings } from "./warnings.js";

export interface DeterminismOptions {
  /**
   * One for each of the runs that go on at once. Each makes its runs on one thread, so that what the first
   * run leaves behind in the thread, the second finds.
   */
  readonly runners: readonly Runner[];
  readonly manner: RunManner;
  readonly bail: boolean;
  /** Arguments that a replay needs beside case, mode and seed. */
  readonly replayArgs: readonly string[];
  readonly output: OrderedOutput;
  readonly onResult: (planned: Planned, result: RunResult) => void;
}

/** What makes two runs from one seed differ, for the one who has to find it. */
const LEAKS =
  "Something in raft.ts does not come from its seed and its messages. Look for state that outlives a run " +
  "(on classes of Node's, such as EventEmitter.prototype), for a built-in object that is changed and changed back " +
  "(in sim, the second run has a realm for each peer), and for what hangs on the machine (how deep a recursion " +
  "goes until the stack is full).";

/** Runs each case twice and compares the two histories, event by event. A run that differs counts as failed. */
export async function checkDeterminism(plan: readonly Planned[], options: DeterminismOptions): Promise<void> {
  const { runners, bail, output, onResult } = options;
  const idle = [...runners];
  const warnings = new Warnings();
  await runInOrder(plan, { jobs: runners.length, bail, output }, async (planned, slot) => {
    const runner = idle.pop() as Runner; // as many as jobs
    const result = await runTwice(planned, slot, runner, options);
    idle.push(runner);
    for (const line of warnings.linesOf(result)) slot.write(`  ${line}`);
    onResult(planned, result);
    return result;
  });
}

async function runTwice(
  { definition, seed }: Planned,
  slot: Slot,
  runner: Runner,
  { manner, replayArgs }: DeterminismOptions,
): Promise<RunResult> {
  const once = (realmEach: boolean): Promise<RunReport> =>
    runner.run(definition, seed, { ...manner, trace: true, realmEach }, () => {});
  const first = await once(false);
  const second = await once(true); // finds what the first has hidden by sharing
  const shown = differenceOf(first, second);
  if (shown !== undefined) {
    const message = `${definition.name}: two runs from seed ${seed} differ`;
    slot.write(`${colours.red(message)}\n${shown}\n${LEAKS}`);
    const error = { kind: "determinism", message, atMs: 0, details: shown.split("\n") };
    return { ...first.result, status: "failed", error };
  }
  const { result } = first;
  const verdict =
    result.history === undefined ? "came to no end, twice" : `the same history twice, ${result.history}`;
  const paint = result.status === "passed" ? colours.green : colours.red;
  slot.write(paint(`${definition.name}: ${verdict} (${result.status})`));
  if (result.error) slot.write(failureBlock(result, { mode: manner.mode, args: replayArgs }));
  return result;
}

/** Where the two runs part, in lines for a reader; `undefined` if they do not. */
function differenceOf(first: RunReport, second: RunReport): string | undefined {
  const names = ["first run", "second run"] as const;
  const difference = firstDifference(first.trace ?? [], second.trace ?? []);
  if (difference) return showDifference(difference, names);
  const [one, other] = [first.result.history, second.result.history];
  return one === other ? undefined : `Their events look alike, but their histories are ${one} and ${other}.`;
}
