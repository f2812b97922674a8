import { setImmediate as nextTurn } from "node:timers/promises";
import { failingOf } from "../check/attach.js";
import { RaftChecker } from "../check/run-checker.js";
import type { Violation } from "../check/violation.js";
import type { RunError, RunResult } from "../harness/case.js";
import type { RecordRing } from "./record-ring.js";

/** Events that are looked at in one go, in a millisecond or so: other runs may go on in this process. */
const AT_ONCE = 500;

/** Of a run that passed, nothing is drawn from a part: what one has not seen may explain what one has. */
const TOO_LONG = "a run had more events than are kept, so its peers were not held against the rules of Raft";

/**
 * Holds a run in real time against the rules of Raft when it is over: to do so while it goes would take time from
 * the router.
 * @returns the result: of a run that passed and has broken a rule, a failure; of one that failed, with that rule
 */
export async function heldAgainstRules(result: RunResult, ring: RecordRing): Promise<RunResult> {
  if (result.status === "passed" && !ring.isWhole) return withWarnings(result, [TOO_LONG]);
  const { violation, atMs, warnings } = await findingsIn(ring, result.peers);
  const warned = withWarnings(result, warnings);
  if (!violation) return warned;
  const failing = failingOf(violation);
  if (!result.error) {
    const { kind, message, rule = "", peer, details = [] } = failing;
    const noticed = "the case had passed: it noticed nothing";
    const error: RunError = { kind, message, rule, atMs, details: [...details, noticed] };
    return { ...warned, status: "failed", error: peer === undefined ? error : { ...error, peer } };
  }
  const details = [`before that: ${failing.message}`, ...(result.error.details ?? [])];
  return { ...warned, error: { ...result.error, rule: violation.rule, details } };
}

/** The result with further warnings, each text once. */
export function withWarnings(result: RunResult, texts: readonly string[]): RunResult {
  const warnings = [...new Set([...(result.warnings ?? []), ...texts])];
  return warnings.length === 0 ? result : { ...result, warnings };
}

interface Findings {
  readonly violation: Violation | undefined;
  /** When the rule was broken. */
  readonly atMs: number;
  readonly warnings: readonly string[];
}

async function findingsIn(ring: RecordRing, peerCount: number): Promise<Findings> {
  let violation: Violation | undefined;
  let atMs = 0;
  const warnings: string[] = [];
  const checker = new RaftChecker({
    peerCount,
    onViolation: (found) => {
      violation = found;
    },
    onWarning: (text) => warnings.push(text),
  });
  for (const [i, record] of ring.records().entries()) {
    checker.see(record);
    if (violation) {
      atMs = record.atUs / 1000;
      break;
    }
    if (i % AT_ONCE === AT_ONCE - 1) await nextTurn();
  }
  return { violation, atMs, warnings };
}
