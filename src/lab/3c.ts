import type { CaseDefinition } from "../harness/case.js";
import { type Config, ELECTION_TIMEOUT_MS } from "../harness/config.js";
import { churn } from "./3c-churn.js";
import { figure8, figure8Unreliable } from "./3c-figure8.js";
import { allServers, nextServer, nextServers, RETRY } from "./steps.js";

/** Part 3C: persistence (lab-spec 7.3). */
export const cases3C: readonly CaseDefinition[] = [
  {
    name: "TestPersist13C",
    part: "3C",
    title: "Test (3C): basic persistence",
    servers: 3,
    run: persist1,
  },
  {
    name: "TestPersist23C",
    part: "3C",
    title: "Test (3C): more persistence",
    servers: 5,
    run: persist2,
  },
  {
    name: "TestPersist33C",
    part: "3C",
    title: "Test (3C): partitioned leader and one follower crash, leader restarts",
    servers: 3,
    run: persist3,
  },
  {
    name: "TestFigure83C",
    part: "3C",
    title: "Test (3C): Figure 8",
    servers: 5,
    run: figure8,
  },
  {
    name: "TestUnreliableAgree3C",
    part: "3C",
    title: "Test (3C): unreliable agreement",
    servers: 5,
    unreliable: true,
    run: unreliableAgree,
  },
  {
    name: "TestFigure8Unreliable3C",
    part: "3C",
    title: "Test (3C): Figure 8 (unreliable)",
    servers: 5,
    unreliable: true,
    run: figure8Unreliable,
  },
  {
    name: "TestReliableChurn3C",
    part: "3C",
    title: "Test (3C): churn",
    servers: 5,
    run: churn,
  },
  {
    name: "TestUnreliableChurn3C",
    part: "3C",
    title: "Test (3C): unreliable churn",
    servers: 5,
    unreliable: true,
    run: churn,
  },
];

async function persist1(cfg: Config): Promise<void> {
  await cfg.one(11, cfg.n, RETRY);

  // All crash and come back.
  for (const server of allServers(cfg)) await cfg.start1(server);
  for (const server of allServers(cfg)) {
    cfg.disconnect(server);
    cfg.connect(server);
  }
  await cfg.one(12, cfg.n, RETRY);

  const first = await cfg.checkOneLeader();
  cfg.disconnect(first);
  await restart(cfg, first);
  await cfg.one(13, cfg.n, RETRY);

  const second = await cfg.checkOneLeader();
  cfg.disconnect(second);
  await cfg.one(14, cfg.n - 1, RETRY);
  await restart(cfg, second);
  await cfg.wait(4, cfg.n); // it must have caught up before the next one is taken down

  const follower = nextServer(cfg, await cfg.checkOneLeader());
  cfg.disconnect(follower);
  await cfg.one(15, cfg.n - 1, RETRY);
  await restart(cfg, follower);

  await cfg.one(16, cfg.n, RETRY);
}

async function persist2(cfg: Config): Promise<void> {
  let index = 1;
  const agree = async (servers: number): Promise<void> => {
    await cfg.one(10 + index, servers, RETRY);
    index += 1;
  };
  for (let round = 0; round < 5; round += 1) {
    await agree(cfg.n);
    const leader = await cfg.checkOneLeader();
    const [first, second, third, fourth] = nextServers(cfg, leader, 4) as [number, number, number, number];
    const firstPair = [first, second];

    for (const server of firstPair) cfg.disconnect(server);
    await agree(cfg.n - 2);
    for (const server of [leader, third, fourth]) cfg.disconnect(server);

    // Two that missed the last entry restart; with one that has it they are a majority.
    for (const server of firstPair) await cfg.start1(server);
    for (const server of firstPair) cfg.connect(server);
    await cfg.sleep(ELECTION_TIMEOUT_MS);
    await restart(cfg, third);
    await agree(cfg.n - 2);

    for (const server of [fourth, leader]) cfg.connect(server);
  }
  await cfg.one(1000, cfg.n, RETRY);
}

async function persist3(cfg: Config): Promise<void> {
  await cfg.one(101, 3, RETRY);
  const leader = await cfg.checkOneLeader();
  const [follower, partitioned] = nextServers(cfg, leader, 2) as [number, number];
  cfg.disconnect(partitioned);
  await cfg.one(102, 2, RETRY);

  cfg.crash1(leader);
  cfg.crash1(follower);
  cfg.connect(partitioned);
  await restart(cfg, leader);
  await cfg.one(103, 2, RETRY);

  await restart(cfg, follower);
  await cfg.one(104, cfg.n, RETRY);
}

async function unreliableAgree(cfg: Config): Promise<void> {
  const agreements: Promise<number>[] = [];
  for (let k = 1; k < 50; k += 1) {
    for (let j = 0; j < 4; j += 1) {
      agreements.push(cfg.background(() => cfg.one(100 * k + j, 1, RETRY)));
    }
    await cfg.one(k, 1, RETRY);
  }
  cfg.setUnreliable(false);
  await Promise.all(agreements);
  await cfg.one(100, cfg.n, RETRY);
}

async function restart(cfg: Config, server: number): Promise<void> {
  await cfg.start1(server);
  cfg.connect(server);
}
