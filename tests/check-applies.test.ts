/** Rules on what peers apply: for each a trace that breaks it, and one that nearly does. */
import test from "ava";
import { check, commandOf, TraceScript, verdict } from "./helpers/trace-script.js";

/** Leader 0 of term 1 has committed its first `length` entries with peer 1, and told it. */
function committed(length: number): { script: TraceScript; told: number; log: readonly number[] } {
  const script = new TraceScript();
  const log: readonly number[] = Array(length).fill(1);
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log });
  const told = script.replicate(0, 1, { term: 1, log, after: length, commit: length });
  return { script, told: told.sentAt, log };
}

const one = commandOf(1, 1);
const two = commandOf(2, 1);
const three = commandOf(3, 1);

test("entries that are applied in order everywhere, and again after a restart, are as they should be", (t) => {
  const { script } = committed(3);
  for (const peer of [0, 1]) for (const index of [1, 2, 3]) script.apply(peer, index, commandOf(index, 1));
  script.restart(1);
  for (const index of [1, 2]) script.apply(1, index, commandOf(index, 1));
  t.is(verdict(script), undefined);
});

test("a peer that skips an entry breaks the order", (t) => {
  const { script } = committed(3);
  const first = script.apply(0, 1, one);
  const skipped = script.apply(0, 3, three);
  t.deepEqual(verdict(script), { rule: "apply-order", peers: [0], events: [first, skipped] });
});

test("a peer that applies an entry twice breaks the order, though the command is the same", (t) => {
  const { script } = committed(2);
  const first = script.apply(0, 1, one);
  const again = script.apply(0, 1, one);
  t.deepEqual(verdict(script), { rule: "apply-order", peers: [0], events: [first, again] });
});

test("a peer begins with the first entry", (t) => {
  const { script } = committed(2);
  const first = script.apply(0, 2, two);
  t.deepEqual(verdict(script), { rule: "apply-order", peers: [0], events: [first] });
});

test("a restarted peer may go on where it stood, but not beyond", (t) => {
  const going = committed(3).script;
  going.apply(1, 1, one);
  going.restart(1);
  going.apply(1, 2, two);
  t.is(verdict(going), undefined);

  const { script } = committed(3);
  script.apply(1, 1, one);
  script.restart(1);
  const beyond = script.apply(1, 3, three);
  t.deepEqual(verdict(script), { rule: "apply-order", peers: [1], events: [beyond] });
});

test("two commands at one index break State Machine Safety", (t) => {
  const { script } = committed(1);
  const right = script.apply(0, 1, one);
  const wrong = script.apply(1, 1, "another");
  t.deepEqual(verdict(script), { rule: "state-machine-safety", peers: [1, 0], events: [right, wrong] });
});

test("a restarted peer that applies another command breaks State Machine Safety", (t) => {
  const { script } = committed(1);
  const right = script.apply(1, 1, one);
  script.restart(1);
  const wrong = script.apply(1, 1, "another");
  t.deepEqual(verdict(script), { rule: "state-machine-safety", peers: [1], events: [right, wrong] });
});

test("the number 5 is not the string 5, and equal objects are one command", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const log = [1, 1];
  const commands = { 1: 5, 2: { key: "k" } };
  script.replicate(0, 1, { term: 1, log, commands });
  script.replicate(0, 1, { term: 1, log, after: 2, commit: 2 });
  script.apply(0, 1, 5);
  script.apply(0, 2, { key: "k" });
  t.is(verdict(script), undefined);
  script.apply(1, 1, "5");
  t.is(verdict(script)?.rule, "state-machine-safety");
});

test("a command that no leader has sent breaks the rule", (t) => {
  const { script } = committed(2);
  script.apply(0, 1, one);
  const unsent = script.apply(0, 2, "another");
  const [sent] = script.records.filter(
    ({ event }) => event.kind === "send" && event.svcMeth.includes("append"),
  );
  t.deepEqual(verdict(script), { rule: "apply-unsent", peers: [0], events: [sent?.seq ?? -1, unsent] });
});

test("a leader that applies before it has sent breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.appendEntries(0, 1, { term: 1 });
  const unsent = script.apply(0, 1, one);
  t.deepEqual(verdict(script), { rule: "apply-unsent", peers: [0], events: [unsent] });
});

test("an entry that was sent in another term as well is one that a leader has sent", (t) => {
  const script = new TraceScript(5);
  script.elect(0, 1);
  script.appendEntries(0, 1, { term: 1, log: [1] });
  for (const voter of [2, 3]) script.vote(4, voter, 2);
  for (const follower of [2, 3]) script.replicate(4, follower, { term: 2, log: [2] });
  script.apply(4, 1, commandOf(1, 2));
  t.is(verdict(script), undefined);
});

test("a raft.ts that wraps its commands is not held to what it sends, and that is said once", (t) => {
  const { script } = committed(2);
  script.apply(0, 1, "unwrapped");
  script.apply(0, 2, "unwrapped, too");
  t.deepEqual(check(script.records, 3), {
    violation: undefined,
    warnings: [
      "The checkers of Raft's rules find another command applied than was sent at its index. That what is " +
        "applied was sent, and is committed, is not checked.",
    ],
  });
  script.apply(0, 4, "what comes in order");
  t.is(check(script.records, 3).violation?.rule, "apply-order", "order counts all the same");
});

