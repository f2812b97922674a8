import { loadavg } from "node:os";
import type { CaseDefinition, RealTimeVerdict, RunError } from "../harness/case.js";
import { usableCores } from "../runtime/cores.js";
import { MAX_SEED } from "../runtime/random.js";
import { counted } from "../text/counted.js";
import { isFailed } from "./campaign.js";
import type { RunManner, Runner, RunReport } from "./runner.js";

/** Seeds of the same case that are run in virtual time, under `lively`, where the lab's cases hold. */
const SEEDS_EXAMINED = 20;

/** A router later than this has eaten into what the lab grants an election, 150 ms or more. */
const LATE_MS = 100;

/** The kinds of error that are a promise of Raft broken, whoever noticed. */
const SAFETY_KINDS = ["safety", "apply"];

/** The kinds of error that are the case's own, and say nothing of the Raft. */
const OWN_KINDS = ["case", "usage"];

/** What the lab's cases say of a promise broken. */
const SAFETY_MESSAGE = /\(>1\) leaders|is missing$|there is no majority|expected no leader/;

/** What the lab's cases say of a Raft that is right but takes too many RPCs, bytes or seconds. */
const BUDGET_MESSAGE = /too many (or few )?RPC|took longer than/;

export interface ExaminerOptions {
  /** Makes runs in `sim`. */
  readonly runner: Runner;
  /** Whether these are held against the rules of Raft. */
  readonly check: boolean;
}

/** Examines a failed run on threads, and adds the verdict to its error, unless the case itself is at fault. */
export async function examined(
  definition: CaseDefinition,
  report: RunReport,
  options: ExaminerOptions,
): Promise<RunReport> {
  const { result } = report;
  const { error } = result;
  if (!error || OWN_KINDS.includes(error.kind)) return report;
  const verdict = await verdictOf(definition, report, error, options);
  return { ...report, result: { ...result, error: { ...error, verdict } } };
}

async function verdictOf(
  definition: CaseDefinition,
  { result, routerLateMs = 0 }: RunReport,
  error: RunError,
  options: ExaminerOptions,
): Promise<RealTimeVerdict> {
  const machine = machineEvidence(routerLateMs);
  if (error.rule !== undefined || classOf(error) === "safety") {
    return { class: "safety", evidence: [`on threads: ${error.message}`, machine.sentence] };
  }
  const again = await examine(definition, result.seed, options);
  const evidence = [again.sentence, machine.sentence];
  const worst = again.errors.find((one) => classOf(one) === "safety") ?? again.errors[0];
  if (worst) return { class: classOf(worst), evidence };
  return { class: machine.isLate ? "machine" : classOf(error), evidence };
}

function classOf({ kind, message }: RunError): RealTimeVerdict["class"] {
  if (SAFETY_KINDS.includes(kind) || SAFETY_MESSAGE.test(message)) return "safety";
  return BUDGET_MESSAGE.test(message) ? "budget" : "liveness";
}

interface Examined {
  readonly errors: readonly RunError[];
  readonly sentence: string;
}

/** The same case in virtual time, where no machine is slow. Looks no further once the worst is known. */
async function examine(
  definition: CaseDefinition,
  seed: number,
  { runner, check }: ExaminerOptions,
): Promise<Examined> {
  const manner: RunManner = { mode: "sim", schedule: "lively", check };
  const errors: RunError[] = [];
  let runs = 0;
  for (let isKnown = false; !isKnown && runs < SEEDS_EXAMINED; runs += 1) {
    const { result, isBrokenOff } = await runner.run(
      definition,
      (seed + runs) % (MAX_SEED + 1),
      manner,
      () => {},
    );
    if (!isFailed(result) || !result.error) continue;
    errors.push(result.error);
    isKnown = classOf(result.error) === "safety" || isBrokenOff === true;
  }
  const [first] = errors;
  const sentence = first
    ? `in virtual time ${definition.name} fails with ${errors.length} of ${counted(runs, "seed")}: ${first.message}`
    : `in virtual time ${definition.name} passes with ${runs} of ${counted(runs, "seed")}`;
  return { errors, sentence };
}

function machineEvidence(routerLateMs: number): { isLate: boolean; sentence: string } {
  const [load = 0] = loadavg();
  return {
    isLate: routerLateMs > LATE_MS,
    sentence: `the router's event loop was late by up to ${routerLateMs.toFixed(0)} ms; the load was ${load.toFixed(1)} on ${counted(usableCores(), "core")}`,
  };
}
