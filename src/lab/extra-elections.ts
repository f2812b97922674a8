/**
 * Cases beside the lab's, for mistakes in elections that its schedules hardly ever bring to light: an even cluster,
 * elections upon elections while votes are late, a voter that restarts, a cluster of which one only may lead, two that
 * vote for each other in vain, votes that come after their term, a rival that meets the winner, and a time without
 * any trouble.
 */
import type { CaseDefinition } from "../harness/case.js";
import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { agreeInPeace, extraCase, letLead } from "./extra-steps.js";
import {
  allServers,
  anyCommand,
  anyServer,
  check,
  NO_RETRY,
  nextServers,
  RETRY,
  startOnEach,
} from "./steps.js";

export const electionCases: readonly CaseDefinition[] = [
  extraCase("TestEvenCluster", "half of an even cluster is no majority", { servers: 4, run: evenCluster }),
  extraCase("TestLateVotes", "elections with late votes", { servers: 5, unreliable: true, run: lateVotes }),
  extraCase("TestVotesOfThePast", "votes of an earlier candidacy", { servers: 5, run: votesOfThePast }),
  extraCase("TestRivalOfTheLeader", "a candidate meets its leader", { servers: 5, run: rivalOfTheLeader }),
  extraCase("TestCrashStorm", "crashes amid elections", { servers: 5, unreliable: true, run: crashStorm }),
  extraCase("TestVoterRestarts", "the one voter restarts", { servers: 5, run: voterRestarts }),
  extraCase("TestOnlyTheDeposedCanLead", "only the deposed leader can lead", {
    servers: 3,
    run: onlyTheDeposedCanLead,
  }),
  extraCase("TestOnlyOneCanLead", "only one of a majority can lead", { servers: 15, run: onlyOneCanLead }),
  extraCase("TestFarBehindInTerms", "a leader far behind in terms", { servers: 3, run: farBehindInTerms }),
  extraCase("TestVotersWait", "a timeout begins anew with a vote", { servers: 5, run: votersWait }),
  extraCase("TestQuietAfterOffices", "one leader's heartbeats", { servers: 3, run: quietAfterOffices }),
  extraCase("TestQuietTerm", "one term while all is well", { servers: 3, run: quietTerm }),
];

/** Two of four are no majority: they neither elect a leader nor commit. */
async function evenCluster(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, NO_RETRY);
  const first = await cfg.checkOneLeader();
  const [follower, ...lost] = nextServers(cfg, first, 3) as [number, number, number];
  for (const server of lost) cfg.disconnect(server);
  const { index, isLeader } = await cfg.start(first, 102);
  check(cfg, isLeader, `leader ${first} rejected start()`);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  const { count } = cfg.nCommitted(index);
  check(
    cfg,
    count === 0,
    `index ${index} is committed by ${count} servers, but two of four are no majority`,
    "safety",
  );

  for (const server of [first, follower]) cfg.disconnect(server);
  for (const server of lost) cfg.connect(server);
  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  await cfg.checkNoLeader();

  cfg.connect(follower);
  await cfg.one(103, 3, RETRY);
  cfg.connect(first);
  await cfg.one(104, cfg.n, RETRY);
}

/** Whoever leads is cut off soon, while most answers are late by more than an election. */
async function lateVotes(cfg: Config): Promise<void> {
  cfg.setLongReordering(true);
  for (let round = 0; round < 30; round += 1) {
    const answers = await startOnEach(cfg, allServers(cfg), () => anyCommand(cfg));
    for (const { server, answer } of answers) {
      if (answer.isLeader && cfg.random.percent(60)) cfg.disconnect(server);
    }
    await cfg.sleep(cfg.random.int(0, 400));
    cfg.connect(anyServer(cfg));
  }
  await agreeInPeace(cfg);
}

/** Nobody hears of the votes it was given before it stands, alone, in a later term: it must not count them. */
async function votesOfThePast(cfg: Config): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const leader = await cfg.checkOneLeader();
    const [voter, other] = nextServers(cfg, leader, 2) as [number, number];
    const { term } = await cfg.getState(leader);
    cfg.setLongReordering(true);
    for (const server of [leader, other]) cfg.disconnect(server); // nobody wins but with all votes of the rest
    while ((await cfg.getState(voter)).term === term) await cfg.sleep(5);
    await cfg.sleep(5); // all have voted by now, and two answers in three are held back
    for (const server of allServers(cfg)) cfg.disconnect(server);
    await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
    cfg.setLongReordering(false);
    for (const server of allServers(cfg)) cfg.connect(server);
    await cfg.one(101 + round, cfg.n, RETRY);
  }
}

