/** Rules on what leaders send and followers hold: for each a trace that breaks it, and one that nearly does. */
import test from "ava";
import { type Append, appendArgs, check, TraceScript, verdict } from "./helpers/trace-script.js";

/** Peer 0 has replicated a log to peer 1 as leader of the term of its last entry. */
function replicated(log: readonly number[], peerCount = 3): TraceScript {
  const script = new TraceScript(peerCount);
  const term = log.at(-1) ?? 1;
  script.elect(0, term, log.slice(0, log.indexOf(term)));
  script.replicate(0, 1, { term, log });
  return script;
}

// --- The election restriction (§5.4.1) ---

for (const { name, mine, theirs } of [
  { name: "a shorter log of the same last term", mine: [1, 1, 1], theirs: [1, 1] },
  { name: "a longer log of an earlier last term", mine: [1, 2], theirs: [1, 1, 1] },
  { name: "an empty log", mine: [1], theirs: [] },
]) {
  test(`a vote for ${name} breaks the rule`, (t) => {
    const script = new TraceScript();
    const term = mine.at(-1) ?? 0;
    script.elect(0, term, mine.slice(0, mine.indexOf(term)));
    const shown = script.replicate(0, 1, { term, log: mine });
    const vote = script.vote(2, 1, 7, theirs);
    t.deepEqual(verdict(script), {
      rule: "vote-up-to-date",
      peers: [1, 2],
      events: [shown.handledAt, vote.handledAt],
    });
  });
}

test("votes for logs as up-to-date as what the voter has acknowledged are as they should be", (t) => {
  for (const theirs of [
    [1, 2],
    [1, 1, 3],
    [1, 2, 2],
  ]) {
    const script = replicated([1, 2]);
    script.vote(2, 1, 7, theirs);
    t.is(verdict(script), undefined, theirs.join());
  }
});

test("what a voter acknowledged before it crashed still binds its vote", (t) => {
  const script = replicated([1, 1]);
  script.restart(1);
  script.vote(2, 1, 2, [1]);
  t.is(verdict(script)?.rule, "vote-up-to-date");
});

test("a leader's own log binds its vote, until a crash takes what it may not have saved", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const shown = script.appendEntries(0, 1, { term: 1, log: [1] });
  const vote = script.vote(2, 0, 2, []);
  t.deepEqual(verdict(script), {
    rule: "vote-up-to-date",
    peers: [0, 2],
    events: [shown.sentAt, vote.handledAt],
  });

  const crashed = new TraceScript();
  crashed.elect(0, 1);
  crashed.appendEntries(0, 1, { term: 1, log: [1] });
  crashed.restart(0);
  crashed.vote(2, 0, 2, []);
  t.is(verdict(crashed), undefined);
});

test("a truncation that was lawful does not bind the next vote", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 2);
  script.replicate(0, 1, { term: 2, log: [2, 2] });
  for (const voter of [2, 3]) script.vote(4, voter, 3);
  script.appendEntries(4, 1, { term: 3, log: [3] }).deliver(); // no reply is seen
  script.vote(3, 1, 4, [1, 1]);
  t.is(verdict(script), undefined);
});

test("an entry acknowledged while the vote was under way does not bind it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const vote = script.requestVote(2, 1, 2).deliver().save();
  script.replicate(0, 1, { term: 1, log: [1] });
  vote.handle({ term: 2, voteGranted: true });
  t.is(verdict(script), undefined);
});

test("an acknowledgement that a newer leader's request overtook does not bind", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  const late = script
    .appendEntries(0, 3, { term: 1, log: [1, 1] })
    .deliver()
    .save();
  for (const voter of [1, 2]) script.vote(4, voter, 2);
  script.appendEntries(4, 3, { term: 2, log: [2] }).deliver();
  late.handle({ term: 1, success: true });
  script.vote(2, 3, 3, []);
  t.is(verdict(script), undefined);
});

// --- What was acknowledged is there (§5.3) ---

test("a follower that refuses what follows its last acknowledged entry has lost it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const shown = script.replicate(0, 1, { term: 1, log: [1, 1] });
  const lost = script.refuse(0, 1, { term: 1, log: [1, 1, 1], after: 2 });
  t.deepEqual(verdict(script), {
    rule: "acknowledged-lost",
    peers: [1, 0],
    events: [shown.handledAt, lost.handledAt],
  });
});

