/** Rules on what is committed, and who may lead then: for each a trace that breaks it, and one that nearly does. */
import test from "ava";
import { check, TraceScript, verdict } from "./helpers/trace-script.js";

// --- Commitment (§5.3, §5.4.2) ---

/** A leader of five whose log of these terms has reached `holders`; it leads in `term`. */
function leaderOfFive(term: number, log: readonly number[], holders: readonly number[]): TraceScript {
  const script = new TraceScript(5);
  const inherited = log.filter((entryTerm) => entryTerm < term);
  script.elect(0, term, inherited);
  for (const holder of holders) script.replicate(0, holder, { term, log });
  return script;
}

test("a commit that no majority has acknowledged breaks the rule", (t) => {
  const script = leaderOfFive(1, [1], [1]);
  const sent = script.appendEntries(0, 2, { term: 1, log: [1], commit: 1 });
  t.deepEqual(verdict(script), { rule: "commit-majority", peers: [0], events: [sent.sentAt] });
});

test("the leader counts itself: two of four others make a majority of five", (t) => {
  const script = leaderOfFive(1, [1], [1, 2]);
  script.appendEntries(0, 3, { term: 1, log: [1], commit: 1 });
  t.is(verdict(script), undefined);
});

test("an acknowledgement counts only once it has reached the leader, for what was sent, in this term", (t) => {
  const lost = leaderOfFive(1, [1], [1]);
  lost
    .appendEntries(0, 2, { term: 1, log: [1] })
    .deliver()
    .save()
    .handle({ term: 1, success: true });
  lost.appendEntries(0, 3, { term: 1, log: [1], commit: 1 });
  t.is(verdict(lost)?.rule, "commit-majority");

  const shorter = leaderOfFive(1, [1, 1], [1]);
  shorter.replicate(0, 2, { term: 1, log: [1, 1], upTo: 1 });
  shorter.appendEntries(0, 3, { term: 1, log: [1, 1], commit: 2 });
  t.is(verdict(shorter)?.rule, "commit-majority");

  const stale = leaderOfFive(1, [1], [1, 2]);
  stale.elect(0, 2, [1]);
  stale.appendEntries(0, 3, { term: 2, log: [1, 2], commit: 2 });
  t.is(verdict(stale)?.rule, "commit-majority");
});

test("one follower that acknowledges twice is no majority", (t) => {
  const script = leaderOfFive(1, [1], [1, 1]);
  script.appendEntries(0, 2, { term: 1, log: [1], commit: 1 });
  t.is(verdict(script)?.rule, "commit-majority");
});

test("a follower that acknowledged more in this term vouches for it with any later reply", (t) => {
  const script = leaderOfFive(1, [1], [1]);
  script
    .appendEntries(0, 2, { term: 1, log: [1] })
    .deliver()
    .save()
    .handle({ term: 1, success: true })
    .lose("reply-dropped");
  script.replicate(0, 2, { term: 1, log: [1], upTo: 0 });
  script.appendEntries(0, 3, { term: 1, log: [1], commit: 1 });
  t.is(verdict(script), undefined);
});

test("a leader must not count a heartbeat's success for entries that its follower cannot hold", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.appendEntries(0, 1, { term: 1, log: [1] }).lose("unreachable");
  const untrue = script.replicate(0, 1, { term: 1, log: [1], after: 1 });
  script.replicate(0, 2, { term: 1, log: [1], upTo: 0 });
  t.is(check(script.records, 3).violation, undefined, "it need not count it");

  const sent = script.appendEntries(0, 2, { term: 1, log: [1], commit: 1 });
  const { violation } = check(script.records, 3);
  t.like(violation, { rule: "commit-majority", peers: [0, 1], events: [untrue.handledAt, sent.sentAt] });
  t.regex(
    violation?.message ?? "",
    / The success of peer 1 at 19\.000 ms, to a heartbeat that follows index 1, term 1, is untrue: no leader /,
  );
});

test("a heartbeat's success counts for entries that the follower may hold", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .save()
    .lose("reply-dropped");
  script.replicate(0, 1, { term: 1, log: [1], after: 1 });
  script.appendEntries(0, 2, { term: 1, log: [1], commit: 1 });
  t.is(verdict(script), undefined);
});