/** Who stands alone meets the leader that the others have elected in the same term, and follows it. */
async function rivalOfTheLeader(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  for (let round = 0; round < 3; round += 1) {
    const leader = await cfg.checkOneLeader();
    const [rival, ...others] = nextServers(cfg, leader, cfg.n - 1) as [number, ...number[]];
    const term = (await cfg.getState(leader)).term + 1;
    for (const server of [leader, rival]) cfg.disconnect(server);
    const isRival = await standsBesideLeader(cfg, term, rival, others);
    cfg.connect(rival);
    await cfg.sleep(ELECTION_TIMEOUT_MS);
    const now = await cfg.getState(rival);
    check(cfg, !isRival || now.term === term, `a candidate of term ${term}, which had a leader, stood again`);
    cfg.connect(leader);
    await cfg.one(102 + round, cfg.n, RETRY);
  }
}

/**
 * Waits until `rival` stands in `term` while one of the others leads it.
 * @returns false if a later term came first, or it does not stand: it may ask beforehand whether it could win
 */
async function standsBesideLeader(
  cfg: Config,
  term: number,
  rival: number,
  others: readonly number[],
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < STANDS_WITHIN_MS; waitedMs += 10) {
    const states = await Promise.all([rival, ...others].map((server) => cfg.getState(server)));
    if (states.some((state) => state.term > term)) return false;
    if (states[0]?.term === term && states.some(({ isLeader }) => isLeader)) return true;
    await cfg.sleep(10);
  }
  return false;
}

/** Who hears of no leader stands within this time, if ever. */
const STANDS_WITHIN_MS = 5 * ELECTION_TIMEOUT_MS;

/** Servers crash at any moment, voters and candidates too, and are back within milliseconds. */
async function crashStorm(cfg: Config): Promise<void> {
  for (let round = 0; round < 60; round += 1) {
    await startOnEach(cfg, allServers(cfg), () => anyCommand(cfg));
    await cfg.sleep(cfg.random.int(0, 200));
    const servers = allServers(cfg).filter(() => cfg.random.percent(30));
    for (const server of servers) cfg.crash1(server);
    await cfg.sleep(cfg.random.int(0, 20));
    for (const server of servers) await cfg.start1(server);
    for (const server of servers) cfg.connect(server);
  }
  await agreeInPeace(cfg);
}

/** The one voter there is restarts between two candidates. They have stood alone for as long, so often in one term. */
async function voterRestarts(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const [voter, ...rivals] = allServers(cfg) as [number, ...number[]];
  for (const rival of rivals) cfg.disconnect(rival);
  for (let round = 0; round < 30; round += 1) {
    const rival = rivals[cfg.random.int(0, rivals.length - 1)] as number;
    cfg.connect(rival);
    await cfg.sleep(cfg.random.int(0, ELECTION_TIMEOUT_MS / 2));
    cfg.disconnect(rival);
    cfg.crash1(voter);
    await cfg.start1(voter);
    cfg.connect(voter);
  }
  await agreeInPeace(cfg);
}

/** A leader is deposed by one whose log is too old to win, and nobody else is there: it must stand again. */
async function onlyTheDeposedCanLead(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  const [outdated, other] = nextServers(cfg, leader, 2) as [number, number];
  cfg.disconnect(outdated);
  await cfg.one(102, 2, RETRY);
  await cfg.sleep(ELECTION_TIMEOUT_MS); // the outdated one stands again and again, in later and later terms

  cfg.disconnect(other);
  cfg.connect(outdated);
  await cfg.one(103, 2, RETRY);
  cfg.connect(other);
  await cfg.one(104, cfg.n, RETRY);
}

/** Of a bare majority one alone has what is committed: it must win, however often the others stand. */
async function onlyOneCanLead(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  for (let round = 0; round < 3; round += 1) {
    const usualMs = await electionMs(cfg);
    const leader = await cfg.checkOneLeader();
    const outdated = nextServers(cfg, leader, (cfg.n - 1) / 2);
    const others = allServers(cfg).filter((server) => server !== leader && !outdated.includes(server));
    for (const server of outdated) cfg.disconnect(server);
    await cfg.one(102 + round, 1 + others.length, RETRY);
    const { term } = await cfg.getState(leader);
    // Else the leader would bring them up to date, and others could win as well.
    if (!(await haveStood(cfg, outdated, term))) break;

    for (const server of others) cfg.disconnect(server);
    for (const server of outdated) cfg.connect(server);
    await leadsAgain(cfg, leader, 8 * usualMs);
    for (const server of others) cfg.connect(server);
  }
  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(109, cfg.n, RETRY);
}

