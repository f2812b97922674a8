import type { CaseDefinition } from "../harness/case.js";
import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { anyServer, check, nextServer } from "./steps.js";

/** Part 3A: leader election and heartbeats (lab-spec 7.1). */
export const cases3A: readonly CaseDefinition[] = [
  {
    name: "TestInitialElection3A",
    part: "3A",
    title: "Test (3A): initial election",
    servers: 3,
    run: initialElection,
  },
  {
    name: "TestReElection3A",
    part: "3A",
    title: "Test (3A): election after network failure",
    servers: 3,
    run: reElection,
  },
  {
    name: "TestManyElections3A",
    part: "3A",
    title: "Test (3A): multiple elections",
    servers: 7,
    run: manyElections,
  },
];

async function initialElection(cfg: Config): Promise<void> {
  await cfg.checkOneLeader();

  // Some time for the others to hear of the election, so that all are in one term.
  await cfg.sleep(50);
  const term1 = await cfg.checkTerms();
  check(cfg, term1 >= 1, `term is ${term1}, but should be at least 1`, "safety");

  // Leader and term stay as they are while there is no failure.
  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  const term2 = await cfg.checkTerms();
  if (term1 !== term2) cfg.warn("the term changed even though there were no failures");

  await cfg.checkOneLeader();
}

async function reElection(cfg: Config): Promise<void> {
  const first = await cfg.checkOneLeader();

  // Without the leader, a new one is elected.
  cfg.disconnect(first);
  await cfg.checkOneLeader();

  // The old leader comes back and does not disturb the new one.
  cfg.connect(first);
  const second = await cfg.checkOneLeader();

  // Without a quorum, nobody leads.
  const other = nextServer(cfg, second);
  cfg.disconnect(second);
  cfg.disconnect(other);
  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  await cfg.checkNoLeader();

  // With a quorum again, somebody does.
  cfg.connect(other);
  await cfg.checkOneLeader();

  cfg.connect(second);
  await cfg.checkOneLeader();
}

async function manyElections(cfg: Config): Promise<void> {
  await cfg.checkOneLeader();
  for (let round = 0; round < 9; round += 1) {
    // Up to three of seven, so that a majority is left; the leader may be among them.
    const victims = [anyServer(cfg), anyServer(cfg), anyServer(cfg)];
    for (const victim of victims) cfg.disconnect(victim);
    await cfg.checkOneLeader();
    for (const victim of victims) cfg.connect(victim);
  }
  await cfg.checkOneLeader();
}
