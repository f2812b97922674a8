import type { CaseDefinition, RunResult } from "../../src/harness/case.js";
import { runCase } from "../../src/harness/runner.js";
import { loadProgram } from "../../src/peer/program.js";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { profileCase } from "../../src/profile/profile-run.js";
import { PeerThreads } from "../../src/runtime/threads.js";
import type { TraceRecord, TraceSink } from "../../src/trace/event.js";

/** How a process makes its runs: the argument of a fixture. */
export type Kind = "profiled" | "plain";

const SEED = 1;

/** Makes a run of the reference Raft on threads, as `whitewater profile` or `whitewater test` does. */
export async function runOf(definition: CaseDefinition, kind: Kind, sink: TraceSink): Promise<RunResult> {
  const program = await loadProgram(REFERENCE_RAFT);
  if (kind === "profiled") {
    const options = { program, seed: SEED, trace: false, cpuProfile: false };
    return (await profileCase(definition, { ...options, listeners: [sink] })).result;
  }
  // With listeners to its events, which the profiler goes without.
  const listeners = [({ event }: TraceRecord) => sink.record(event)];
  const runtime = new PeerThreads(program).runtime(SEED);
  return await runCase(definition, { runtime, seed: SEED, listeners });
}
