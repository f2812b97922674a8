import type { CaseDefinition, RealTimeVerdict, RunError } from "../harness/case.js";
import { counted } from "../text/counted.js";
import type { RunManner, Runner } from "./runner.js";

/** Kinds of error that are the case's own, or raft.ts's, whatever the machine: where they stand is told with them. */
const OWN_KINDS = [
  ...["case", "usage"],
  ...["handler", "unknown-method", "start", "unhandled", "exit", "flood", "forbidden"],
];

/** Kinds that a limit of time tells: it may be a busy machine that kept a peer from its turn. */
const TIMED_KINDS = ["stuck", "load"];

/**
 * Kinds that say nothing of the same case in real time. Nor does a run that was broken off, as for a loop that waits
 * for `Date.now()` to change.
 */
const OUT_OF_COUNT = ["forbidden", "killed"];

/** After so many runs that tell nothing, each of which may take seconds, the others would not either. */
const MAX_OUT_OF_COUNT = 2;

/** What an error shows broken. */
export function classOf({ kind, rule, breaks }: RunError): Exclude<RealTimeVerdict["class"], "machine"> {
  if (rule !== undefined || kind === "safety" || kind === "apply") return "safety";
  return breaks ?? "liveness";
}

/** Whether raft.ts or the case is at fault in itself, so that there is nothing to examine. */
export function isOwnFault({ kind, stack, peer }: RunError): boolean {
  if (TIMED_KINDS.includes(kind)) return stack !== undefined || peer === undefined;
  return OWN_KINDS.includes(kind);
}

/** Whether more time might have helped. */
export function isSlow(error: RunError): boolean {
  return error.kind === "timeout" || classOf(error) === "liveness";
}

/** What came of a case in virtual time, where no machine is slow. */
export interface Examination {
  /** Runs that tell something. */
  readonly runs: number;
  /** Of those that failed, by seed. */
  readonly errors: ReadonlyMap<number, RunError>;
  /** Of runs that tell nothing. */
  readonly outOfCount: readonly RunError[];
}

/** Runs a case in virtual time with each of the seeds; with none after the first that breaks a promise of Raft. */
export async function examine(
  definition: CaseDefinition,
  seeds: readonly number[],
  manner: RunManner,
  runner: Runner,
): Promise<Examination> {
  const errors = new Map<number, RunError>();
  const outOfCount: RunError[] = [];
  let runs = 0;
  for (const seed of seeds) {
    const { result, isBrokenOff = false } = await runner.run(definition, seed, manner, () => {});
    const { error } = result;
    if (error && (isBrokenOff || OUT_OF_COUNT.includes(error.kind))) {
      outOfCount.push(error);
      if (outOfCount.length === MAX_OUT_OF_COUNT) break;
      continue;
    }
    runs += 1;
    if (!error) continue;
    errors.set(seed, error);
    if (classOf(error) === "safety") break;
  }
  return { runs, errors, outOfCount };
}

/** The examination in a sentence: `in virtual time TestBackup3B passes with 20 of 20 seeds`. */
export function sentenceOf(
  name: string,
  { runs, errors, outOfCount }: Examination,
  { patience = 1 }: RunManner,
): string {
  const where =
    patience === 1 ? "in virtual time" : `in virtual time, given ${patience} times the lab's limits,`;
  const [first] = errors.values();
  const [odd] = outOfCount;
  const deed = first
    ? `fails with ${errors.size} of ${counted(runs, "seed")}: ${first.message}`
    : `passes with ${runs} of ${counted(runs, "seed")}`;
  const clauses = [
    ...(runs > 0 ? [deed] : []),
    ...(odd
      ? [`came to no end with ${counted(outOfCount.length, "seed")}, which tells nothing: ${odd.message}`]
      : []),
  ];
  return `${where} ${name} ${clauses.join("; it ")}`;
}
