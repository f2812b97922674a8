/** One peer of the reference Raft, message by message: the test plays the others. */
import test from "ava";
import { appendArgs, entriesOf, LonePeer, lastIndexSent } from "./helpers/lone-peer.js";

// --- Persistence (§5, Figure 2): nothing is promised before it is saved ---

test.serial("a voter that restarts after its answer refuses every other candidate of the term", (t) => {
  const peer = new LonePeer(t);
  peer.fill([1]);
  const args = { term: 4, candidateId: 1, lastLogIndex: 1, lastLogTerm: 1 };
  t.deepEqual(peer.raft.requestVote({ ...args, candidateId: 2, lastLogIndex: 0, lastLogTerm: 0 }), {
    term: 4,
    voteGranted: false,
  });
  t.deepEqual(peer.raft.requestVote(args), { term: 4, voteGranted: true });
  const restarted = peer.restarted(t);
  t.deepEqual(restarted.raft.requestVote({ ...args, candidateId: 2 }), { term: 4, voteGranted: false });
  t.deepEqual(restarted.raft.requestVote(args), { term: 4, voteGranted: true });
});

test.serial("a follower that restarts after its answer holds the entries", (t) => {
  const peer = new LonePeer(t);
  const entries = entriesOf(1, 1, 2);
  t.deepEqual(peer.raft.appendEntries(appendArgs({ term: 2, entries })), { term: 2, success: true });
  const behind = appendArgs({ term: 2, prevLogIndex: 3, prevLogTerm: 2 });
  t.true(peer.restarted(t).raft.appendEntries(behind).success);
});

test.serial("a restarted peer knows its term and every command as it was", async (t) => {
  const peer = new LonePeer(t);
  const commands = [5, "5", 5n, null, { key: "k", bytes: new Uint8Array([1, 2]) }];
  const entries = commands.map((command) => ({ term: 3, command }));
  peer.raft.appendEntries(appendArgs({ term: 7, entries }));
  const restarted = peer.restarted(t);
  t.is(restarted.raft.getState().term, 7);
  restarted.raft.appendEntries(appendArgs({ term: 7, prevLogIndex: 5, prevLogTerm: 3, leaderCommit: 5 }));
  await restarted.clock.advance(0);
  t.deepEqual(restarted.applied, commands);
});

test.serial("a candidate saves its vote for itself before it asks for others", async (t) => {
  const peer = new LonePeer(t);
  await peer.clock.advance(600);
  t.deepEqual(peer.said.slice(0, 3), ["save", "RequestVote", "RequestVote"]);
  const rival = { term: 1, candidateId: 1, lastLogIndex: 0, lastLogTerm: 0 };
  t.deepEqual(peer.restarted(t).raft.requestVote(rival), { term: 1, voteGranted: false });
});

test.serial("a leader saves a command before it sends it", async (t) => {
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
  peer.said.length = 0;
  peer.raft.start("x");
  await peer.clock.advance(0);
  t.deepEqual(peer.said, ["save", "AppendEntries", "AppendEntries"]);
});

test.serial("a message costs one save if it changes anything, else none", (t) => {
  const { raft, said } = new LonePeer(t);
  const vote = { term: 1, candidateId: 1, lastLogIndex: 0, lastLogTerm: 0 };
  const filled = appendArgs({ term: 2, entries: entriesOf(1, 2) });
  for (const { name, act, saves } of [
    { name: "a new term and a vote in it", act: () => raft.requestVote(vote), saves: 1 },
    { name: "the same vote once more", act: () => raft.requestVote(vote), saves: 0 },
    { name: "a refused vote", act: () => raft.requestVote({ ...vote, candidateId: 2 }), saves: 0 },
    { name: "a new term and two entries", act: () => raft.appendEntries(filled), saves: 1 },
    { name: "the same entries once more", act: () => raft.appendEntries(filled), saves: 0 },
    { name: "a heartbeat", act: () => raft.appendEntries(appendArgs({ term: 2 })), saves: 0 },
    { name: "a new term", act: () => raft.appendEntries(appendArgs({ term: 3, prevLogIndex: 9 })), saves: 1 },
    { name: "an old leader", act: () => raft.appendEntries(appendArgs({ term: 1 })), saves: 0 },
  ]) {
    said.length = 0;
    act();
    t.deepEqual(said, Array(saves).fill("save"), name);
  }
});

