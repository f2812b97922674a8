/** How one peer of the reference Raft replicates, commits and applies: the test plays the others. */
import test, { type ExecutionContext } from "ava";
import { acknowledgedLeader, appendArgs, entriesOf, LonePeer } from "./helpers/lone-peer.js";

// --- Replication (§5.3) ---

test.serial(
  "commands of one turn go out as one AppendEntries, those of a round trip in the next",
  async (t) => {
    const peer = await acknowledgedLeader(t);
    for (const command of ["a", "b", "c"]) t.true(peer.raft.start(command).isLeader);
    await peer.clock.advance(0);
    for (const command of ["d", "e"]) {
      peer.raft.start(command);
      await peer.clock.advance(1);
    }
    const sent = () => peer.appends.map(({ args }) => args.entries.map(({ command }) => command).join(""));
    t.deepEqual(sent(), ["abc", "abc"]);
    await peer.acknowledgeAll();
    t.deepEqual(sent(), ["de", "de"]);
    await peer.acknowledgeAll();
    t.deepEqual(peer.applied, ["a", "b", "c", "d", "e"]);
  },
);

test.serial("while a call is open heartbeats go on, bare; a lost one is repeated 10 ms later", async (t) => {
  const peer = await acknowledgedLeader(t);
  peer.raft.start("x");
  await peer.clock.advance(0);
  const [call] = peer.appends;
  const entriesTo1 = () => peer.appends.filter(({ to }) => to === 1).map(({ args }) => args.entries.length);
  await peer.clock.advance(300);
  t.deepEqual(entriesTo1(), [1, 0, 0, 0]);
  await peer.appends
    .filter(({ to }) => to === 1)
    .at(-1)
    ?.answer(undefined);
  await peer.clock.advance(9);
  t.deepEqual(entriesTo1(), [1, 0, 0, 0]);
  await peer.clock.advance(1);
  t.deepEqual(entriesTo1(), [1, 0, 0, 0, 1]);
  await call?.answer({ term: 1, success: true });
  t.deepEqual(peer.applied, ["x"], "the first answer counts, however late");
});

test.serial("a follower that answers again after silence gets what it lacks at once", async (t) => {
  const peer = await acknowledgedLeader(t);
  peer.raft.start("x");
  await peer.clock.advance(5000);
  const calls = peer.appends.filter(({ to }) => to === 2);
  t.is(
    calls.filter(({ args }) => args.entries.length > 0).length,
    1,
    "the entries do not go to the dead again and again",
  );
  await calls.at(-1)?.answer({ term: 1, success: true });
  t.deepEqual(peer.appends.at(-1)?.args.entries, [{ term: 1, command: "x" }]);
});

test.serial("an answer acknowledges what its request carried, not what the log holds by now", async (t) => {
  const peer = await acknowledgedLeader(t);
  peer.raft.start("a");
  await peer.clock.advance(0);
  const calls = peer.appends.splice(0);
  peer.raft.start("b");
  await calls[0]?.answer({ term: 1, success: true });
  t.deepEqual(peer.applied, ["a"]);
});

test.serial("an answer that comes late does not lower what is known to be stored", async (t) => {
  const peer = new LonePeer(t, { peerCount: 5 });
  await peer.win();
  await peer.clock.advance(100);
  const [late, ...others] = peer.appends.splice(0);
  for (const { answer } of others) await answer({ term: 1, success: true });
  peer.raft.start("x");
  await peer.clock.advance(0);
  const [toFirst, toSecond] = peer.appends;
  await toFirst?.answer({ term: 1, success: true });
  await late?.answer({ term: 1, success: true });
  await toSecond?.answer({ term: 1, success: true });
  t.deepEqual(peer.applied, ["x"]);
});

/** A leader of three entries, and its calls to peer 1: the one it took office with, and the heartbeat after. */
async function leaderWithTwoCallsOpen(t: ExecutionContext) {
  const peer = new LonePeer(t);
  peer.fill([1, 1, 1]);
  await peer.win();
  await peer.clock.advance(100);
  const [early, late] = peer.appends.filter(({ to }) => to === 1);
  return { peer, early, late };
}