test("Figure 8: an entry of an earlier term that a majority holds is not committed by that", (t) => {
  const script = leaderOfFive(4, [2], [1, 2]);
  const sent = script.appendEntries(0, 3, { term: 4, log: [2], commit: 1 });
  t.deepEqual(verdict(script), { rule: "commit-earlier-term", peers: [0], events: [sent.sentAt] });
});

test("Figure 8: an entry of the leader's own term above it commits it", (t) => {
  const script = leaderOfFive(4, [2, 4], [1, 2]);
  script.appendEntries(0, 3, { term: 4, log: [2, 4], commit: 2 });
  t.is(verdict(script), undefined);
});

test("a new leader knows what it heard to be committed as a follower", (t) => {
  const script = leaderOfFive(1, [1, 1], [1, 2]);
  script.replicate(0, 1, { term: 1, log: [1, 1], after: 2, commit: 2 });
  script.elect(1, 2, [1, 1]);
  script.appendEntries(1, 2, { term: 2, log: [1, 1], after: 2, commit: 2 });
  t.is(verdict(script), undefined);
});

test("a new leader does not know what it heard to be committed beyond what that leader sent it", (t) => {
  const script = leaderOfFive(1, [1, 1], [1, 2, 3]);
  script.replicate(0, 1, { term: 1, log: [1, 1], after: 2, commit: 2 });
  script.elect(1, 2, [1, 1]);
  script.replicate(1, 3, { term: 2, log: [1, 1], upTo: 1, commit: 2 });
  script.elect(3, 3, [1, 1]);
  const sent = script.appendEntries(3, 4, { term: 3, log: [1, 1], after: 2, commit: 2 });
  t.deepEqual(verdict(script), { rule: "commit-majority", peers: [3], events: [sent.sentAt] });
});

// --- Leader Completeness (§5.4.3) ---

/** Leader 0 of term 2 has committed its log with peer 1, then crashes; what it had was not saved. */
function committedAndForgotten(log: readonly number[]): { script: TraceScript; told: number } {
  const script = new TraceScript();
  script.elect(0, 2);
  script.replicate(0, 1, { term: 2, log });
  const told = script.appendEntries(0, 1, { term: 2, log, after: log.length, commit: log.length });
  script.restart(0);
  return { script, told: told.sentAt };
}

test("a leader elected with less than what was committed breaks Leader Completeness", (t) => {
  const { script, told } = committedAndForgotten([2, 2]);
  script.vote(2, 0, 3, [2]);
  const sent = script.appendEntries(2, 1, { term: 3, log: [2], after: 1 });
  t.deepEqual(verdict(script), { rule: "leader-completeness", peers: [2, 0], events: [told, sent.sentAt] });
});

test("a leader that has another entry than the committed one breaks Leader Completeness", (t) => {
  const { script, told } = committedAndForgotten([2]);
  script.vote(2, 0, 3, [1, 1]);
  const sent = script.appendEntries(2, 1, { term: 3, log: [1, 1] });
  t.deepEqual(verdict(script), { rule: "leader-completeness", peers: [2, 0], events: [told, sent.sentAt] });
});

test("a leader of an earlier term need not have what was committed after it", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  script.appendEntries(0, 1, { term: 1, log: [1, 1] });
  for (const voter of [2, 3]) script.vote(4, voter, 2);
  for (const follower of [2, 3]) script.replicate(4, follower, { term: 2, log: [2] });
  script.appendEntries(4, 2, { term: 2, log: [2], after: 1, commit: 1 });
  script.appendEntries(0, 1, { term: 1, log: [1, 1] });
  t.is(verdict(script), undefined);
});

test("a later leader that has what was committed may lead", (t) => {
  const { script } = committedAndForgotten([2, 2]);
  script.vote(1, 2, 3, [2, 2]);
  script.appendEntries(1, 2, { term: 3, log: [2, 2], after: 2, commit: 0 });
  script.appendEntries(1, 2, { term: 3, log: [2, 2, 3], after: 1, commit: 0 });
  t.is(verdict(script), undefined);
});