// --- Elections (§5.2) ---

test.serial("a winner sends heartbeats at once", async (t) => {
  const peer = new LonePeer(t, { peerCount: 5 });
  await peer.win();
  t.true(peer.raft.getState().isLeader);
  t.deepEqual(
    peer.appends.map(({ to, args }) => [to, args.entries.length]),
    [
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ],
  );
});

test.serial("§5.5 a candidate asks again who has not answered, and counts each vote once", async (t) => {
  const peer = new LonePeer(t, { peerCount: 5 });
  peer.fill([1]);
  while (peer.votesAsked.length < 8) await peer.clock.advance(1);
  const toFirst = peer.votesAsked.filter(({ to }) => to === 1);
  t.is(toFirst.length, 2);
  for (const { answer } of toFirst) await answer({ term: 2, voteGranted: true });
  t.false(peer.raft.getState().isLeader);
  await peer.clock.advance(100);
  t.deepEqual(
    peer.votesAsked.slice(8).map(({ to, args }) => [to, args.term]),
    [
      [2, 2],
      [3, 2],
      [4, 2],
    ],
  );
  await peer.votesAsked.at(-1)?.answer({ term: 2, voteGranted: true });
  t.true(peer.raft.getState().isLeader);
  await peer.clock.advance(100);
  t.is(peer.votesAsked.length, 11, "a leader asks no more");
});

test.serial("a vote that comes after its candidacy does not count in the next", async (t) => {
  const peer = new LonePeer(t);
  await peer.clock.advance(600);
  const [first] = peer.votesAsked;
  await peer.clock.advance(600);
  t.is(peer.raft.getState().term, 2);
  await first?.answer({ term: 1, voteGranted: true });
  t.false(peer.raft.getState().isLeader);
});

test.serial(
  "granting a vote and hearing the leader put off the next election; a refusal does not",
  async (t) => {
    const peer = new LonePeer(t);
    peer.fill([1, 1]);
    for (let i = 0; i < 10; i += 1) {
      await peer.clock.advance(250);
      peer.raft.appendEntries(appendArgs({ term: 1, prevLogIndex: 2, prevLogTerm: 1 }));
    }
    await peer.clock.advance(250);
    t.true(peer.raft.requestVote({ term: 2, candidateId: 1, lastLogIndex: 2, lastLogTerm: 1 }).voteGranted);
    await peer.clock.advance(250);
    t.is(peer.votesAsked.length, 0);
    for (let term = 3; term <= 6; term += 1) {
      t.false(peer.raft.requestVote({ term, candidateId: 2, lastLogIndex: 0, lastLogTerm: 0 }).voteGranted);
      await peer.clock.advance(100);
    }
    t.true(peer.votesAsked.length > 0, "650 ms since the grant outlast every timeout");
  },
);

test.serial(
  "§5.2 a candidate that hears the leader of its term follows, whatever votes still come",
  async (t) => {
    const peer = new LonePeer(t);
    await peer.clock.advance(600);
    peer.raft.appendEntries(appendArgs({ term: 1 }));
    for (const { answer } of peer.votesAsked) await answer({ term: 1, voteGranted: true });
    t.deepEqual(peer.raft.getState(), { term: 1, isLeader: false });
  },
);

