/** Rules on terms, votes and leaders: for each a trace that breaks it, and one that nearly does. */
import test from "ava";
import { check, TraceScript, verdict } from "./helpers/trace-script.js";

// --- One vote per peer and term (§5.2) ---

test("a second vote in one term breaks the rule", (t) => {
  const script = new TraceScript();
  const first = script.vote(0, 2, 4);
  const second = script.vote(1, 2, 4);
  t.deepEqual(verdict(script), {
    rule: "vote-once",
    peers: [2, 0, 1],
    events: [first.handledAt, second.handledAt],
  });
});

test("a violation tells rule, section, peers, terms and times", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 4);
  script.vote(1, 2, 4);
  const { violation } = check(script.records, 3);
  t.is(violation?.section, "Raft §5.2");
  t.is(
    violation?.message,
    "Peer 2 voted twice in term 4: for peer 0 at 10.000 ms and for peer 1 at 15.000 ms.",
  );
});

test("a second vote in one term counts across a restart, and though its reply is lost", (t) => {
  const script = new TraceScript();
  const first = script.requestVote(0, 2, 4).deliver().save().handle({ term: 4, voteGranted: true });
  first.lose("reply-dropped");
  script.restart(2);
  const second = script.vote(1, 2, 4);
  t.deepEqual(verdict(script), {
    rule: "vote-once",
    peers: [2, 0, 1],
    events: [first.handledAt, second.handledAt],
  });
});

test("a candidate that votes for another in its own term has voted twice", (t) => {
  const script = new TraceScript();
  const own = script.requestVote(2, 0, 4);
  const other = script.vote(1, 2, 4);
  t.deepEqual(verdict(script), { rule: "vote-once", peers: [2, 1], events: [own.sentAt, other.handledAt] });
});

test("a voter that stands in the term of its vote has voted twice", (t) => {
  const script = new TraceScript();
  const other = script.vote(1, 2, 4);
  const own = script.requestVote(2, 0, 4);
  t.deepEqual(verdict(script), { rule: "vote-once", peers: [2, 1], events: [other.handledAt, own.sentAt] });
});

test("one vote told again, also after a restart, and votes in other terms are as they should be", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 4);
  script.vote(0, 2, 4);
  script.restart(2);
  script.vote(0, 2, 4);
  script.noVote(1, 2, 4);
  script.vote(1, 2, 5);
  t.is(verdict(script), undefined);
});

test("a candidate that asks itself like everyone else may have voted for another before", (t) => {
  const script = new TraceScript();
  for (const to of [0, 1, 2]) script.requestVote(2, to, 4);
  script.vote(1, 2, 4);
  t.is(verdict(script), undefined);
});

// --- One leader per term, elected by a majority (§5.2) ---

test("two leaders in one term break Election Safety", (t) => {
  const script = new TraceScript();
  script.elect(0, 3);
  const one = script.appendEntries(0, 1, { term: 3 });
  const other = script.appendEntries(2, 1, { term: 3 });
  t.deepEqual(verdict(script), {
    rule: "election-safety",
    peers: [0, 2],
    events: [one.sentAt, other.sentAt],
  });
});

test("leaders of different terms at one time are as they should be", (t) => {
  const script = new TraceScript();
  script.elect(0, 3);
  script.appendEntries(0, 1, { term: 3 });
  script.elect(2, 4);
  script.appendEntries(2, 1, { term: 4 });
  script.appendEntries(0, 1, { term: 3 }).lose("unreachable");
  t.is(verdict(script), undefined);
});

test("a leader without a majority of votes breaks the rule", (t) => {
  const script = new TraceScript(5);
  const asked = script.requestVote(3, 0, 2);
  asked.deliver().save().handle({ term: 2, voteGranted: true }).answer();
  const append = script.appendEntries(3, 0, { term: 2 });
  t.deepEqual(verdict(script), {
    rule: "election-majority",
    peers: [3, 0],
    events: [asked.sentAt, append.sentAt],
  });
});

test("votes that never reached the candidate make no leader", (t) => {
  const script = new TraceScript();
  const asked = script.requestVote(0, 1, 2).deliver().save();
  asked.handle({ term: 2, voteGranted: true }).lose("reply-dropped");
  const append = script.appendEntries(0, 1, { term: 2 });
  t.deepEqual(verdict(script), {
    rule: "election-majority",
    peers: [0],
    events: [asked.sentAt, append.sentAt],
  });
});

test("votes of an earlier term make no leader", (t) => {
  const script = new TraceScript();
  script.vote(0, 1, 2);
  const asked = script.requestVote(0, 1, 3);
  const append = script.appendEntries(0, 1, { term: 3 });
  t.deepEqual(verdict(script), {
    rule: "election-majority",
    peers: [0],
    events: [asked.sentAt, append.sentAt],
  });
});

