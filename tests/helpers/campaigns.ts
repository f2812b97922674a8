import { defineCase } from "../../src/cases.js";
import type { CaseDefinition, RunError, RunResult } from "../../src/harness/case.js";
import type { RunManner, Runner, RunReport } from "../../src/stress/runner.js";

/** How the runs of a scripted campaign are made: the default of `stress`. */
export const IN_SIM: RunManner = { mode: "sim", schedule: "lively", check: true };

/** Cases that are never run, only named. */
export const [caseA, caseB] = ["TestA", "TestB"].map((name) =>
  defineCase({ name, servers: 3, run: async () => {} }),
) as [CaseDefinition, CaseDefinition];

/** A result of `caseA` that passed in two seconds; failed where an error is given. */
export function resultOf({ error, ...given }: Partial<RunResult> = {}): RunResult {
  return {
    name: "TestA",
    part: "own",
    title: "Test (own): TestA",
    status: error ? "failed" : "passed",
    seconds: 2,
    wallMs: 50,
    peers: 3,
    rpcs: 100,
    bytes: 1000,
    commits: 0,
    seed: 1,
    ...given,
    ...(error ? { error } : {}),
  };
}

/** A failed check, unless told otherwise. */
export function errorOf(message: string, given: Partial<RunError> = {}): RunError {
  return { kind: "check", message, atMs: 1500, ...given };
}

/** What a scripted run is asked for. */
export interface Asked {
  readonly name: string;
  readonly seed: number;
  readonly manner: RunManner;
}

/** A runner whose runs come out as a script says, and which keeps what it was asked for, in order. */
export class ScriptedRunner implements Runner {
  readonly asked: Asked[] = [];
  readonly #script: (asked: Asked) => Partial<RunReport> | Promise<Partial<RunReport>>;

  /** @param script what is left out of a report is that of a run that passed */
  constructor(script: (asked: Asked) => Partial<RunReport> | Promise<Partial<RunReport>> = () => ({})) {
    this.#script = script;
  }

  async run({ name, part, title }: CaseDefinition, seed: number, manner: RunManner): Promise<RunReport> {
    const asked = { name, seed, manner };
    this.asked.push(asked);
    return { result: resultOf({ name, part, title, seed }), events: 10, ...(await this.#script(asked)) };
  }

  async close(): Promise<void> {}
}
