/**
 * Cases beside the lab's, each for mistakes that the lab's schedules hardly ever bring to light: an even
 * cluster, elections upon elections while votes are late, crashes amid elections, a voter that restarts, a leader
 * that comes back into office with another log, a cluster of which one only may lead, two that vote for each
 * other in vain, votes that come after their term, a rival that meets the winner, and a time without any trouble.
 */
import { type CaseDefinition, type Config, defineCase, ELECTION_TIMEOUT_MS } from "../../src/cases.js";
import {
  allServers,
  anyCommand,
  anyServer,
  check,
  NO_RETRY,
  nextServers,
  RETRY,
  startOnEach,
} from "../../src/lab/steps.js";

export const zooCases: readonly CaseDefinition[] = [
  defineCase({ name: "TestEvenCluster", servers: 4, run: evenCluster }),
  defineCase({ name: "TestLateVotes", servers: 5, unreliable: true, run: lateVotes }),
  defineCase({ name: "TestVotesOfThePast", servers: 5, run: votesOfThePast }),
  defineCase({ name: "TestRivalOfTheLeader", servers: 5, run: rivalOfTheLeader }),
  defineCase({ name: "TestCrashStorm", servers: 5, unreliable: true, run: crashStorm }),
  defineCase({ name: "TestVoterRestarts", servers: 5, run: voterRestarts }),
  defineCase({ name: "TestOnlyTheDeposedCanLead", servers: 3, run: onlyTheDeposedCanLead }),
  defineCase({ name: "TestOnlyOneCanLead", servers: 15, run: onlyOneCanLead }),
  defineCase({ name: "TestLeaderReturns", servers: 5, run: leaderReturns }),
  defineCase({ name: "TestLateSuccess", servers: 9, run: lateSuccess }),
  defineCase({ name: "TestFarBehindInTerms", servers: 3, run: farBehindInTerms }),
  defineCase({ name: "TestReturnsAmidCommands", servers: 3, run: returnsAmidCommands }),
  defineCase({ name: "TestVotersWait", servers: 5, run: votersWait }),
  defineCase({ name: "TestQuietAfterOffices", servers: 3, run: quietAfterOffices }),
  defineCase({ name: "TestQuietTerm", servers: 3, run: quietTerm }),
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
  check(cfg, count === 0, `index ${index} is committed by ${count} servers, but two of four are no majority`);

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

/** Waits until `rival` stands in `term` while one of the others leads it. @returns false if a later term came first */
async function standsBesideLeader(
  cfg: Config,
  term: number,
  rival: number,
  others: readonly number[],
): Promise<boolean> {
  for (;;) {
    const states = await Promise.all([rival, ...others].map((server) => cfg.getState(server)));
    if (states.some((state) => state.term > term)) return false;
    if (states[0]?.term === term && states.some(({ isLeader }) => isLeader)) return true;
    await cfg.sleep(10);
  }
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
    const leader = await cfg.checkOneLeader();
    const outdated = nextServers(cfg, leader, (cfg.n - 1) / 2);
    const others = allServers(cfg).filter((server) => server !== leader && !outdated.includes(server));
    for (const server of outdated) cfg.disconnect(server);
    await cfg.one(102 + round, 1 + others.length, RETRY);
    await cfg.sleep(ELECTION_TIMEOUT_MS); // the outdated ones come to later terms

    for (const server of others) cfg.disconnect(server);
    for (const server of outdated) cfg.connect(server);
    await leadsAgain(cfg, leader);
    for (const server of others) cfg.connect(server);
  }
  await cfg.one(109, cfg.n, RETRY);
}

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
  check(cfg, count === 0, `index ${index} is committed by ${count} servers, but two of five are no majority`);

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
  await cfg.one(102, others.length, RETRY);

  for (const server of others) cfg.disconnect(server);
  for (const server of companions) await cfg.start1(server);
  cfg.setLongReordering(true);
  for (const server of [leader, ...companions]) cfg.connect(server);
  await cfg.sleep(1.25 * FAILS_WITHIN_MS); // longer, and those would stand who hear of no leader
  cfg.setLongReordering(false);

  for (const server of companions) cfg.disconnect(server);
  for (const server of others) cfg.connect(server);
  await cfg.sleep(FAILS_WITHIN_MS); // the leader takes over what they have
  await leadOneTooFew(cfg, leader, others);
  for (let command = 300; command < 310; command += 1) {
    await cfg.start(leader, command);
    await cfg.sleep(100);
  }
  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(310, cfg.n, RETRY);
}

/** A leader comes upon others in a much later term, which live too short to tell it of that but by replies. */
async function farBehindInTerms(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const leader = await cfg.checkOneLeader();
  for (const server of allServers(cfg)) cfg.disconnect(server);
  await cfg.sleep(20 * ELECTION_TIMEOUT_MS); // the others stand again and again, each for itself

  await letLead(cfg, leader, nextServers(cfg, leader, 2));
  await cfg.one(102, cfg.n, RETRY);
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

/**
 * Makes `server` lead: nobody is on the network but it and `voters`, and those are restarted so often that
 * they do not come to stand themselves.
 */
async function letLead(cfg: Config, server: number, voters: readonly number[]): Promise<void> {
  for (const other of allServers(cfg)) if (other !== server) cfg.disconnect(other);
  cfg.connect(server);
  for (let tries = 0; tries < 25; tries += 1) {
    for (const voter of voters) cfg.crash1(voter);
    for (const voter of voters) await cfg.start1(voter);
    for (const voter of voters) cfg.connect(voter);
    await cfg.sleep(ELECTION_TIMEOUT_MS / 5);
    const { term, isLeader } = await cfg.getState(server);
    const terms = await Promise.all(voters.map(async (voter) => (await cfg.getState(voter)).term));
    if (isLeader && terms.every((other) => other === term)) return;
  }
  throw cfg.fail(`server ${server} does not come to lead within 5 s, though it alone could stand`);
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
  check(cfg, rpcs <= cfg.n * 20, `${rpcs} RPCs in a second without a command`); // as in TestCount3B
}

/** A server that alone can lead needs about half a second for it, hardly ever twice as long. */
async function leadsAgain(cfg: Config, server: number): Promise<void> {
  const { term: lastTerm } = await cfg.getState(server);
  for (let waitedMs = 0; waitedMs < 2500; waitedMs += 50) {
    const { term, isLeader } = await cfg.getState(server);
    if (isLeader && term > lastTerm) return;
    await cfg.sleep(50);
  }
  throw cfg.fail(`server ${server}, which alone can lead, has not come to do so in 2.5 s`);
}

async function agreeInPeace(cfg: Config): Promise<void> {
  cfg.setLongReordering(false);
  cfg.setUnreliable(false);
  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);
}
