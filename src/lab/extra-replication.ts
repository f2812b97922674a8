/**
 * Cases beside the lab's, for mistakes in replication that its schedules hardly ever bring to light: a leader that
 * comes back into office with another log, answers of an earlier office, and a server that returns amid commands.
 */
import type { CaseDefinition } from "../harness/case.js";
import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { extraCase, letLead } from "./extra-steps.js";
import { allServers, anyCommand, check, nextServers, RETRY } from "./steps.js";

export const replicationCases: readonly CaseDefinition[] = [
  extraCase("TestLeaderReturns", "a leader returns with another log", { servers: 5, run: leaderReturns }),
  extraCase("TestLateSuccess", "success in an earlier office", { servers: 9, run: lateSuccess }),
  extraCase("TestReturnsAmidCommands", "a server returns amid commands", {
    servers: 3,
    run: returnsAmidCommands,
  }),
];

/** A leader is cut off with a follower, sees what it sent that one overwritten, and leads again. */
async function leaderReturns(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  const { companions, others } = sidesOf(cfg, leader);
  for (const server of others) cfg.disconnect(server);
  for (let command = 200; command < 220; command += 1) await cfg.start(leader, command);
  await cfg.sleep(FAILS_WITHIN_MS);
  await overwrite(cfg, [leader, ...companions], others);

  // What it counts now must be copies of what its log holds now.
  await leadOneTooFew(cfg, leader, others);
  const { index, isLeader } = await cfg.start(leader, 300);
  check(cfg, isLeader, `leader ${leader} rejected start()`);
  await cfg.sleep(ELECTION_TIMEOUT_MS / 2);
  const { count } = cfg.nCommitted(index);
  check(
    cfg,
    count === 0,
    `index ${index} is committed by ${count} servers, but two of five are no majority`,
    "safety",
  );

  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(301, cfg.n, RETRY);
}

/**
 * A leader hears in a later office what a follower stored for it in an earlier one, and what its own log no
 * longer holds. The others have moved on meanwhile, so that it is soon back: answers are late by 2 s at most.
 */
async function lateSuccess(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  const { companions, others } = sidesOf(cfg, leader);
  for (const server of companions) cfg.crash1(server); // or they would come to terms of their own
  cfg.disconnect(leader);
  for (let command = 200; command < 220; command += 1) await cfg.start(leader, command);
  const index = await cfg.one(102, others.length, RETRY);

  for (const server of others) cfg.disconnect(server);
  for (const server of companions) await cfg.start1(server);
  cfg.setLongReordering(true);
  for (const server of [leader, ...companions]) cfg.connect(server);
  await cfg.sleep(1.25 * FAILS_WITHIN_MS); // longer, and those would stand who hear of no leader
  cfg.setLongReordering(false);

  for (const server of companions) cfg.disconnect(server);
  for (const server of others) cfg.connect(server);
  await cfg.wait(index, 1 + others.length); // the leader takes over what they have
  await leadOneTooFew(cfg, leader, others);
  for (let command = 300; command < 310; command += 1) {
    await cfg.start(leader, command);
    await cfg.sleep(100);
  }
  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(310, cfg.n, RETRY);
}

/** A server that has stood alone comes back, and may win, while the leader's next command is under way. */
async function returnsAmidCommands(cfg: Config): Promise<void> {
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);
  for (let round = 0; round < 20; round += 1) {
    const leader = await cfg.checkOneLeader();
    const [returning] = nextServers(cfg, leader, 1) as [number];
    cfg.disconnect(returning);
    await cfg.sleep(ELECTION_TIMEOUT_MS + cfg.random.int(0, 100));
    await cfg.start(leader, anyCommand(cfg));
    cfg.connect(returning);
    for (let tries = 0; tries < 20; tries += 1) {
      await cfg.sleep(2);
      const { isLeader } = await cfg.getState(returning);
      if (isLeader) await cfg.start(returning, anyCommand(cfg));
    }
    await cfg.one(anyCommand(cfg), cfg.n, RETRY);
  }
}

/** Servers that are one too few for a majority, with the leader. */
const oneTooFew = (cfg: Config): number => (cfg.n - 1) / 2 - 1;

/** Followers that are one too few for a majority with the leader, and all the others. */
function sidesOf(cfg: Config, leader: number): { companions: number[]; others: number[] } {
  const followers = nextServers(cfg, leader, cfg.n - 1);
  return { companions: followers.slice(0, oneTooFew(cfg)), others: followers.slice(oneTooFew(cfg)) };
}

/** A call to a server that is cut off has failed by then, and the next heartbeat is out. */
const FAILS_WITHIN_MS = 120;

/** Makes `leader` lead a majority of it and `others`, then leaves it with one too few. */
async function leadOneTooFew(cfg: Config, leader: number, others: readonly number[]): Promise<void> {
  await letLead(cfg, leader, others.slice(0, oneTooFew(cfg) + 1));
  for (const server of others.slice(oneTooFew(cfg))) cfg.disconnect(server);
}

/** The others elect a leader and commit a command; then the outdated ones take over what they have. */
async function overwrite(cfg: Config, outdated: readonly number[], others: readonly number[]): Promise<void> {
  for (const server of outdated) cfg.disconnect(server);
  for (const server of others) cfg.connect(server);
  await cfg.one(102, others.length, RETRY);
  for (const server of outdated) cfg.connect(server);
  await cfg.one(103, cfg.n, RETRY);
}
