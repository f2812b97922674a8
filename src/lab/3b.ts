import type { CaseDefinition } from "../harness/case.js";
import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { concurrentStarts, rpcCounts } from "./3b-steady-term.js";
import {
  allServers,
  anyCommand,
  check,
  NO_RETRY,
  nextServer,
  nextServers,
  RETRY,
  startAll,
  startOnEach,
} from "./steps.js";

/** Part 3B: the replicated log (lab-spec 7.2). */
export const cases3B: readonly CaseDefinition[] = [
  {
    name: "TestBasicAgree3B",
    part: "3B",
    title: "Test (3B): basic agreement",
    servers: 3,
    run: basicAgree,
  },
  {
    name: "TestRPCBytes3B",
    part: "3B",
    title: "Test (3B): RPC byte count",
    servers: 3,
    run: rpcBytes,
  },
  {
    name: "TestFollowerFailure3B",
    part: "3B",
    title: "Test (3B): test progressive failure of followers",
    servers: 3,
    run: followerFailure,
  },
  {
    name: "TestLeaderFailure3B",
    part: "3B",
    title: "Test (3B): test failure of leaders",
    servers: 3,
    run: leaderFailure,
  },
  {
    name: "TestFailAgree3B",
    part: "3B",
    title: "Test (3B): agreement after follower reconnects",
    servers: 3,
    run: failAgree,
  },
  {
    name: "TestFailNoAgree3B",
    part: "3B",
    title: "Test (3B): no agreement if too many followers disconnect",
    servers: 5,
    run: failNoAgree,
  },
  {
    name: "TestConcurrentStarts3B",
    part: "3B",
    title: "Test (3B): concurrent Start()s",
    servers: 3,
    run: concurrentStarts,
  },
  {
    name: "TestRejoin3B",
    part: "3B",
    title: "Test (3B): rejoin of partitioned leader",
    servers: 3,
    run: rejoin,
  },
  {
    name: "TestBackup3B",
    part: "3B",
    title: "Test (3B): leader backs up quickly over incorrect follower logs",
    servers: 5,
    run: backup,
  },
  {
    name: "TestCount3B",
    part: "3B",
    title: "Test (3B): RPC counts aren't too high",
    servers: 3,
    run: rpcCounts,
  },
];

async function basicAgree(cfg: Config): Promise<void> {
  for (let index = 1; index <= 3; index += 1) {
    check(
      cfg,
      cfg.nCommitted(index).count === 0,
      `index ${index} is committed before anything was submitted for it`,
      "safety",
    );
    const got = await cfg.one(index * 100, cfg.n, NO_RETRY);
    check(cfg, got === index, `got index ${got}, but expected ${index}`, "safety");
  }
}

/** Each command goes to each peer just once. */
async function rpcBytes(cfg: Config): Promise<void> {
  await cfg.one(99, cfg.n, NO_RETRY);
  const bytesBefore = cfg.bytesTotal();

  let sent = 0;
  for (let index = 2; index <= 11; index += 1) {
    const command = cfg.randString(5000);
    const got = await cfg.one(command, cfg.n, NO_RETRY);
    check(cfg, got === index, `got index ${got}, but expected ${index}`, "safety");
    sent += command.length;
  }

  const got = cfg.bytesTotal() - bytesBefore;
  const expected = cfg.n * sent;
  check(cfg, got <= expected + 50_000, `too many RPC bytes: got ${got}, expected ${expected}`, "budget");
}

async function followerFailure(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, NO_RETRY);
  const first = await cfg.checkOneLeader();
  cfg.disconnect(nextServer(cfg, first));

  // The leader and the other follower still agree.
  await cfg.one(102, cfg.n - 1, NO_RETRY);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  await cfg.one(103, cfg.n - 1, NO_RETRY);

  const leader = await cfg.checkOneLeader();
  for (const follower of nextServers(cfg, leader, 2)) cfg.disconnect(follower);
  await checkStartsAt(cfg, leader, 104, 4);

  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  checkNotCommitted(cfg, 4);
}

async function leaderFailure(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, NO_RETRY);
  cfg.disconnect(await cfg.checkOneLeader());

  // The others elect a new leader and agree.
  await cfg.one(102, cfg.n - 1, NO_RETRY);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  await cfg.one(103, cfg.n - 1, NO_RETRY);

  cfg.disconnect(await cfg.checkOneLeader());
  await startOnEach(cfg, allServers(cfg), () => 104);

  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  checkNotCommitted(cfg, 4);
}

