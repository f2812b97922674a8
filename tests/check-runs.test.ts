/** Whole runs of a Raft that does what the paper says: no checker says a word. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { RaftChecker } from "../src/check/run-checker.js";
import type { Violation } from "../src/check/violation.js";
import { runCase } from "../src/harness/runner.js";
import { selectCases } from "../src/harness/select.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { Sim } from "../src/runtime/sim.js";

/** A longer search is a matter of this number; a seed takes some seconds. */
const SEEDS = Number(process.env.CHECK_RUNS_SEEDS ?? 1);
const FIRST_SEED = Number(process.env.CHECK_RUNS_FIRST_SEED ?? 1);

/** Crashes, partitions, losses and reordering, in cases that are quick. */
const TROUBLED = "Backup3B|Persist33C|Figure8Unreliable|UnreliableChurn";

const lateRaft = fileURLToPath(new URL("./fixtures/late-raft.ts", import.meta.url));

for (const { name, raft, schedule } of [
  { name: "the reference Raft", raft: REFERENCE_RAFT, schedule: "lively" as const },
  { name: "the reference Raft on machines that freeze", raft: REFERENCE_RAFT, schedule: "rough" as const },
  {
    name: "a Raft whose requests, handlers and replies are late",
    raft: lateRaft,
    schedule: "lively" as const,
  },
]) {
  test(`${name} breaks no rule in ${SEEDS} rounds of the troubled cases`, async (t) => {
    const sim = new Sim(await loadProgram(raft));
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      for (const definition of selectCases(labCases, TROUBLED)) {
        const said: (Violation | string)[] = [];
        const checker = new RaftChecker({
          peerCount: definition.servers,
          onViolation: (violation) => said.push(violation),
          onWarning: (text) => said.push(text),
        });
        let events = 0;
        const see: typeof checker.see = (record) => {
          events += 1;
          checker.see(record);
        };
        await runCase(definition, { runtime: sim.runtime(seed, schedule), seed, listeners: [see] });
        t.deepEqual(said, [], `${definition.name}, seed ${seed}`);
        t.true(events > 100, `${definition.name} has come to ${events} events`);
      }
    }
  });
}
