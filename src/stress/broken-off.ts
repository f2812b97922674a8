import type { CaseDefinition, RunError } from "../harness/case.js";
import type { RunReport } from "./runner.js";

/**
 * The report of a run that came to no end of its own: what it had counted is lost with its thread or process.
 * @param wallMs real milliseconds that it took
 */
export function brokenOff(
  { name, part, title, servers }: CaseDefinition,
  seed: number,
  wallMs: number,
  error: RunError,
): RunReport {
  const counts = { seconds: error.atMs / 1000, wallMs, peers: servers, rpcs: 0, bytes: 0, commits: 0 };
  return {
    result: { name, part, title, status: "failed", ...counts, seed, error },
    events: 0,
    isBrokenOff: true,
  };
}

/** The fault of a case whose own code gives its thread to nobody. @param ms of real time, at least */
export function caseIsStuck(ms: number): Pick<RunError, "kind" | "message"> {
  return {
    kind: "stuck",
    message: `the case has kept its thread busy for ${ms / 1000} s of real time, and no peer is at its turn: what does it loop over?`,
  };
}

/**
 * The fault of a run that took more memory than it gets.
 * @param limit what it went beyond, such as "1024 MiB of heap"
 */
export function outOfMemory(limit: string): Pick<RunError, "kind" | "message"> {
  return {
    kind: "exit",
    message: `the run ran out of memory: it has ${limit} for all its peers. What do they keep that grows?`,
  };
}

/** The fault of a run that ended what it was run in. */
export function endedItself(
  what: "thread" | "process",
  exitCode: string,
): Pick<RunError, "kind" | "message"> {
  return {
    kind: "exit",
    message: `the run ended its ${what}, with exit code ${exitCode}: does the case call process.exit, or throw where nobody catches?`,
  };
}
