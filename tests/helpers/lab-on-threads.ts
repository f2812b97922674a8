import test from "ava";
import { failureBlock } from "../../src/harness/report.js";
import { runCase } from "../../src/harness/runner.js";
import { selectCases } from "../../src/harness/select.js";
import { labCases } from "../../src/lab/index.js";
import { loadProgram } from "../../src/peer/program.js";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { PeerThreads } from "../../src/runtime/threads.js";

/** A test per case whose name matches, under its Go name: the reference Raft passes it on real threads. */
export function testLabOnThreads(pattern: string, seed: number): void {
  let threads: PeerThreads;
  test.before(async () => {
    threads = new PeerThreads(await loadProgram(REFERENCE_RAFT));
  });
  test.after.always(() => threads.close());

  for (const definition of selectCases(labCases, pattern)) {
    // One after another: in real time, cases that run at once disturb each other.
    test.serial(definition.name, async (t) => {
      t.timeout(180_000);
      const result = await runCase(definition, { runtime: threads.runtime(seed), seed });
      t.is(result.status, "passed", failureBlock(result, { mode: "threads" }));
    });
  }
}