test.serial("the refusal of an earlier guess, come late, does not undo the search", async (t) => {
  const { peer, early, late } = await leaderWithTwoCallsOpen(t);
  await late?.answer({ term: 2, success: false, conflictIndex: 1 });
  await early?.answer({ term: 2, success: false, conflictIndex: 3 });
  const repair = peer.appends.at(-1);
  t.is(repair?.args.prevLogIndex, 0);
  await repair?.answer(undefined);
  await peer.clock.advance(100);
  t.is(peer.appends.filter(({ to }) => to === 1).at(-1)?.args.prevLogIndex, 0);
});

test.serial("a refusal from before the repair does not begin it again", async (t) => {
  const { peer, early, late } = await leaderWithTwoCallsOpen(t);
  await late?.answer({ term: 2, success: false, conflictIndex: 1 });
  await peer.appends.at(-1)?.answer({ term: 2, success: true });
  const before = peer.appends.length;
  await early?.answer({ term: 2, success: false, conflictIndex: 1 });
  peer.raft.start("x");
  await peer.clock.advance(0);
  const sent = peer.appends.slice(before).map(({ args }) => [args.prevLogIndex, args.entries.length]);
  t.deepEqual(sent, [[3, 1]], "only the new entry");
});

test.serial("an answer from an earlier time in office sets nothing going", async (t) => {
  const peer = new LonePeer(t);
  await peer.win();
  const old = peer.appends.filter(({ to }) => to === 1);
  peer.raft.appendEntries(appendArgs({ term: 2, entries: entriesOf(2) }));
  await peer.win();
  t.deepEqual(peer.raft.getState(), { term: 3, isLeader: true });
  const before = peer.said.length;
  await old[0]?.answer({ term: 1, success: true });
  t.is(peer.said.length, before);
});

test.serial(
  "§5.4.2 Figure 8: copies alone commit nothing of an earlier term, an own entry above does",
  async (t) => {
    const peer = new LonePeer(t, { peerCount: 5 });
    peer.fill([1, 2], 3);
    await peer.win();
    t.is(peer.raft.getState().term, 4);
    await peer.acknowledgeAll();
    t.deepEqual(peer.applied, [], "a majority stores index 2 of term 2");
    peer.raft.start("3 of term 4");
    await peer.clock.advance(0);
    await peer.acknowledgeAll();
    t.deepEqual(peer.applied, ["1 of term 1", "2 of term 2", "3 of term 4"]);
  },
);

test.serial("followers hear of a commit after 10 ms, or by the next command if that is sooner", async (t) => {
  const peer = await acknowledgedLeader(t);
  peer.raft.start("a");
  await peer.clock.advance(0);
  await peer.acknowledgeAll();
  await peer.clock.advance(5);
  peer.raft.start("b");
  await peer.clock.advance(0);
  t.deepEqual(
    peer.appends.map(({ args }) => args.leaderCommit),
    [1, 1],
  );
  await peer.acknowledgeAll();
  await peer.clock.advance(5);
  t.deepEqual(peer.appends, [], "the first commit is known already");
  await peer.clock.advance(10);
  t.deepEqual(
    peer.appends.map(({ to, args }) => [to, args.leaderCommit]),
    [
      [1, 2],
      [2, 2],
    ],
  );
});

test.serial("a follower that answers after the commit hears of it 10 ms later", async (t) => {
  const peer = await acknowledgedLeader(t);
  peer.raft.start("a");
  await peer.clock.advance(0);
  const [quick, slow] = peer.appends.splice(0);
  await quick?.answer({ term: 1, success: true });
  await peer.clock.advance(20);
  t.deepEqual(
    peer.appends.map(({ to }) => to),
    [1],
    "the other one's call is open",
  );
  await slow?.answer({ term: 1, success: true });
  await peer.clock.advance(10);
  t.deepEqual(
    peer.appends.map(({ to, args }) => [to, args.leaderCommit]),
    [
      [1, 1],
      [2, 1],
    ],
  );
});