// --- No-ops, which the service does not see (§8) ---

/** A command of term 1 is applied by all; leader 1 of term 2 commits a no-op behind it, and sends a second command. */
function behindNoOp(): TraceScript {
  const { script } = committed(1);
  script.replicate(0, 2, { term: 1, log: [1], commit: 1 });
  for (const peer of [0, 1, 2]) script.apply(peer, 1, one);
  script.elect(1, 2, [1]);
  script.replicate(1, 2, { term: 2, log: [1, 2], commands: { 2: "no-op" } });
  script
    .appendEntries(1, 2, { term: 2, log: [1, 2, 2], after: 2, commit: 2 })
    .deliver()
    .save();
  return script;
}

/** The same, when the second command is committed as well. */
function committedBehindNoOp(): TraceScript {
  const script = behindNoOp();
  script.replicate(1, 2, { term: 2, log: [1, 2, 2], after: 2 });
  script.replicate(1, 2, { term: 2, log: [1, 2, 2], after: 3, commit: 3 });
  return script;
}

const second = commandOf(3, 2);
const MOVED =
  "The checkers of Raft's rules find a command that is applied at a lower index than it was sent at, as where " +
  "a leader's no-op does not count. That the two indexes fit is not checked: only that a leader has sent the " +
  "command there or above.";

test("a no-op that the service does not see moves what follows it, and that is said once", (t) => {
  const script = committedBehindNoOp();
  for (const peer of [1, 2]) script.apply(peer, 2, second);
  t.deepEqual(check(script.records, 3), { violation: undefined, warnings: [MOVED] });
});

test("a command that no leader has sent breaks the rule behind a no-op, too", (t) => {
  const script = committedBehindNoOp();
  script.apply(1, 2, second);
  const unsent = script.apply(1, 3, "another");
  const { violation } = check(script.records, 3);
  t.like(violation, { rule: "apply-unsent", peers: [1] });
  t.is(violation?.events.at(-1), unsent);
});

test("a no-op moves commands down only: one that was sent below its index breaks the rule", (t) => {
  const script = committedBehindNoOp();
  script.apply(1, 2, one);
  t.is(verdict(script)?.rule, "apply-unsent");
});

test("a command behind a no-op is not committed before the index that it was sent at", (t) => {
  const leader = behindNoOp();
  const early = leader.apply(1, 2, second);
  t.like(check(leader.records, 3).violation, { rule: "commit-majority", peers: [1], events: [early] });

  const follower = behindNoOp();
  follower.apply(2, 2, second);
  t.is(check(follower.records, 3).violation?.rule, "apply-uncommitted");
});

test("a leader that applies what no majority has acknowledged breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script
    .appendEntries(0, 1, { term: 1, log: [1] })
    .deliver()
    .save()
    .handle({ term: 1, success: true });
  const early = script.apply(0, 1, one);
  t.deepEqual(verdict(script), { rule: "commit-majority", peers: [0], events: [early] });
});

test("Figure 8: a leader that applies an entry of an earlier term by counting breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 2, [1]);
  script.replicate(0, 1, { term: 2, log: [1] });
  const early = script.apply(0, 1, one);
  t.deepEqual(verdict(script), { rule: "commit-earlier-term", peers: [0], events: [early] });
});

test("a leader may apply as soon as a majority's replies have reached it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  script.apply(0, 1, one);
  t.is(verdict(script), undefined);
});

test("a leader that has lost its office may apply what it had counted", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  script.vote(1, 2, 2, [1]);
  script.vote(0, 1, 3, [1]);
  script.appendEntries(0, 1, { term: 3, log: [1], after: 1 });
  script.apply(0, 1, one);
  t.is(verdict(script), undefined);
});

test("a follower that applies what it has not been told to be committed breaks the rule", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  const early = script.apply(1, 1, one);
  t.deepEqual(verdict(script), { rule: "apply-uncommitted", peers: [1], events: [early] });
});

test("a follower that commits beyond what its leader has sent it breaks the rule", (t) => {
  const script = new TraceScript(5);
  const log = [1, 1];
  script.elect(0, 1);
  for (const follower of [1, 2, 3]) script.replicate(0, follower, { term: 1, log });
  script.replicate(0, 1, { term: 1, log, after: 2, commit: 2 });
  script.elect(1, 2, log);
  script.replicate(1, 3, { term: 2, log, upTo: 1, commit: 2 });
  script.apply(3, 1, one);
  const early = script.apply(3, 2, two);
  t.deepEqual(verdict(script), { rule: "apply-uncommitted", peers: [3], events: [early] });
});

test("a follower may hear of the commit in one request, and get the entries in another", (t) => {
  const script = new TraceScript(5);
  const log = [1, 1];
  script.elect(0, 1);
  for (const follower of [1, 2]) script.replicate(0, follower, { term: 1, log });
  script.replicate(0, 3, { term: 1, log, upTo: 1, commit: 2 });
  script.replicate(0, 3, { term: 1, log, after: 1 });
  for (const index of [1, 2]) script.apply(3, index, commandOf(index, 1));
  t.is(verdict(script), undefined);
});

test("a peer that is alone applies what it likes", (t) => {
  const script = new TraceScript(1);
  script.apply(0, 1, "x");
  script.apply(0, 2, "y");
  t.is(verdict(script), undefined);
});