test("two votes from one peer count once, and a vote from itself is its own", (t) => {
  const script = new TraceScript(5);
  const asked = script.vote(0, 0, 2);
  script.vote(0, 1, 2);
  script.vote(0, 1, 2);
  const append = script.appendEntries(0, 1, { term: 2 });
  t.deepEqual(verdict(script), {
    rule: "election-majority",
    peers: [0, 1],
    events: [asked.sentAt, append.sentAt],
  });
});

test("a bare majority of votes makes a leader", (t) => {
  for (const peerCount of [2, 3, 4, 5]) {
    const script = new TraceScript(peerCount);
    script.elect(0, 2);
    script.appendEntries(0, 1, { term: 2 });
    t.is(verdict(script), undefined, `${peerCount} peers`);
  }
});

// --- Terms only grow (§5.1) ---

test("a reply of an earlier term than the peer has shown breaks the rule", (t) => {
  const script = new TraceScript();
  const later = script.vote(0, 2, 5);
  const earlier = script.requestVote(1, 2, 4).deliver().handle({ term: 4, voteGranted: false });
  t.deepEqual(verdict(script), {
    rule: "term-backwards",
    peers: [2],
    events: [later.handledAt, earlier.handledAt],
  });
});

test("a reply that was written before and comes late is as it should be", (t) => {
  const script = new TraceScript();
  const early = script.requestVote(1, 2, 4).deliver();
  script.vote(0, 2, 5);
  early.handle({ term: 4, voteGranted: false });
  t.is(verdict(script), undefined);
});

test("a reply that tells no term tells no earlier one", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 5);
  script.requestVote(1, 2, 4).deliver().handle({ term: 0, voteGranted: false });
  t.is(verdict(script), undefined);
});

test("a term that is forgotten by a restart shows in the next reply", (t) => {
  const script = new TraceScript();
  const later = script.vote(0, 2, 5);
  script.restart(2);
  const earlier = script.requestVote(1, 2, 1).deliver().handle({ term: 1, voteGranted: false });
  t.deepEqual(verdict(script), {
    rule: "term-backwards",
    peers: [2],
    events: [later.handledAt, earlier.handledAt],
  });
});

test("a term that is forgotten by a restart shows in the next request", (t) => {
  const script = new TraceScript();
  const later = script.vote(0, 2, 5);
  script.restart(2);
  const earlier = script.requestVote(2, 1, 1);
  t.deepEqual(verdict(script), {
    rule: "term-backwards",
    peers: [2],
    events: [later.handledAt, earlier.sentAt],
  });
});

test("a request of an earlier term, first sent long after, breaks the rule", (t) => {
  const script = new TraceScript();
  const later = script.vote(0, 2, 5);
  script.wait(5000);
  const earlier = script.requestVote(2, 1, 4);
  t.deepEqual(verdict(script), {
    rule: "term-backwards",
    peers: [2],
    events: [later.handledAt, earlier.sentAt],
  });
});

test("a request of an earlier term may be sent a little late, and again at any time", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 5);
  script.wait(4990);
  script.requestVote(2, 1, 4);
  script.wait(60_000);
  script.requestVote(2, 1, 4);
  t.is(verdict(script), undefined);
});

test("a term that was only heard of may be forgotten: the reply never got out", (t) => {
  const script = new TraceScript();
  script.requestVote(0, 2, 5).deliver();
  script.restart(2);
  script.requestVote(1, 2, 1).deliver().save().handle({ term: 1, voteGranted: true });
  t.is(verdict(script), undefined);
});

test("a vote in a term that the voter has left breaks the rule", (t) => {
  const script = new TraceScript();
  const later = script.noVote(0, 2, 5);
  const stale = script.requestVote(1, 2, 4).deliver().handle({ term: 5, voteGranted: true });
  t.deepEqual(verdict(script), {
    rule: "stale-term-accepted",
    peers: [2, 1],
    events: [later.handledAt, stale.handledAt],
  });
});

test("a success for a leader whose term the follower has left breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 4);
  const later = script.vote(1, 2, 5);
  const stale = script.appendEntries(0, 2, { term: 4 }).deliver().handle({ term: 5, success: true });
  t.deepEqual(verdict(script), {
    rule: "stale-term-accepted",
    peers: [2, 0],
    events: [later.handledAt, stale.handledAt],
  });
});

test("a leader that is refused for its term, or heard before the next, is as it should be", (t) => {
  const script = new TraceScript();
  script.elect(0, 4);
  const early = script.appendEntries(0, 2, { term: 4 }).deliver();
  script.vote(1, 2, 5);
  early.handle({ term: 4, success: true });
  script.appendEntries(0, 2, { term: 4 }).deliver().handle({ term: 5, success: false });
  t.is(verdict(script), undefined);
});

test("calls of the tester are no peer's word", (t) => {
  const script = new TraceScript();
  script.vote(0, 2, 4);
  script.call(undefined, 2, "Raft.requestVote", { term: 4, candidateId: 1, lastLogIndex: 0, lastLogTerm: 0 });
  script.call(undefined, 2, "Raft.appendEntries", {}).deliver().handle({});
  t.is(verdict(script), undefined);
});
