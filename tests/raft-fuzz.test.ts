import test from "ava";
import { type Random, seededRandom } from "../src/runtime/random.js";
import { RaftCluster } from "./helpers/raft-cluster.js";

/** A longer search is a matter of this number; a history takes a few ms. */
const HISTORIES = Number(process.env.RAFT_FUZZ_HISTORIES ?? 150);
const TROUBLE_MS = 4000;

for (const peerCount of [3, 5]) {
  test.serial(`through ${HISTORIES} troubled histories ${peerCount} peers apply one log`, async (t) => {
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      t.deepEqual(await troubledHistory(peerCount, seed), [], `seed ${seed}`);
    }
  });
}

/** Commands, crashes, partitions and a bad network; then peace, and time to agree. */
async function troubledHistory(peerCount: number, seed: number): Promise<readonly string[]> {
  const cluster = new RaftCluster({ peerCount, seed });
  try {
    const random = seededRandom(seed).fork("trouble");
    const started = await trouble(cluster, random);
    await recover(cluster, random);
    return [...cluster.violations, ...wrongCommands(cluster.agreed.slice(1), started)];
  } finally {
    cluster.close();
  }
}

/** @returns every command that a peer took as leader */
async function trouble(cluster: RaftCluster, random: Random): Promise<Set<number>> {
  const { clock, network, peers } = cluster;
  const started = new Set<number>();
  network.setReliable(random.percent(50));
  network.setLongReordering(random.percent(30));
  for (let command = 1; clock.nowMs() < TROUBLE_MS; command += peers.length) {
    for (const peer of peers) {
      if (cluster.start(peer, command + peer).isLeader) started.add(command + peer);
    }
    await clock.advance(random.percent(10) ? random.int(0, 500) : random.int(0, 12));
    const leader = cluster.leader();
    if (leader !== undefined && random.percent(20)) strike(cluster, leader, random);
    const peer = random.int(0, peers.length - 1);
    if (random.percent(5)) strike(cluster, peer, random);
    if (random.percent(15)) restore(cluster, peer);
  }
  return started;
}

function strike(cluster: RaftCluster, peer: number, random: Random): void {
  if (random.percent(50)) cluster.crash(peer);
  else cluster.disconnect(peer);
}

function restore(cluster: RaftCluster, peer: number): void {
  if (!cluster.isRunning(peer)) cluster.boot(peer);
  cluster.connect(peer);
}

/** All that was ever applied must be applied everywhere in the end. */
async function recover(cluster: RaftCluster, random: Random): Promise<void> {
  // As in the lab's Figure 8 (unreliable), a bad network may stay as it is.
  if (random.percent(50)) {
    cluster.network.setReliable(true);
    cluster.network.setLongReordering(false);
  }
  for (const peer of cluster.peers) restore(cluster, peer);
  await cluster.agree("peace", cluster.peers.length);
}

/** Nothing is applied that no leader took, and nothing twice. */
function wrongCommands(applied: readonly unknown[], started: ReadonlySet<number>): string[] {
  const commands = applied.filter((command): command is number => command !== "peace");
  const invented = commands.filter((command) => !started.has(command));
  const doubled = commands.filter((command, i) => commands.indexOf(command) < i);
  return [
    ...invented.map((command) => `${command} was applied, but no leader took it`),
    ...doubled.map((command) => `${command} was applied twice`),
  ];
}
