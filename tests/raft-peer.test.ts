/** What one peer of the reference Raft saves, and how it wins and loses office: the test plays the others. */
import test from "ava";
import { acknowledgedLeader, appendArgs, entriesOf, LonePeer, lastIndexSent } from "./helpers/lone-peer.js";

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
  const peer = await acknowledgedLeader(t);
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

// --- kill ---

test.serial("a killed leader sets no timer and says nothing more", async (t) => {
  const peer = await acknowledgedLeader(t);
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
