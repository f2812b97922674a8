/** The reference Raft as a cluster: what the lab's tester would see. */
import test from "ava";
import type { AppendEntriesArgs } from "../src/raft/messages.js";
import { startCluster } from "./helpers/raft-cluster.js";

test.serial("§5.2 within a second of the boot there is one leader, and it stays", async (t) => {
  const cluster = startCluster(t, { peerCount: 5, seed: 1 });
  await cluster.clock.advance(1000);
  const leader = await cluster.oneLeader();
  const term = cluster.term(leader);
  await cluster.clock.advance(5000);
  t.is(cluster.leader(), leader);
  t.deepEqual(
    cluster.peers.map((peer) => cluster.term(peer)),
    Array(5).fill(term),
  );
});

test.serial(
  "§5.2 a successor takes over well within a second, though calls to those cut off take 7 s",
  async (t) => {
    const cluster = startCluster(t, { peerCount: 7, seed: 2 });
    const waitsMs = [];
    for (let round = 0; round < 30; round += 1) {
      const first = await cluster.oneLeader();
      const lost = [first, (first + 1) % 7, (first + 2) % 7];
      for (const peer of lost) cluster.disconnect(peer);
      const sinceMs = cluster.clock.nowMs();
      await cluster.oneLeader();
      waitsMs.push(cluster.clock.nowMs() - sinceMs);
      for (const peer of lost) cluster.connect(peer);
      await cluster.clock.advance(1500);
    }
    // Now and then votes split, and split again (here once): chance, not a rule that could be kept.
    t.is(waitsMs.filter((waitMs) => waitMs > 600).length, 1, `${waitsMs}`);
  },
);

test.serial("a leader that was cut off does not disturb its successor", async (t) => {
  const cluster = startCluster(t, { peerCount: 3, seed: 3 });
  const first = await cluster.oneLeader();
  cluster.disconnect(first);
  const second = await cluster.oneLeader();
  const term = cluster.term(second);
  cluster.connect(first);
  await cluster.clock.advance(2000);
  t.is(cluster.leader(), second);
  t.is(cluster.term(first), term);
});

test.serial("without a majority there is no leader, and nothing is applied", async (t) => {
  const cluster = startCluster(t, { peerCount: 5, seed: 4 });
  const leader = await cluster.oneLeader();
  for (const away of [1, 2, 3]) cluster.disconnect((leader + away) % 5);
  t.true(cluster.start(leader, "lost").isLeader);
  await cluster.clock.advance(3000);
  t.is(cluster.agreed.length, 1);
  cluster.disconnect(leader);
  await cluster.clock.advance(3000);
  t.is(cluster.leader(), undefined);
});

test.serial("a lone peer is a majority of itself", async (t) => {
  const cluster = startCluster(t, { peerCount: 1, seed: 5 });
  t.true((await cluster.agree("alone", 1)) < 1000);
});

test.serial("an idle leader sends ten heartbeats a second, and no election interrupts them", async (t) => {
  const cluster = startCluster(t, { peerCount: 3, seed: 6 });
  const leader = await cluster.oneLeader();
  await cluster.clock.advance(200);
  for (const peer of cluster.peers) {
    const before = cluster.rpcs.length;
    await cluster.clock.advance(1000);
    const heard = cluster.rpcs.slice(before).filter(({ to }) => to === peer);
    t.is(heard.length, peer === leader ? 0 : 10);
  }
});

test.serial("an agreement of all takes one round and a notice, not a heartbeat", async (t) => {
  const cluster = startCluster(t, { peerCount: 5, seed: 7 });
  await cluster.oneLeader();
  await cluster.clock.advance(200);
  for (let command = 1; command <= 50; command += 1) t.true((await cluster.agree(command, 5)) <= 40);
});

test.serial("each command goes to each follower once, in few RPCs", async (t) => {
  const cluster = startCluster(t, { peerCount: 3, seed: 8 });
  const leader = await cluster.oneLeader();
  await cluster.clock.advance(200);
  const before = cluster.rpcs.length;
  for (let command = 1; command <= 12; command += 1) {
    cluster.start(leader, command);
    await cluster.clock.advance(1);
  }
  await cluster.clock.advance(38);
  const appends = cluster.rpcs.slice(before).map(({ args }) => args as AppendEntriesArgs);
  const commands = appends.flatMap(({ entries }) => entries.map(({ command }) => command));
  t.is(commands.length, 2 * 12);
  t.true(appends.length <= 2 * 12, `${appends.length}`);
  t.is(cluster.agreed.length, 13);
});

test.serial("a follower with 50 entries of its own is brought in line in a few round trips", async (t) => {
  const cluster = startCluster(t, { peerCount: 5, seed: 9 });
  const old = await cluster.oneLeader();
  const [companion, ...others] = [1, 2, 3, 4].map((away) => (old + away) % 5);
  for (const peer of others) cluster.disconnect(peer);
  for (let command = 1; command <= 50; command += 1) cluster.start(old, `lost ${command}`);
  await cluster.clock.advance(500);
  cluster.disconnect(old);
  if (companion !== undefined) cluster.disconnect(companion);
  for (const peer of others) cluster.connect(peer);
  for (let command = 1; command <= 50; command += 1) await cluster.agree(command, 3);
  cluster.connect(old);
  if (companion !== undefined) cluster.connect(companion);
  t.true((await cluster.agree("all", 5)) < 1500);
});

test.serial(
  "a restarted cluster applies all of its old log, once there is a command of the new term",
  async (t) => {
    const cluster = startCluster(t, { peerCount: 3, seed: 10 });
    for (let command = 1; command <= 20; command += 1) await cluster.agree(command, 3);
    for (const peer of cluster.peers) cluster.crash(peer);
    for (const peer of cluster.peers) {
      cluster.boot(peer);
      cluster.connect(peer);
    }
    await cluster.oneLeader();
    await cluster.clock.advance(500);
    t.deepEqual(
      cluster.peers.map((peer) => cluster.lastApplied(peer)),
      [0, 0, 0],
    );
    await cluster.agree("new", 3);
    t.deepEqual(cluster.agreed.slice(1), [...Array.from({ length: 20 }, (_, i) => i + 1), "new"]);
  },
);
