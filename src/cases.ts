/** What the author of own cases imports. */
import { UsageError } from "./errors.js";
import type { CaseDefinition } from "./harness/case.js";

export type { Waited } from "./harness/agreement.js";
export type { Committed } from "./harness/appliers.js";
export type { CaseDefinition } from "./harness/case.js";
export { CaseFailure } from "./harness/case-failure.js";
export { type Config, ELECTION_TIMEOUT_MS } from "./harness/config.js";
export type { Command, LogIndex, RaftState, StartResult } from "./peer/raft-peer.js";
export { MAX_COMMAND, type Random } from "./runtime/random.js";

/** Most servers that a case may have. */
const MAX_SERVERS = 99;

/** A case of one's own: `part` and `title` have defaults. */
export type CaseOptions = Omit<CaseDefinition, "part" | "title"> &
  Partial<Pick<CaseDefinition, "part" | "title">>;

/**
 * Makes a case to export from a file of cases.
 * @param options.part the default is `own`
 * @param options.title the line printed; the default is `Test (own): ` and the name
 * @throws {UsageError} if it could not run
 */
export function defineCase(options: CaseOptions): CaseDefinition {
  const { name, servers, run } = options;
  if (typeof name !== "string" || !/^\w+$/.test(name)) {
    throw new UsageError(
      `A case needs a name of letters, digits and _, such as TestMyCase; got ${JSON.stringify(name)}.`,
    );
  }
  if (!Number.isInteger(servers) || servers < 1 || servers > MAX_SERVERS) {
    throw new UsageError(
      `${name}: servers must be a whole number from 1 to ${MAX_SERVERS}; got ${String(servers)}.`,
    );
  }
  if (typeof run !== "function")
    throw new UsageError(`${name}: run must be a function of the tester, cfg; got ${String(run)}.`);
  const part = options.part ?? "own";
  return { title: `Test (${part}): ${name}`, ...options, part };
}
