/** What a thread of the pool runs: one task after another, each a run of one case from its seed. */
import { threadId, workerData } from "node:worker_threads";
import { allCases, type CasesFile } from "../lab/cases-file.js";
import type { Program } from "../peer/program.js";
import { osThreadId } from "../runtime/thread-place.js";
import { Pulse } from "./pulse.js";
import { HereRunner, type RunManner, type RunReport } from "./runner.js";

/** What all runs of a pool share. Plain data. */
export interface RunSetup {
  readonly program: Program;
  /** The user's file of cases, if there is one. */
  readonly casesFile?: CasesFile | undefined;
}

/** One run to make. Plain data. */
export interface RunTask {
  /** The name of the case. */
  readonly name: string;
  readonly seed: number;
  readonly manner: RunManner;
}

/** A run that another thread of the process watches. */
export interface WatchedTask extends RunTask {
  /** The buffer of a `Pulse`. */
  readonly pulse: SharedArrayBuffer;
}

/** What came of a run, with the lines for the user. */
export interface ToldReport extends RunReport {
  readonly lines: readonly string[];
}

const BEAT_MS = 250;

const { program, casesFile } = workerData as RunSetup;
const cases = allCases(casesFile);
/** Of the run that goes on. */
let pulse = new Pulse();
const runner = new HereRunner(program, {
  begins: (peer, nowUs) => pulse.begins(peer, nowUs),
  ends: () => pulse.ends(),
  floods: () => pulse.floods(),
});

/** Makes one run. Its event loop beats while it does. */
export default async function makeRun({
  name,
  seed,
  manner,
  pulse: buffer,
}: WatchedTask): Promise<ToldReport> {
  pulse = new Pulse(buffer);
  pulse.begin(threadId, osThreadId());
  const beat = setInterval(() => pulse.beat(), BEAT_MS);
  try {
    const definition = (await cases).find((one) => one.name === name);
    if (!definition) throw new Error(`There is no case ${name}.`);
    const lines: string[] = [];
    const report = await runner.run(definition, seed, manner, (line) => lines.push(line));
    return { ...report, lines };
  } finally {
    clearInterval(beat);
  }
}
