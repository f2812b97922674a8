import { setImmediate as nextTurn } from "node:timers/promises";
import { ownerAtTurn } from "../runtime/kernel.js";
import { CaseFailure } from "./case-failure.js";
import type { Config } from "./config.js";
import { failingOf } from "./verdict.js";

/** The testers of the cases that run now. */
const running = new Set<Config>();

/**
 * Keeps rejections that nobody handles in a case's own code from ending the process, as Node has it: when a
 * case fails, flows that it started and does not await any more fail as well; and an error in such a flow
 * fails the case.
 * @returns ends the guard, once the flows of the case have had a turn to end
 */
export function guardRejections(cfg: Config): () => Promise<void> {
  if (running.size === 0) process.on("unhandledRejection", hear);
  running.add(cfg);
  return async () => {
    await nextTurn();
    running.delete(cfg);
    if (running.size === 0) process.off("unhandledRejection", hear);
  };
}

/**
 * What a peer leaves rejected is not ours: a promise of its realm, or one that Node made for it in its turn.
 * Of cases that run side by side, any may be to blame.
 */
function hear(reason: unknown, promise: Promise<unknown>): void {
  if (reason instanceof CaseFailure || !(promise instanceof Promise) || ownerAtTurn()) return;
  for (const cfg of running) cfg.fail(failingOf(reason));
}
