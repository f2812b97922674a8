/** Rules on what is saved before it is promised: for each a trace that breaks it, and one that nearly does. */
import test from "ava";
import { commandOf, TraceScript, verdict } from "./helpers/trace-script.js";

/** Three peers that have each saved something, so that they are held to it. */
function savingPeers(): TraceScript {
  const script = new TraceScript();
  for (const peer of [0, 1, 2]) script.save(peer);
  return script;
}

const granted = (term: number) => ({ term, voteGranted: true });
const success = (term: number) => ({ term, success: true });

// --- Votes ---

test("a vote that is given before it is saved breaks the rule", (t) => {
  const script = savingPeers();
  const vote = script.requestVote(0, 1, 2).deliver().handle(granted(2)).save();
  t.deepEqual(verdict(script), {
    rule: "unsaved-vote",
    peers: [1, 0],
    events: [vote.deliveredAt, vote.handledAt],
  });
});

test("a save of another peer saves no vote", (t) => {
  const script = savingPeers();
  const vote = script.requestVote(0, 1, 2).deliver();
  script.save(0);
  vote.handle(granted(2));
  t.is(verdict(script)?.rule, "unsaved-vote");
});

test("a vote for another candidate, or in another term, is to be saved again", (t) => {
  const script = savingPeers();
  script.vote(0, 1, 2);
  const vote = script.requestVote(0, 1, 3).deliver().handle(granted(3));
  t.deepEqual(verdict(script), {
    rule: "unsaved-vote",
    peers: [1, 0],
    events: [vote.deliveredAt, vote.handledAt],
  });
});

test("a vote that is told again need not be saved again, nor after a restart", (t) => {
  const script = savingPeers();
  script.vote(0, 1, 2);
  script.requestVote(0, 1, 2).deliver().handle(granted(2));
  script.restart(1);
  script.requestVote(0, 1, 2).deliver().handle(granted(2));
  t.is(verdict(script), undefined);
});

test("a vote may have been saved by an incarnation that crashed before its reply got out", (t) => {
  const script = savingPeers();
  script.requestVote(0, 1, 2).deliver().save().lose("dead");
  script.restart(1);
  script.requestVote(0, 1, 2).deliver().handle(granted(2));
  t.is(verdict(script), undefined);
});

test("of two requests for one vote that overlap, one may save for both", (t) => {
  const script = savingPeers();
  const first = script.requestVote(0, 1, 2).deliver();
  first.save();
  const second = script.requestVote(0, 1, 2).deliver();
  second.handle(granted(2));
  first.handle(granted(2));
  t.is(verdict(script), undefined);
});

test("a candidate's vote for itself was saved before it asked", (t) => {
  const script = savingPeers();
  script.requestVote(0, 0, 2).deliver().handle(granted(2));
  t.is(verdict(script), undefined);
});

test("a refusal promises nothing", (t) => {
  const script = savingPeers();
  script.requestVote(0, 1, 2, [1]).deliver().handle({ term: 2, voteGranted: false });
  script.vote(0, 2, 2, [1]);
  script
    .appendEntries(0, 1, { term: 2, log: [1], after: 1 })
    .deliver()
    .handle({ term: 2, success: false });
  t.is(verdict(script), undefined);
});

// --- Entries ---

test("entries that are acknowledged before they are saved break the rule", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  const append = script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .handle(success(1))
    .save();
  t.deepEqual(verdict(script), {
    rule: "unsaved-append",
    peers: [1, 0],
    events: [append.deliveredAt, append.handledAt],
  });
});

test("new entries behind old ones are to be saved, too", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  const append = script
    .appendEntries(0, 1, { term: 1, log: [1, 1] })
    .deliver()
    .handle(success(1));
  t.deepEqual(verdict(script), {
    rule: "unsaved-append",
    peers: [1, 0],
    events: [append.deliveredAt, append.handledAt],
  });
});

test("entries that came before, and heartbeats, need no save", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  script
    .appendEntries(0, 1, { term: 1, log: [1, 1] })
    .deliver()
    .handle(success(1));
  script
    .appendEntries(0, 1, { term: 1, log: [1, 1], after: 1 })
    .deliver()
    .handle(success(1));
  script
    .appendEntries(0, 1, { term: 1, log: [1, 1], after: 2 })
    .deliver()
    .handle(success(1));
  t.is(verdict(script), undefined);
});