/**
 * Waits until `servers`, who hear of no leader, have all stood for election in terms later than `term`.
 * @returns false if they do not: a Raft may ask beforehand who could win (Ongaro's thesis, §9.6)
 */
async function haveStood(cfg: Config, servers: readonly number[], term: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < STANDS_WITHIN_MS; waitedMs += LOOK_MS) {
    const states = await Promise.all(servers.map((server) => cfg.getState(server)));
    if (states.every((state) => state.term > term)) return true;
    await cfg.sleep(LOOK_MS);
  }
  return false;
}

/** How long it takes, with the leader gone and all others there, until another leads: the shortest timeout and a little. */
async function electionMs(cfg: Config): Promise<number> {
  const leader = await cfg.checkOneLeader();
  const others = nextServers(cfg, leader, cfg.n - 1);
  cfg.disconnect(leader);
  let ms = 0;
  while (!(await isLedByOneOf(cfg, others))) {
    check(cfg, ms < 5 * ELECTION_TIMEOUT_MS, "nobody leads 5 s after the leader is gone");
    await cfg.sleep(LOOK_MS);
    ms += LOOK_MS;
  }
  cfg.connect(leader);
  return ms;
}

async function isLedByOneOf(cfg: Config, servers: readonly number[]): Promise<boolean> {
  const states = await Promise.all(servers.map((server) => cfg.getState(server)));
  return states.some(({ isLeader }) => isLeader);
}

/** A server that alone can lead needs a timeout of its own for it, hardly ever two: those who stand beside it may win no vote. */
async function leadsAgain(cfg: Config, server: number, withinMs: number): Promise<void> {
  const { term: lastTerm } = await cfg.getState(server);
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += LOOK_MS) {
    const { term, isLeader } = await cfg.getState(server);
    if (isLeader && term > lastTerm) return;
    await cfg.sleep(LOOK_MS);
  }
  throw cfg.fail(`server ${server}, which alone can lead, has not come to do so in ${withinMs} ms`);
}

const LOOK_MS = 50;

/** A leader comes upon others in a much later term, which live too short to tell it of that but by replies. */
async function farBehindInTerms(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  for (const server of allServers(cfg)) cfg.disconnect(server);
  await cfg.sleep(20 * ELECTION_TIMEOUT_MS); // the others stand again and again, each for itself

  await letLead(cfg, leader, nextServers(cfg, leader, 2));
  await cfg.one(102, cfg.n, RETRY);
}

/**
 * Two of five, alone: each votes for the other in vain, and waits a whole timeout after its vote. No timeout
 * is as short as the 100 ms between heartbeats.
 */
async function votersWait(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  const [one, , ...rest] = nextServers(cfg, leader, cfg.n - 1) as [number, number, ...number[]];
  for (const server of [leader, ...rest]) cfg.disconnect(server);

  let { term } = await cfg.getState(one);
  let sinceMs = 0;
  for (let ms = 0; ms < 5000; ms += 10) {
    await cfg.sleep(10);
    const now = await cfg.getState(one);
    sinceMs += 10;
    if (now.term === term) continue;
    check(cfg, sinceMs > 80 && now.term === term + 1, `terms ${term} to ${now.term} within ${sinceMs} ms`);
    term = now.term;
    sinceMs = 0;
  }
  for (const server of [leader, ...rest]) cfg.connect(server);
  await cfg.one(102, cfg.n, RETRY);
}

/** While all is well, nobody stands for election, and there is a heartbeat for everyone. */
async function quietTerm(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, NO_RETRY);
  const term = await cfg.checkTerms();
  for (let second = 0; second < 5; second += 1) {
    await cfg.sleep(1000);
    const now = await cfg.checkTerms();
    check(cfg, now === term, `the term went from ${term} to ${now}, though nothing was wrong`);
  }
  await cfg.one(102, cfg.n, NO_RETRY);
}

/** However often leaders have changed, there are no more heartbeats than one leader needs. */
async function quietAfterOffices(cfg: Config): Promise<void> {
  for (let round = 0; round < 8; round += 1) {
    const leader = await cfg.checkOneLeader();
    cfg.disconnect(leader);
    await cfg.sleep(ELECTION_TIMEOUT_MS);
    cfg.connect(leader);
  }
  await cfg.one(101, cfg.n, RETRY);
  const before = cfg.rpcTotal();
  await cfg.sleep(1000);
  const rpcs = cfg.rpcTotal() - before;
  check(cfg, rpcs <= cfg.n * 20, `${rpcs} RPCs in a second without a command`, "budget"); // as in TestCount3B
}
