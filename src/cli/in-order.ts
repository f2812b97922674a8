import type { RunResult } from "../harness/case.js";
import type { OrderedOutput, Slot } from "./ordered-output.js";

export interface InOrderOptions {
  /** How many run at once. */
  readonly jobs: number;
  /** Stop at the first failure: what is under way is finished, nothing further begins. */
  readonly bail: boolean;
  readonly output: OrderedOutput;
}

/** Does each of `items` with `make`, `jobs` at once, and keeps their output in the order listed. */
export async function runInOrder<Item>(
  items: readonly Item[],
  { jobs, bail, output }: InOrderOptions,
  make: (item: Item, slot: Slot) => Promise<RunResult>,
): Promise<void> {
  const waiting = [...items];
  let hasFailed = false;
  const work = async (): Promise<void> => {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      if (hasFailed && bail) return;
      const slot = output.slot();
      const { status } = await make(item, slot);
      slot.end();
      hasFailed ||= status === "failed";
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
