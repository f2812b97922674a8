import test from "ava";
import { failureBlock } from "../../src/harness/report.js";
import { extraCases } from "../../src/lab/index.js";
import { loadProgram } from "../../src/peer/program.js";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { Sim } from "../../src/runtime/sim.js";
import { runChecked } from "./campaign.js";
import { referenceSources, withMutant } from "./mutate.js";
import { zoo } from "./zoo.js";

/** Runs share the process, and with it what is told of rejections: so one at a time. */
const SEEDS = [1, 2, 3];

for (const definition of extraCases) {
  test.serial(`the reference Raft passes ${definition.name}`, async (t) => {
    const sim = new Sim(await loadProgram(REFERENCE_RAFT));
    for (const seed of SEEDS) {
      const result = await runChecked(definition, sim, seed);
      t.is(result.status, "passed", failureBlock(result, { mode: "sim" }));
    }
  });
}

/** What each case is there for: it finds this in every run. */
for (const { caseName, bugName } of [
  { caseName: "TestEvenCluster", bugName: "half-of-an-even-cluster-is-a-majority" },
  { caseName: "TestOnlyTheDeposedCanLead", bugName: "deposed-leader-sets-no-timer" },
  { caseName: "TestLeaderReturns", bugName: "match-index-survives-elections" },
  { caseName: "TestFarBehindInTerms", bugName: "ignores-a-later-term-in-a-reply" },
  { caseName: "TestVotesOfThePast", bugName: "counts-votes-of-an-earlier-candidacy" },
  { caseName: "TestRivalOfTheLeader", bugName: "candidate-refuses-the-leader-of-its-term" },
  { caseName: "TestVoterRestarts", bugName: "never-saves-the-vote" },
  { caseName: "TestVotersWait", bugName: "timer-not-reset-by-a-granted-vote" },
  { caseName: "TestQuietAfterOffices", bugName: "heartbeat-loops-pile-up" },
  { caseName: "TestQuietTerm", bugName: "timer-not-reset-by-the-leader" },
]) {
  test.serial(`${caseName} finds ${bugName}`, async (t) => {
    const definition = extraCases.find(({ name }) => name === caseName);
    const bug = zoo.find(({ name }) => name === bugName);
    if (!definition || !bug) throw new Error("there is no such case, or no such bug");
    const sim = new Sim(await withMutant(bug, await referenceSources(), loadProgram));
    for (const seed of SEEDS)
      t.is((await runChecked(definition, sim, seed)).status, "failed", `seed ${seed}`);
  });
}