async function failAgree(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, NO_RETRY);
  const follower = nextServer(cfg, await cfg.checkOneLeader());
  cfg.disconnect(follower);

  // Agreement without it.
  await cfg.one(102, cfg.n - 1, NO_RETRY);
  await cfg.one(103, cfg.n - 1, NO_RETRY);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  await cfg.one(104, cfg.n - 1, NO_RETRY);
  await cfg.one(105, cfg.n - 1, NO_RETRY);

  // It catches up, and takes part again.
  cfg.connect(follower);
  await cfg.one(106, cfg.n, RETRY);
  await cfg.sleep(ELECTION_TIMEOUT_MS);
  await cfg.one(107, cfg.n, RETRY);
}

async function failNoAgree(cfg: Config): Promise<void> {
  await cfg.one(10, cfg.n, NO_RETRY);
  const leader = await cfg.checkOneLeader();
  const lost = nextServers(cfg, leader, 3);
  for (const follower of lost) cfg.disconnect(follower);

  await checkStartsAt(cfg, leader, 20, 2);
  await cfg.sleep(2 * ELECTION_TIMEOUT_MS);
  checkNotCommitted(cfg, 2);

  for (const follower of lost) cfg.connect(follower);
  // One of the three may lead by now. It does not have entry 2, which is then overwritten.
  const leader2 = await cfg.checkOneLeader();
  const { index, isLeader } = await cfg.start(leader2, 30);
  check(cfg, isLeader, `leader ${leader2} rejected start()`);
  check(cfg, index >= 2 && index <= 3, `unexpected index ${index}; expected 2 or 3`, "safety");

  await cfg.one(1000, cfg.n, RETRY);
}

async function rejoin(cfg: Config): Promise<void> {
  await cfg.one(101, cfg.n, RETRY);
  const first = await cfg.checkOneLeader();
  cfg.disconnect(first);
  await startAll(cfg, first, [102, 103, 104]); // these cannot commit

  // The new leader commits at index 2, too.
  await cfg.one(103, 2, RETRY);

  const second = await cfg.checkOneLeader();
  cfg.disconnect(second);
  cfg.connect(first);
  await cfg.one(104, 2, RETRY);

  cfg.connect(second);
  await cfg.one(105, cfg.n, RETRY);
}

async function backup(cfg: Config): Promise<void> {
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);

  // The leader keeps one follower, and takes many commands that cannot commit.
  const first = await cfg.checkOneLeader();
  const companion = nextServer(cfg, first);
  const majority = nextServers(cfg, companion, 3);
  for (const server of majority) cfg.disconnect(server);
  await startAll(cfg, first, manyCommands(cfg));
  await cfg.sleep(ELECTION_TIMEOUT_MS / 2);

  // The others take over, and commit many.
  for (const server of [first, companion]) cfg.disconnect(server);
  for (const server of majority) cfg.connect(server);
  for (let i = 0; i < 50; i += 1) await cfg.one(anyCommand(cfg), 3, RETRY);

  // Of those, too, a leader is left with one follower and many commands that cannot commit.
  const second = await cfg.checkOneLeader();
  const candidate = nextServer(cfg, companion);
  const other = candidate === second ? nextServer(cfg, second) : candidate;
  cfg.disconnect(other);
  await startAll(cfg, second, manyCommands(cfg));
  await cfg.sleep(ELECTION_TIMEOUT_MS / 2);

  // The first leader, its companion and the one that was just cut off bring their logs together.
  for (const server of allServers(cfg)) cfg.disconnect(server);
  for (const server of [first, companion, other]) cfg.connect(server);
  for (let i = 0; i < 50; i += 1) await cfg.one(anyCommand(cfg), 3, RETRY);

  for (const server of allServers(cfg)) cfg.connect(server);
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);
}

function manyCommands(cfg: Config): number[] {
  return Array.from({ length: 50 }, () => anyCommand(cfg));
}

async function checkStartsAt(cfg: Config, leader: number, command: number, expected: number): Promise<void> {
  const { index, isLeader } = await cfg.start(leader, command);
  check(cfg, isLeader, `leader ${leader} rejected start()`);
  check(cfg, index === expected, `expected index ${expected}, got ${index}`, "safety");
}

function checkNotCommitted(cfg: Config, index: number): void {
  const { count } = cfg.nCommitted(index);
  const problem = `index ${index} is committed by ${count} servers, but there is no majority`;
  check(cfg, count === 0, problem, "safety");
}
