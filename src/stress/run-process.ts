/** What a process of the pool runs: one task after another, each a run of one case from its seed. */
import { allCases } from "../lab/cases-file.js";
import { endWithParent } from "./parent-watch.js";
import { RunPool } from "./run-pool.js";
import type { RunSetup, RunTask, ToldReport } from "./run-worker.js";
import { HereRunner, type Runner } from "./runner.js";

/** What all runs of a process share. */
export interface ProcessSetup extends RunSetup {
  /** Memory that the process may have in use, in MiB. */
  readonly maxRssMiB: number;
}

export type ToRunProcess =
  | { readonly kind: "setup"; readonly setup: ProcessSetup }
  | { readonly kind: "task"; readonly task: RunTask };

export type FromRunProcess =
  /** Its event loop has come round once more. */
  | { readonly kind: "beat" }
  | { readonly kind: "report"; readonly report: ToldReport }
  /** It has more memory in use than it may, and ends. */
  | { readonly kind: "too-large" };

const BEAT_MS = 500;
const LOOK_AT_MEMORY_MS = 100;

// Ctrl-C, and the end of a terminal, go to all its processes. Whoever runs the campaign decides what becomes of it.
for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());
endWithParent();
setInterval(() => tell({ kind: "beat" }), BEAT_MS);

let makeRun = (_task: RunTask): Promise<ToldReport> => {
  throw new Error("A process of the pool was given a task before its setup.");
};

process.on("message", (message: ToRunProcess) => {
  if (message.kind === "setup") {
    setUp(message.setup);
  } else {
    tell({ kind: "beat" }); // a case that loops at once must not look like a process that still boots
    void makeRun(message.task).then((report) => tell({ kind: "report", report }));
  }
});

function setUp({ program, casesFile, maxRssMiB }: ProcessSetup): void {
  const cases = allCases(casesFile);
  // In sim the peers are on the thread of the run: it gets one that can be looked into and ended from here.
  const sim = new RunPool({ program, casesFile, threads: 1 });
  const here = new HereRunner(program);
  setInterval(endIfLarge, LOOK_AT_MEMORY_MS, maxRssMiB);
  makeRun = async ({ name, seed, manner }) => {
    const definition = (await cases).find((one) => one.name === name);
    if (!definition) throw new Error(`There is no case ${name}.`);
    const runner: Runner = manner.mode === "sim" ? sim : here;
    const lines: string[] = [];
    const report = await runner.run(definition, seed, manner, (line) => lines.push(line));
    return { ...report, lines };
  };
}

function endIfLarge(maxRssMiB: number): void {
  if (process.memoryUsage.rss() <= maxRssMiB * 2 ** 20) return;
  process.send?.({ kind: "too-large" } satisfies FromRunProcess, () => process.exit());
}

function tell(message: FromRunProcess): void {
  if (process.connected) process.send?.(message);
}
