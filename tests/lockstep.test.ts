/** The mode lockstep: the histories of sim, on worker threads. */
import test from "ava";
import { failureBlock } from "../src/harness/report.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { SCHEDULES } from "../src/runtime/schedule.js";
import { HereRunner, type Runner } from "../src/stress/runner.js";
import { labCase, runIn } from "./helpers/virtual-runs.js";

let reference: Runner;
test.before(async () => {
  reference = new HereRunner(await loadProgram(REFERENCE_RAFT));
});
test.after.always(() => reference.close());

for (const [i, definition] of labCases.entries()) {
  // Under calm where it is short, so that both schedules that the lab holds under are seen.
  const schedule = i % 3 === 0 ? "calm" : "lively";
  const seed = 100 + i;
  test.serial(
    `${definition.name}, seed ${seed}, ${schedule}: one history, twice in sim and on threads`,
    async (t) => {
      t.timeout(180_000);
      const run = { definition, seed, schedule } as const;
      const { result } = await runIn(reference, "sim", run);
      t.is(result.status, "passed", failureBlock(result, { mode: "sim" }));
      t.regex(result.history ?? "", /^[0-9a-f]{16}$/);
      const again = await runIn(reference, "sim", run);
      t.is(again.result.history, result.history);
      const { result: onThreads } = await runIn(reference, "lockstep", run);
      const { wallMs: _, ...figures } = result;
      t.like(onThreads, figures); // RPCs, bytes, commits, seconds and history
    },
  );
}

for (const schedule of SCHEDULES) {
  test.serial(`${schedule}: a peer that is slow to restart tells one history in both modes`, async (t) => {
    const run = { definition: labCase("TestPersist13C"), seed: 7, schedule };
    const [sim, lockstep] = [await runIn(reference, "sim", run), await runIn(reference, "lockstep", run)];
    t.is(lockstep.result.history, sim.result.history);
    t.is(lockstep.events, sim.events);
  });
}
