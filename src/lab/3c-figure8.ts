import type { Config } from "../harness/config.js";
import { allServers, anyCommand, anyServer, RETRY, sleepAWhile, startOnEach } from "./steps.js";

const ROUNDS = 1000;

/** The round of the unreliable case from which replies are held back. */
const REORDERING_FROM_ROUND = 200;

/** Fewer servers than this are no majority of five. */
const MAJORITY = 3;

/**
 * Leaders come and crash all along, as in Figure 8 of the paper (lab-spec 7.3): one that commits an entry
 * of an earlier term by counting replicas sees it overwritten here.
 */
export async function figure8(cfg: Config): Promise<void> {
  await cfg.one(anyCommand(cfg), 1, RETRY);
  let up = cfg.n;
  for (let round = 0; round < ROUNDS; round += 1) {
    const running = allServers(cfg).filter((server) => cfg.isRunning(server));
    const answers = await startOnEach(cfg, running, () => anyCommand(cfg));
    const leader = answers.findLast(({ answer }) => answer.isLeader)?.server;
    await sleepAWhile(cfg);
    if (leader !== undefined) {
      cfg.crash1(leader);
      up -= 1;
    }
    if (up < MAJORITY) {
      const server = anyServer(cfg);
      if (!cfg.isRunning(server)) {
        await startAndConnect(cfg, server);
        up += 1;
      }
    }
  }
  for (const server of allServers(cfg)) {
    if (!cfg.isRunning(server)) await startAndConnect(cfg, server);
  }
  await cfg.one(anyCommand(cfg), cfg.n, RETRY);
}

/** As `figure8`, on a network that loses and reorders; leaders are cut off instead of crashed. */
export async function figure8Unreliable(cfg: Config): Promise<void> {
  const command = (): number => cfg.random.int(0, 9999);
  await cfg.one(command(), 1, RETRY);
  let up = cfg.n;
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round === REORDERING_FROM_ROUND) cfg.setLongReordering(true);
    const answers = await startOnEach(cfg, allServers(cfg), command);
    const leader = answers.findLast(
      ({ server, answer }) => answer.isLeader && cfg.isConnected(server),
    )?.server;
    await sleepAWhile(cfg);
    if (leader !== undefined && cfg.random.percent(50)) {
      cfg.disconnect(leader);
      up -= 1;
    }
    if (up < MAJORITY) {
      const server = anyServer(cfg);
      if (!cfg.isConnected(server)) {
        cfg.connect(server);
        up += 1;
      }
    }
  }
  for (const server of allServers(cfg)) {
    if (!cfg.isConnected(server)) cfg.connect(server);
  }
  await cfg.one(command(), cfg.n, RETRY);
}

async function startAndConnect(cfg: Config, server: number): Promise<void> {
  await cfg.start1(server);
  cfg.connect(server);
}
