import { fileURLToPath } from "node:url";
import test from "ava";
import type { RunResult } from "../src/harness/case.js";
import { runCase } from "../src/harness/runner.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { PeerThreads } from "../src/runtime/threads.js";

const SEED = 1;
const initialElection = labCases.find(({ name }) => name === "TestInitialElection3A");

/** Takes the raft.ts at `path` through TestInitialElection3A on threads. */
async function elect(path: string): Promise<RunResult> {
  if (!initialElection) throw new Error("the lab's TestInitialElection3A is gone");
  const program = await loadProgram(fileURLToPath(new URL(`../${path}`, import.meta.url)));
  const threads = new PeerThreads(program, { spares: 0 });
  try {
    return await runCase(initialElection, {
      runtime: threads.runtime(SEED),
      seed: SEED,
    });
  } finally {
    await threads.close();
  }
}

for (const { path, message, speaks } of [
  {
    path: "skeleton/raft.ts",
    message: "expected one leader, got none",
    speaks: false,
  },
  {
    path: "examples/smallest/raft.ts",
    message: "expected one leader, got none",
    speaks: false,
  },
  {
    path: "examples/eager/raft.ts",
    message: "term 1 has 3 (>1) leaders: servers 0, 1, 2",
    speaks: true,
  },
]) {
  test.serial(`${path} runs as it is, and fails TestInitialElection3A: ${message}`, async (t) => {
    const { error, rpcs } = await elect(path);
    t.is(error?.message, message);
    t.is(error?.kind, "check");
    t.is(rpcs > 0, speaks, `${rpcs} RPCs`);
  });
}
