/** A checker that looks on while a case runs. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { attachedChecker } from "../src/check/attach.js";
import { runCase } from "../src/harness/runner.js";
import { selectCases } from "../src/harness/select.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { Sim } from "../src/runtime/sim.js";

const usurper = fileURLToPath(new URL("./fixtures/usurper.ts", import.meta.url));
const [initialElection] = selectCases(labCases, "InitialElection");

test("it sees the run from its first event, and so knows of a leader without votes", async (t) => {
  if (!initialElection) throw new Error("there is no such case");
  const sim = new Sim(await loadProgram(usurper));
  const unchecked = await runCase(initialElection, { runtime: sim.runtime(1), seed: 1 });
  t.is(unchecked.status, "passed");

  const { onConfig, listener } = attachedChecker();
  const runtime = sim.runtime(1);
  const { error } = await runCase(initialElection, { runtime, seed: 1, onConfig, listeners: [listener] });
  t.like(error, { kind: "safety", rule: "election-majority", peer: 0 });
});