test("a follower that restarts without what it acknowledged has lost it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const shown = script.replicate(0, 1, { term: 1, log: [1, 1] });
  script.restart(1);
  const lost = script.refuse(0, 1, { term: 1, log: [1, 1], after: 2 });
  t.deepEqual(verdict(script), {
    rule: "acknowledged-lost",
    peers: [1, 0],
    events: [shown.handledAt, lost.handledAt],
  });
});

test("a follower may refuse for a later term, what it never acknowledged, and a request sent before", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const early = script.appendEntries(0, 1, { term: 1, log: [1, 1], after: 2 });
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  early.deliver().handle({ term: 1, success: false });
  script.refuse(0, 1, { term: 1, log: [1, 1, 1, 1], after: 3 });
  script.vote(2, 1, 2, [1, 1, 1]);
  script
    .appendEntries(0, 1, { term: 1, log: [1, 1], after: 2 })
    .deliver()
    .handle({ term: 2, success: false });
  t.is(verdict(script), undefined);
});

test("a candidate may refuse the leader of its own term once before it steps down", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  script.noVote(1, 2, 2, [1]);
  script.save(0);
  script.vote(0, 2, 2, [1]);
  script.refuse(0, 1, { term: 2, log: [1], after: 1 });
  t.is(verdict(script), undefined);
});

/** Peer 1 has acknowledged an entry of term 1; leader 0 of term 3, whom it did not vote for, follows on that. */
function newLeader(): { script: TraceScript; shownAt: number; onIt: Append } {
  const script = new TraceScript();
  script.elect(0, 1);
  const shown = script.replicate(0, 1, { term: 1, log: [1] });
  script.save(0);
  script.vote(0, 2, 3, [1]);
  return { script, shownAt: shown.handledAt, onIt: { term: 3, log: [1], after: 1 } };
}

test("a follower may refuse the first request of a new term, and lose nothing by that", (t) => {
  const { script, onIt } = newLeader();
  script.refuse(0, 1, onIt);
  script.replicate(0, 1, onIt);
  t.is(verdict(script), undefined);
});

test("a follower that has followed a leader has no other reason to refuse than a loss", (t) => {
  const { script, shownAt, onIt } = newLeader();
  script.refuse(0, 1, onIt);
  script.replicate(0, 1, onIt);
  const lost = script.refuse(0, 1, onIt);
  t.deepEqual(verdict(script), {
    rule: "acknowledged-lost",
    peers: [1, 0],
    events: [shownAt, lost.handledAt],
  });
});

test("a refusal proves nothing while another request is under way", (t) => {
  const script = replicated([1, 1]);
  script.appendEntries(0, 1, { term: 1, log: [1, 1] }).deliver();
  script.refuse(0, 1, { term: 1, log: [1, 1], after: 2 });
  t.is(verdict(script), undefined);
});

test("a candidate whose log lacks what it acknowledged has lost it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const shown = script.replicate(0, 1, { term: 1, log: [1, 1] });
  const asked = script.requestVote(1, 2, 2, [1]);
  t.deepEqual(verdict(script), {
    rule: "acknowledged-lost",
    peers: [1],
    events: [shown.handledAt, asked.sentAt],
  });
});

test("a candidate's request may have been written before the acknowledgement", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 2);
  script.replicate(0, 1, { term: 2, log: [2] });
  script.requestVote(1, 2, 2, []);
  t.is(verdict(script), undefined);
});

test("a leader whose log is not the one that it acknowledged has lost that", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 2, [1]);
  const shown = script.replicate(0, 1, { term: 2, log: [1, 2] });
  script.elect(1, 3, [1, 1, 2]);
  const sent = script.appendEntries(1, 4, { term: 3, log: [1, 1, 2], after: 2 });
  t.deepEqual(verdict(script), {
    rule: "acknowledged-lost",
    peers: [1],
    events: [shown.handledAt, sent.sentAt],
  });
});

// --- The consistency check (§5.3) ---

test("a success for entries that follow one of another term breaks the rule", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  for (const voter of [2, 3]) script.vote(4, voter, 3, [2, 2]);
  const wrong = script.replicate(4, 1, { term: 3, log: [2, 2, 3], after: 2 });
  t.deepEqual(verdict(script), {
    rule: "append-consistency",
    peers: [1, 4],
    events: [wrong.sentAt, wrong.handledAt],
  });
});

test("a success for entries that follow one the follower never got breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const wrong = script.replicate(0, 1, { term: 1, log: [1, 1], after: 1 });
  t.deepEqual(verdict(script), {
    rule: "append-consistency",
    peers: [1, 0],
    events: [wrong.sentAt, wrong.handledAt],
  });
});

