import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { defineCase } from "../../src/cases.js";
import type { CaseDefinition } from "../../src/harness/case.js";
import { labCases } from "../../src/lab/index.js";
import { loadProgram, type Program } from "../../src/peer/program.js";
import type { ScheduleName } from "../../src/runtime/schedule.js";
import { HereRunner, type Runner, type RunReport } from "../../src/stress/runner.js";

/** The lab's case of this name. */
export function labCase(name: string): CaseDefinition {
  const definition = labCases.find((one) => one.name === name);
  if (!definition) throw new Error(`the lab has no ${name}`);
  return definition;
}

/** Watches three servers for a virtual second, and restarts two of them meanwhile. */
export const watching = defineCase({
  name: "TestWatching",
  servers: 3,
  run: async (cfg) => {
    for (const server of [1, 0]) {
      await cfg.sleep(300);
      await cfg.start1(server);
      cfg.connect(server);
    }
    await cfg.sleep(400);
  },
});

/** A raft.ts of these words, bundled. */
export async function programOf(t: ExecutionContext, source: string): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-raft-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "raft.ts");
  await writeFile(path, source);
  return await loadProgram(path);
}

/**
 * A raft.ts that never leads, and runs `does` every 50 ms, in a function of its own; what that returns, the
 * peer logs.
 * @param before what stands above `make`, such as imports
 */
export function idleRaft(does: string, before = ""): string {
  return `${before}
export const make = (peers, me, persister, applyCh) => {
  const act = () => { ${does} };
  const timer = setInterval(() => {
    const result = act();
    if (result !== undefined) console.log(String(result));
  }, 50);
  return {
    start: () => ({ index: -1, term: 1, isLeader: false }),
    getState: () => ({ term: 1, isLeader: false }),
    kill: () => clearInterval(timer),
    poke: () => true,
  };
};
`;
}

export interface VirtualRun {
  readonly definition?: CaseDefinition;
  readonly seed?: number;
  readonly schedule?: ScheduleName;
  readonly trace?: boolean;
}

/** One run, unchecked: seed 1 of `watching`, under lively, unless told otherwise. */
export function runIn(
  runner: Runner,
  mode: "sim" | "lockstep",
  { definition = watching, seed = 1, schedule = "lively", trace = false }: VirtualRun = {},
): Promise<RunReport> {
  return runner.run(definition, seed, { mode, schedule, check: false, trace }, () => {});
}

/** Runs on this thread that end with the test. */
export function runnerHere(t: ExecutionContext, program: Program): Runner {
  const runner = new HereRunner(program);
  t.teardown(() => runner.close());
  return runner;
}

/** The texts that peers logged, in a trace of JSON lines. */
export function logged({ trace = [] }: RunReport): readonly string[] {
  return trace
    .map((line) => JSON.parse(line) as { readonly kind: string; readonly text?: string })
    .flatMap(({ kind, text }) => (kind === "log" && text !== undefined ? [text] : []));
}
