import { loadavg } from "node:os";
import type { CaseDefinition, RealTimeVerdict, RunError } from "../harness/case.js";
import { usableCores } from "../runtime/cores.js";
import { MAX_SEED } from "../runtime/random.js";
import { counted } from "../text/counted.js";
import { classOf, type Examination, examine, isOwnFault, isSlow, sentenceOf } from "./examination.js";
import type { RunManner, Runner, RunReport } from "./runner.js";

/** Seeds of the same case that are run in virtual time, under `lively`, where the lab's cases hold. */
const SEEDS_EXAMINED = 20;

/** Of the seeds with which it makes no progress there, so many are run again by a tester that waits longer. */
const SEEDS_WAITED_FOR = 3;
/** How many times as long as the lab's that one waits. */
const PATIENCE = 10;

/** A router later than this has eaten into what the lab grants an election, 150 ms or more. */
const LATE_MS = 100;

export interface ExaminerOptions {
  /** Makes runs in `sim`. */
  readonly runner: Runner;
  /** Whether these are held against the rules of Raft. */
  readonly check: boolean;
}

/** What is added to an error: a verdict, or a line that says why there is none. */
type Finding = Required<Pick<RunError, "verdict">> | Required<Pick<RunError, "details">>;

/** Examines a failed run on threads, and adds to its error what it means. */
export async function examined(
  definition: CaseDefinition,
  report: RunReport,
  options: ExaminerOptions,
): Promise<RunReport> {
  const { result } = report;
  if (!result.error) return report;
  const finding = await findingOf(definition, report, result.error, options);
  return { ...report, result: { ...result, error: { ...result.error, ...finding } } };
}

async function findingOf(
  definition: CaseDefinition,
  { result, routerLateMs }: RunReport,
  error: RunError,
  { runner, check }: ExaminerOptions,
): Promise<Finding> {
  if (isOwnFault(error)) return ownFault(error, "raft.ts, or the case, is at fault in itself");
  const machine = machineSentence(routerLateMs);
  if (error.kind === "killed") return verdict("machine", error.message, machine);
  if (classOf(error) === "safety") return verdict("safety", `on threads: ${error.message}`, machine);
  const manner: RunManner = { mode: "sim", schedule: "lively", check };
  const again = await examine(definition, seedsFrom(result.seed), manner, runner);
  const evidence = [sentenceOf(definition.name, again, manner), machine];
  if (isUnsafe(again)) return verdict("safety", ...evidence);
  const [fault] = [...again.errors.values()].filter(isOwnFault);
  if (fault) return ownFault(error, `in virtual time, too, raft.ts is at fault in itself: ${fault.message}`);
  if (again.errors.size === 0) {
    const isLate = routerLateMs !== undefined && routerLateMs > LATE_MS;
    return verdict(isLate ? "machine" : classOf(error), ...evidence);
  }
  const slow = [...again.errors].filter(([, one]) => isSlow(one)).map(([seed]) => seed);
  if (slow.length === 0) return verdict("budget", ...evidence);
  const patient: RunManner = { ...manner, patience: PATIENCE };
  const waited = await examine(definition, slow.slice(0, SEEDS_WAITED_FOR), patient, runner);
  return verdict(classGivenTime(waited), ...evidence, sentenceOf(definition.name, waited, patient));
}

/** What a Raft is that made no progress within the lab's limits, from what it does with more time. */
function classGivenTime(waited: Examination): RealTimeVerdict["class"] {
  if (isUnsafe(waited)) return "safety";
  return waited.runs === 0 || [...waited.errors.values()].some(isSlow) ? "liveness" : "budget";
}

function isUnsafe({ errors }: Examination): boolean {
  return [...errors.values()].some((error) => classOf(error) === "safety");
}

function verdict(of: RealTimeVerdict["class"], ...evidence: readonly string[]): Finding {
  return { verdict: { class: of, evidence } };
}

function ownFault({ details = [] }: RunError, why: string): Finding {
  return { details: [...details, `no verdict is needed: ${why}`] };
}

/** They go on at 0 after the last there is. */
function seedsFrom(first: number): readonly number[] {
  return Array.from({ length: SEEDS_EXAMINED }, (_, i) => (first + i) % (MAX_SEED + 1));
}

function machineSentence(routerLateMs: number | undefined): string {
  const [load = 0] = loadavg();
  const late =
    routerLateMs === undefined
      ? "how late the router's event loop was is not known"
      : `the router's event loop was late by up to ${routerLateMs.toFixed(0)} ms`;
  return `${late}; the load was ${load.toFixed(1)} on ${counted(usableCores(), "core")}`;
}
