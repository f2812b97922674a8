/** What a thread of the pool runs: one task after another, each a run of one case from its seed. */
import { deserialize } from "node:v8";
import { threadId } from "node:worker_threads";
import type { CaseDefinition } from "../harness/case.js";
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
  /** A `RunSetup`, serialized once for all threads of the pool. */
  readonly setup: SharedArrayBuffer;
  /** The buffer of a `Pulse`. */
  readonly pulse: SharedArrayBuffer;
}

/** What came of a run, with the lines for the user. */
export interface ToldReport extends RunReport {
  readonly lines: readonly string[];
}

const BEAT_MS = 250;

/** What all runs of the thread share. */
interface Workshop {
  readonly cases: Promise<readonly CaseDefinition[]>;
  readonly runner: HereRunner;
}

let workshop: Workshop | undefined;
/** Of the run that goes on. */
let pulse = new Pulse();

/** For a thread that is to boot before there is a run to make. */
export function boot(): void {}

/** Makes one run. Its event loop beats while it does. */
export default async function makeRun({
  name,
  seed,
  manner,
  setup,
  pulse: buffer,
}: WatchedTask): Promise<ToldReport> {
  pulse = new Pulse(buffer);
  pulse.begin(threadId, osThreadId());
  const beat = setInterval(() => pulse.beat(), BEAT_MS);
  try {
    workshop ??= newWorkshop(setup);
    const { cases, runner } = workshop;
    const definition = (await cases).find((one) => one.name === name);
    if (!definition) throw new Error(`There is no case ${name}.`);
    const lines: string[] = [];
    const report = await runner.run(definition, seed, manner, (line) => lines.push(line));
    return { ...report, lines };
  } finally {
    clearInterval(beat);
  }
}

function newWorkshop(setup: SharedArrayBuffer): Workshop {
  const { program, casesFile } = deserialize(Buffer.from(new Uint8Array(setup))) as RunSetup;
  const runner = new HereRunner(program, {
    begins: (peer, nowUs) => pulse.begins(peer, nowUs),
    ends: () => pulse.ends(),
    floods: () => pulse.floods(),
  });
  return { cases: allCases(casesFile), runner };
}