const FIGURE_7_LEADER = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
for (const { name, terms, currentTerm, refusals } of [
  { name: "a", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6], currentTerm: 6, refusals: 1 },
  { name: "b", terms: [1, 1, 1, 4], currentTerm: 4, refusals: 1 },
  { name: "c", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], currentTerm: 6, refusals: 0 },
  { name: "d", terms: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], currentTerm: 7, refusals: 0 },
  { name: "e", terms: [1, 1, 1, 4, 4, 4, 4], currentTerm: 4, refusals: 2 },
  { name: "f", terms: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], currentTerm: 3, refusals: 2 },
]) {
  test.serial(`§5.3 Figure 7 (${name}): the follower's log becomes the leader's`, async (t) => {
    const leader = new LonePeer(t);
    leader.fill(FIGURE_7_LEADER, 7);
    await leader.win();
    leader.raft.start("11 of term 8");
    const follower = new LonePeer(t, { clock: leader.clock });
    follower.fill(terms, currentTerm);
    let refused = 0;
    for (let call = leader.appends.shift(); call; call = leader.appends.shift()) {
      const reply = call.to === 1 ? follower.raft.appendEntries(call.args) : undefined;
      if (reply && !reply.success) refused += 1;
      await call.answer(reply);
    }
    t.is(refused, refusals);
    await leader.clock.advance(100);
    for (const { to, args } of leader.appends) if (to === 1) follower.raft.appendEntries(args);
    await leader.clock.advance(0);
    t.deepEqual(follower.applied, [
      ...entriesOf(...FIGURE_7_LEADER).map((entry) => entry.command),
      "11 of term 8",
    ]);
  });
}

test.serial("§5.3 a request that comes late or twice does not cut what came after it", (t) => {
  const peer = new LonePeer(t);
  const [a, b, c] = entriesOf(1, 1, 1);
  if (!a || !b || !c) throw new Error("three entries make three");
  peer.raft.appendEntries(appendArgs({ entries: [a, b, c] }));
  for (const entries of [[], [a], [a, b]]) t.true(peer.raft.appendEntries(appendArgs({ entries })).success);
  t.true(peer.raft.appendEntries(appendArgs({ prevLogIndex: 3, prevLogTerm: 1 })).success);
});

test.serial("§5.3 a conflicting entry takes all behind it along, also from what is saved", (t) => {
  const peer = new LonePeer(t);
  peer.fill([1, 1, 1, 1]);
  const entries = [{ term: 2, command: "new" }];
  t.true(peer.raft.appendEntries(appendArgs({ term: 2, prevLogIndex: 1, prevLogTerm: 1, entries })).success);
  for (const each of [peer, peer.restarted(t)]) {
    const beyond = each.raft.appendEntries(appendArgs({ term: 2, prevLogIndex: 3, prevLogTerm: 1 }));
    t.deepEqual(beyond, { term: 2, success: false, conflictIndex: 3 });
    t.true(each.raft.appendEntries(appendArgs({ term: 2, prevLogIndex: 2, prevLogTerm: 2 })).success);
  }
});

test.serial("a heartbeat commits no further than the log is known to agree", async (t) => {
  const peer = new LonePeer(t);
  peer.fill([1, 1, 1]);
  peer.raft.appendEntries(appendArgs({ term: 2, prevLogIndex: 1, prevLogTerm: 1, leaderCommit: 3 }));
  await peer.clock.advance(0);
  t.deepEqual(peer.applied, ["1 of term 1"]);
});

// --- Applying ---

test.serial("a service that takes its time gets every command once, in order, one at a time", async (t) => {
  const peer = new LonePeer(t);
  peer.takesAtOnce = false;
  peer.fill([1, 1, 1, 1]);
  const commit = (leaderCommit: number) =>
    peer.raft.appendEntries(appendArgs({ prevLogIndex: 4, prevLogTerm: 1, leaderCommit }));
  for (const leaderCommit of [1, 2, 2, 4, 3]) commit(leaderCommit);
  const seen = [];
  for (let taken = 0; taken < 6; taken += 1) {
    seen.push(peer.applied.length);
    await peer.take();
  }
  t.deepEqual(seen, [1, 2, 3, 4, 4, 4]);
  t.deepEqual(
    peer.applied,
    entriesOf(1, 1, 1, 1).map(({ command }) => command),
  );
});
