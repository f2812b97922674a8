import { loadavg } from "node:os";
import type { CaseDefinition, RealTimeVerdict, RunError } from "../harness/case.js";
import { isFailed } from "./campaign.js";
import type { RunManner, Runner, RunReport } from "./runner.js";

/** Seeds of the same case that are run in virtual time, under `lively`, where the lab's cases hold. */
const SEEDS_EXAMINED = 20;

/** A router later than this has eaten into what the lab grants an election, 150 ms or more. */
const LATE_MS = 100;

/** The kinds of error that are a promise of Raft broken, whoever noticed. */
const SAFETY_KINDS = ["safety", "apply"];

/** What the lab's cases say of a Raft that is right but takes too many RPCs, bytes or seconds. */
const BUDGET_MESSAGE = /too many (or few )?RPC|took longer than/;

/**
 * Examines a failed run on threads, and adds the verdict to its error.
 * @param runner makes runs in `sim`
 */
export async function examined(
  definition: CaseDefinition,
  report: RunReport,
  runner: Runner,
): Promise<RunReport> {
  const { result } = report;
  const { error } = result;
  if (!error) return report;
  const verdict = await verdictOf(definition, report, error, runner);
  return { ...report, result: { ...result, error: { ...error, verdict } } };
}

async function verdictOf(
  definition: CaseDefinition,
  { result, routerLateMs = 0 }: RunReport,
  error: RunError,
  runner: Runner,
): Promise<RealTimeVerdict> {
  const machine = machineEvidence(routerLateMs);
  if (error.rule !== undefined || SAFETY_KINDS.includes(error.kind)) {
    return { class: "safety", evidence: [`on threads: ${error.message}`, machine.sentence] };
  }
  const again = await examine(definition, result.seed, runner);
  const evidence = [again.sentence, machine.sentence];
  const worst = again.errors.find(({ kind }) => kind === "safety") ?? again.errors[0];
  if (worst) return { class: classOf(worst), evidence };
  return { class: machine.isLate ? "machine" : classOf(error), evidence };
}

function classOf({ kind, message }: RunError): RealTimeVerdict["class"] {
  if (SAFETY_KINDS.includes(kind)) return "safety";
  return BUDGET_MESSAGE.test(message) ? "budget" : "liveness";
}

interface Examined {
  readonly errors: readonly RunError[];
  readonly sentence: string;
}

/** The same case in virtual time, where no machine is slow. */
async function examine(definition: CaseDefinition, seed: number, runner: Runner): Promise<Examined> {
  const errors: RunError[] = [];
  for (let i = 0; i < SEEDS_EXAMINED; i += 1) {
    const manner: RunManner = { mode: "sim", schedule: "lively", check: true };
    const { result } = await runner.run(definition, seed + i, manner, () => {});
    if (isFailed(result) && result.error) errors.push(result.error);
  }
  const sentence =
    errors.length === 0
      ? `in virtual time ${definition.name} passes with ${SEEDS_EXAMINED} of ${SEEDS_EXAMINED} seeds`
      : `in virtual time ${definition.name} fails with ${errors.length} of ${SEEDS_EXAMINED} seeds: ${errors[0]?.message}`;
  return { errors, sentence };
}

function machineEvidence(routerLateMs: number): { isLate: boolean; sentence: string } {
  const [load = 0] = loadavg();
  return {
    isLate: routerLateMs > LATE_MS,
    sentence: `the router's event loop was late by up to ${routerLateMs.toFixed(0)} ms; the load of the machine was ${load.toFixed(1)}`,
  };
}
