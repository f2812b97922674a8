/** The whole lab in virtual time: the reference Raft passes every case, under both schedules that the lab holds under. */
import test from "ava";
import { failureBlock } from "../src/harness/report.js";
import { labCases } from "../src/lab/index.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import type { ScheduleName } from "../src/runtime/schedule.js";
import { HereRunner, type Runner } from "../src/stress/runner.js";

const RUNS: readonly { readonly schedule: ScheduleName; readonly seed: number }[] = [
  { schedule: "lively", seed: 1 },
  { schedule: "lively", seed: 2 },
  { schedule: "lively", seed: 3 },
  { schedule: "calm", seed: 1 },
];

let runner: Runner;
test.before(async () => {
  runner = new HereRunner(await loadProgram(REFERENCE_RAFT));
});
test.after.always(() => runner.close());

for (const definition of labCases) {
  test.serial(definition.name, async (t) => {
    t.timeout(180_000);
    for (const { schedule, seed } of RUNS) {
      const { result } = await runner.run(definition, seed, { mode: "sim", schedule, check: true }, () => {});
      const shown = failureBlock(result, { mode: "sim", args: ["--schedule", schedule] });
      t.is(result.status, "passed", shown);
    }
  });
}