for (const { name, hear } of [
  { name: "an AppendEntries", hear: (peer: LonePeer) => peer.raft.appendEntries(appendArgs({ term: 9 })) },
  {
    name: "a RequestVote",
    hear: (peer: LonePeer) =>
      peer.raft.requestVote({ term: 9, candidateId: 1, lastLogIndex: 0, lastLogTerm: 0 }),
  },
  { name: "an answer", hear: (peer: LonePeer) => peer.appends[0]?.answer({ term: 9, success: false }) },
]) {
  test.serial(
    `§5.1 a leader that sees a later term in ${name} follows, and its heartbeats end`,
    async (t) => {
      const peer = new LonePeer(t);
      await peer.win();
      await hear(peer);
      t.deepEqual(peer.raft.getState(), { term: 9, isLeader: false });
      peer.appends.length = 0;
      await peer.clock.advance(1000);
      t.deepEqual(peer.appends, []);
      t.true(
        peer.votesAsked.some(({ args }) => args.term === 10),
        "its own election timer runs again",
      );
      t.is(peer.restarted(t).raft.getState().term, peer.raft.getState().term);
    },
  );
}

// --- Replication (§5.3) ---

test.serial(
  "commands of one turn go out as one AppendEntries, those of a round trip in the next",
  async (t) => {
    const peer = new LonePeer(t);
    await peer.win();
    await peer.acknowledgeAll();
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
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
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
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
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
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
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

test.serial("the refusal of an earlier guess, come late, does not undo the search", async (t) => {
  const peer = new LonePeer(t);
  peer.fill([1, 1, 1]);
  await peer.win();
  await peer.clock.advance(100);
  const [early, late] = peer.appends.filter(({ to }) => to === 1);
  await late?.answer({ term: 2, success: false, conflictIndex: 1 });
  await early?.answer({ term: 2, success: false, conflictIndex: 3 });
  const repair = peer.appends.at(-1);
  t.is(repair?.args.prevLogIndex, 0);
  await repair?.answer(undefined);
  await peer.clock.advance(100);
  t.is(peer.appends.filter(({ to }) => to === 1).at(-1)?.args.prevLogIndex, 0);
});

test.serial("a refusal from before the repair does not begin it again", async (t) => {
  const peer = new LonePeer(t);
  peer.fill([1, 1, 1]);
  await peer.win();
  await peer.clock.advance(100);
  const [early, late] = peer.appends.filter(({ to }) => to === 1);
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
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
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
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
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

// --- kill ---

test.serial("a killed leader sets no timer and says nothing more", async (t) => {
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
  peer.takesAtOnce = false;
  for (const command of ["a", "b"]) peer.raft.start(command);
  await peer.clock.advance(0);
  const [first, second] = peer.appends;
  await first?.answer({ term: 1, success: true });
  peer.raft.start("c");
  peer.raft.kill();
  t.is(peer.clock.timerCount, 0);
  const before = [...peer.said];
  await peer.take();
  await second?.answer({ term: 9, success: false });
  t.deepEqual(peer.raft.start("d"), { index: -1, term: 1, isLeader: false });
  peer.raft.appendEntries(appendArgs({ term: 1 }));
  peer.raft.requestVote({ term: 1, candidateId: 2, lastLogIndex: 9, lastLogTerm: 9 });
  await peer.clock.advance(5000);
  t.is(peer.clock.timerCount, 0);
  t.deepEqual(peer.said, before);
  t.is(lastIndexSent(peer.appends.at(-1)?.args ?? appendArgs({})), 2);
});

test.serial("a killed candidate takes no answer any more", async (t) => {
  const peer = new LonePeer(t);
  await peer.clock.advance(600);
  peer.raft.kill();
  const before = peer.said.length;
  const [first, second] = peer.votesAsked;
  await first?.answer({ term: 1, voteGranted: true });
  await second?.answer({ term: 9, voteGranted: false });
  await peer.clock.advance(5000);
  t.deepEqual(peer.raft.getState(), { term: 1, isLeader: false });
  t.is(peer.said.length, before);
});