test("entries may follow what came in a request without a reply, and what the follower made as leader", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .save();
  script.replicate(0, 1, { term: 1, log: [1, 1], after: 1 });
  script.elect(1, 2, [1, 1]);
  script.appendEntries(1, 2, { term: 2, log: [1, 1], after: 2 });
  script.save(1);
  script.elect(2, 3, [1, 1, 2]);
  script.replicate(2, 1, { term: 3, log: [1, 1, 2, 3], after: 3 });
  t.is(verdict(script), undefined);
});

test("a heartbeat's success for what is not there shows nothing and breaks no rule; it is warned of once", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  const log = [1, 1];
  script.replicate(0, 1, { term: 1, log, upTo: 1 });
  script.replicate(0, 1, { term: 1, log, after: 2 });
  script.refuse(0, 1, { term: 1, log: [1, 1, 1], after: 2 });
  for (const voter of [2, 3]) script.vote(4, voter, 3, [2, 2]);
  script.replicate(4, 1, { term: 3, log: [2, 2], after: 2 });
  script.refuse(4, 1, { term: 3, log: [2, 2, 3], after: 2 });
  script.vote(3, 1, 4, [1, 1]);
  t.deepEqual(check(script.records, 5), {
    violation: undefined,
    warnings: [
      "The checkers of Raft's rules let this pass: Peer 1 accepted AppendEntries of peer 0 in term 1 at 32.000 " +
        "ms that follow index 2, term 1, but no leader ever sent it that entry. By Figure 2 it had to refuse; a " +
        "heartbeat's success breaks no promise as long as its leader does not count it.",
    ],
  });
});

// --- Log Matching and Leader Append-Only (§5.3, Figure 3) ---

test("two commands at one index and term break Log Matching", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const one = script.appendEntries(0, 1, { term: 1, log: [1, 1] });
  const other = script.appendEntries(0, 2, { term: 1, log: [1, 1], commands: { 2: "another" } });
  t.deepEqual(verdict(script), { rule: "log-matching", peers: [0], events: [one.sentAt, other.sentAt] });
});

test("two commands at one index and term break Log Matching, whoever sends the second", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const one = script.appendEntries(0, 1, { term: 1, log: [1], commands: { 1: { key: "k" } } });
  script.elect(1, 2, [1]);
  const other = script.appendEntries(1, 2, { term: 2, log: [1], commands: { 1: { key: "q" } } });
  t.deepEqual(verdict(script), { rule: "log-matching", peers: [1, 0], events: [one.sentAt, other.sentAt] });
});

test("one entry behind two different ones breaks Log Matching", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 3, [1, 3]);
  const one = script.appendEntries(0, 1, { term: 3, log: [1, 3, 3] });
  const args = appendArgs(0, { term: 3, log: [1, 3, 3], after: 2 });
  const other = script.call(0, 2, "Raft.appendEntries", { ...args, prevLogTerm: 2 });
  t.deepEqual(verdict(script), { rule: "log-matching", peers: [0], events: [one.sentAt, other.sentAt] });
});

test("a leader that changes its log breaks Leader Append-Only", (t) => {
  const script = new TraceScript();
  script.elect(0, 2, [1, 1]);
  const one = script.appendEntries(0, 1, { term: 2, log: [1, 1], after: 2 });
  const other = script.appendEntries(0, 2, { term: 2, log: [1, 2], after: 2 });
  t.deepEqual(verdict(script), {
    rule: "leader-append-only",
    peers: [0],
    events: [one.sentAt, other.sentAt],
  });
});

test("a leader whose log is not the one that it stood with breaks Leader Append-Only", (t) => {
  const script = new TraceScript();
  script.save(0);
  const asked = script.vote(0, 1, 3, [1]);
  const sent = script.appendEntries(0, 1, { term: 3, log: [1, 2] });
  t.deepEqual(verdict(script), {
    rule: "leader-append-only",
    peers: [0],
    events: [asked.sentAt, sent.sentAt],
  });
});

test("logs of different terms may differ, and a leader may send any part of its own, late or twice", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  const late = script.appendEntries(0, 1, { term: 1, log: [1, 1] });
  script.appendEntries(0, 2, { term: 1, log: [1, 1], after: 1 });
  script.appendEntries(0, 2, { term: 1, log: [1, 1], after: 2 });
  for (const voter of [2, 3]) script.vote(4, voter, 2);
  script.appendEntries(4, 1, { term: 2, log: [2, 2] });
  script.appendEntries(0, 1, { term: 1, log: [1, 1, 1], after: 1 });
  late.deliver();
  t.is(verdict(script), undefined);
});
