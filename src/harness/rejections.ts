import { setImmediate as nextTurn } from "node:timers/promises";
import { CaseFailure } from "./case-failure.js";
import type { Config } from "./config.js";
import { failingOf } from "./verdict.js";

/**
 * Keeps rejections that nobody handles in a case's own code from ending the process, as Node has it: when a
 * case fails, flows that it started and does not await any more fail as well; and an error in such a flow
 * fails the case. Rejections of other realms, where peers live, are not this guard's.
 * @returns ends the guard, once the flows of the case have had a turn to end
 */
export function guardRejections(cfg: Config): () => Promise<void> {
  const hear = (reason: unknown, promise: Promise<unknown>): void => {
    if (reason instanceof CaseFailure || !(promise instanceof Promise)) return;
    cfg.fail(failingOf(reason));
  };
  process.on("unhandledRejection", hear);
  return async () => {
    await nextTurn();
    process.off("unhandledRejection", hear);
  };
}