test("of two requests with one entry that overlap, one may save for both", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  const first = script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .save();
  const second = script.appendEntries(0, 1, { term: 1, log: [1] }).deliver();
  second.handle(success(1));
  first.handle(success(1));
  t.is(verdict(script), undefined);
});

test("entries may have been saved by an incarnation that crashed before its reply got out", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .save()
    .lose("dead");
  script.restart(1);
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .handle(success(1));
  t.is(verdict(script), undefined);
});

test("a peer has saved the entries that it made as a leader itself", (t) => {
  const script = savingPeers();
  script.elect(1, 1);
  script.appendEntries(1, 2, { term: 1, log: [1] });
  script.save(1);
  script.vote(0, 2, 2, [1]);
  script
    .appendEntries(0, 1, { term: 2, log: [1], after: 1 })
    .deliver()
    .save()
    .handle(success(2));
  script
    .appendEntries(0, 1, { term: 2, log: [1] })
    .deliver()
    .handle(success(2));
  t.is(verdict(script), undefined);
});

// --- The leader's own copy ---

/** Leader 0 of term 1 has not saved its entry since it stood; `holders` have acknowledged it. */
function unsavedLeader(holders: readonly number[]): { script: TraceScript; stoodAt: number } {
  const script = savingPeers();
  const stoodAt = script.vote(0, 1, 1).sentAt;
  for (const holder of holders) {
    script
      .appendEntries(0, holder, { term: 1, log: [1] })
      .deliver()
      .save()
      .handle(success(1))
      .answer();
  }
  return { script, stoodAt };
}

test("a leader that counts its own copy before it has saved it breaks the rule", (t) => {
  const { script, stoodAt } = unsavedLeader([1]);
  const told = script.appendEntries(0, 1, { term: 1, log: [1], after: 1, commit: 1 });
  t.deepEqual(verdict(script), { rule: "unsaved-commit", peers: [0], events: [stoodAt, told.sentAt] });

  const applying = unsavedLeader([1]);
  const applied = applying.script.apply(0, 1, commandOf(1, 1));
  const events = [applying.stoodAt, applied];
  t.deepEqual(verdict(applying.script), { rule: "unsaved-commit", peers: [0], events });
});

test("a leader may send before it saves, and need not have saved what a majority of others holds", (t) => {
  const late = unsavedLeader([1]).script;
  late.save(0);
  late.appendEntries(0, 1, { term: 1, log: [1], after: 1, commit: 1 });
  t.is(verdict(late), undefined);

  const others = unsavedLeader([1, 2]).script;
  others.appendEntries(0, 1, { term: 1, log: [1], after: 1, commit: 1 });
  t.is(verdict(others), undefined);
});

test("a new leader that knows of a commit from the one before has counted nothing", (t) => {
  const script = savingPeers();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  script.replicate(0, 1, { term: 1, log: [1], after: 1, commit: 1 });
  script.vote(1, 2, 2, [1]);
  script.appendEntries(1, 2, { term: 2, log: [1], commit: 1 });
  script.apply(1, 1, commandOf(1, 1));
  t.is(verdict(script), undefined);
});

// --- Terms ---

test("a new term that is followed before it is saved breaks the rule", (t) => {
  const script = savingPeers();
  const low = script.noVote(2, 1, 1);
  const known = script.requestVote(2, 1, 1).deliver().handle({ term: 1, voteGranted: false });
  script.vote(0, 2, 2);
  const append = script.appendEntries(0, 1, { term: 2 }).deliver().handle(success(2));
  t.true(low.handledAt < known.deliveredAt);
  t.deepEqual(verdict(script), {
    rule: "unsaved-term",
    peers: [1, 0],
    events: [known.deliveredAt, append.handledAt],
  });
});

test("a peer that has never saved anything has saved no term", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const append = script.appendEntries(0, 2, { term: 1 }).deliver().handle(success(1));
  t.deepEqual(verdict(script), { rule: "unsaved-term", peers: [2, 0], events: [0, append.handledAt] });
});

test("a term that the peer came to by itself may have been saved then", (t) => {
  const script = savingPeers();
  script.noVote(2, 1, 1);
  script.elect(0, 2);
  script.save(1);
  script.appendEntries(0, 1, { term: 2 }).deliver().handle(success(2));
  t.is(verdict(script), undefined);
});

// --- Who is held to it ---

test("peers that never save have not come to persistence yet", (t) => {
  const script = new TraceScript();
  script.requestVote(0, 1, 1).deliver().handle(granted(1)).answer();
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .handle(success(1))
    .answer();
  t.is(verdict(script), undefined);
});
