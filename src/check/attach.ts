import type { Config } from "../harness/config.js";
import type { Failing } from "../harness/verdict.js";
import type { TraceRecord } from "../trace/event.js";
import type { TraceListener } from "../trace/recorder.js";
import { RaftChecker } from "./run-checker.js";
import type { Violation } from "./violation.js";

/** Checks a run while it goes: both are options of `runCase`. */
export interface AttachedChecker {
  readonly onConfig: (cfg: Config) => void;
  readonly listener: TraceListener;
}

/** A checker that fails the case at the first event that breaks a rule of Raft. */
export function attachedChecker(): AttachedChecker {
  let checker: RaftChecker | undefined;
  /** What is recorded while the tester is made. Without it the trace would count as cut, and prove little. */
  const early: TraceRecord[] = [];
  return {
    onConfig: (cfg) => {
      checker = new RaftChecker({
        peerCount: cfg.n,
        onViolation: (violation) => cfg.fail(failingOf(violation)),
        onWarning: (text) => cfg.warn(text),
      });
      for (const record of early) checker.see(record);
    },
    listener: (record) => {
      if (checker) checker.see(record);
      else early.push(record);
    },
  };
}

/** A broken rule as the failure of a case. */
export function failingOf({ rule, section, message, peers, events }: Violation): Failing {
  return {
    kind: "safety",
    rule,
    message: `${message} (${rule}, ${section})`,
    peer: peers[0],
    details: [`events of the trace that show it: ${events.join(", ")}`],
  };
}
