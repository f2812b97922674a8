/** What the checkers can read of a raft.ts, and how they keep out where they cannot. */
import test from "ava";
import type { ApplyMsg } from "../src/peer/raft-peer.js";
import { appendArgs, check, type Findings, TraceScript } from "./helpers/trace-script.js";

const NAMES = "Rules that need it are not checked. Names are those of the paper's Figure 2, in camelCase.";

function findings({ records, peerCount }: TraceScript): Findings {
  return check(records, peerCount);
}

test("methods and fields are read in Go's spelling, too", (t) => {
  const script = new TraceScript();
  for (const candidate of [0, 1]) {
    const args = { Term: 1, CandidateId: candidate, LastLogIndex: 0, LastLogTerm: 0 };
    script
      .call(candidate, 2, "Raft.RequestVote", args)
      .deliver()
      .save()
      .handle({ Term: 1, VoteGranted: true });
  }
  t.is(findings(script).violation?.rule, "vote-once");

  const appends = new TraceScript();
  const entry = { Term: 1, Command: "x" };
  for (const leader of [0, 1]) {
    const args = { Term: 1, PrevLogIndex: 0, PrevLogTerm: 0, Entries: [entry], LeaderCommit: 0 };
    appends.call(leader, 2, "Raft.AppendEntries", args).deliver().save().handle({ Term: 1, Success: true });
  }
  t.is(findings(appends).violation?.rule, "election-majority");
  t.deepEqual(findings(appends).warnings, []);
});

test("fields under other names are named once, and nothing is made of what is missing", (t) => {
  const script = new TraceScript();
  for (const candidate of [0, 1]) {
    script.call(candidate, 2, "Raft.requestVote", { term: 1, id: candidate, lastIndex: 0 }).deliver();
    script.appendEntries(candidate, 2, { term: 1 + candidate, log: [1], commit: 1 });
  }
  t.deepEqual(findings(script), {
    violation: undefined,
    warnings: [
      `The checkers of Raft's rules miss "lastLogIndex", "lastLogTerm" in the arguments of Raft.requestVote. ${NAMES}`,
    ],
  });
});

test("replies under other names are named once", (t) => {
  const script = new TraceScript();
  for (const candidate of [0, 1]) {
    script.requestVote(candidate, 2, 1).deliver().handle({ term: 1, granted: true }).answer();
    script
      .appendEntries(candidate, 2, { term: 1 + candidate })
      .deliver()
      .handle(null)
      .answer();
  }
  t.deepEqual(findings(script), {
    violation: undefined,
    warnings: [
      `The checkers of Raft's rules miss "voteGranted" in the reply of Raft.requestVote. ${NAMES}`,
      `The checkers of Raft's rules miss "term", "success" in the reply of Raft.appendEntries. ${NAMES}`,
    ],
  });
});

test("other methods are named once each, at most eight, and what they do is not known", (t) => {
  const script = new TraceScript();
  for (let i = 0; i < 20; i += 1) script.call(0, 1, `Raft.method${i % 10}`, { term: 1 }).deliver();
  script.appendEntries(0, 1, { term: 1, log: [1], commit: 1 });
  const { violation, warnings } = findings(script);
  t.is(violation, undefined);
  t.is(warnings.length, 8);
  t.is(
    warnings[0],
    `The checkers of Raft's rules cannot read Raft.method0: they know Raft.requestVote and Raft.appendEntries. ${NAMES}`,
  );
});

test("what another method did to a log is not known: an older acknowledgement binds no more", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  script.call(0, 1, "Raft.installSnapshot", { term: 1 }).deliver();
  script.vote(2, 1, 2, []);
  t.is(findings(script).violation, undefined);
  script.vote(0, 1, 2, [1, 1]);
  t.is(findings(script).violation?.rule, "vote-once", "what was seen proves what it proves");
});

/** Two candidates ask peer 2 in one term, with a flag, and it says yes to both. */
function askedWith(flag: Readonly<Record<string, unknown>>): TraceScript {
  const script = new TraceScript();
  for (const candidate of [0, 1]) {
    const args = { term: 1, candidateId: candidate, lastLogIndex: 0, lastLogTerm: 0, ...flag };
    const inquiry = script.call(candidate, 2, "Raft.requestVote", args).deliver();
    inquiry.handle({ term: 0, voteGranted: true }).answer();
  }
  return script;
}

for (const flag of ["preVote", "prevote", "PreVote", "isPreVote", "IsPrevote", "pre_vote", "is_pre_vote"]) {
  test(`an inquiry before an election, told by ${flag}, promises nothing`, (t) => {
    t.deepEqual(findings(askedWith({ [flag]: true })), { violation: undefined, warnings: [] });
    t.is(findings(askedWith({ [flag]: false })).violation?.rule, "vote-once");
  });
}

test("a request for a vote with a flag that is not known is none; that is said once", (t) => {
  const script = askedWith({ dryRun: true });
  t.deepEqual(findings(script), {
    violation: undefined,
    warnings: [
      'The checkers of Raft\'s rules do not know "dryRun" in the arguments of Raft.requestVote, and so whether ' +
        `that asks for a vote; they know "preVote". ${NAMES}`,
    ],
  });
  script.appendEntries(0, 2, { term: 1 });
  t.is(findings(script).violation, undefined, "it may have been elected");
  script.appendEntries(1, 2, { term: 1 });
  t.is(findings(script).violation?.rule, "election-safety", "what was seen proves what it proves");
  t.is(findings(askedWith({ dryRun: false })).violation?.rule, "vote-once");
});

test("a heartbeat may leave its entries out", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  for (const entries of [undefined, null]) {
    const heartbeat = { term: 1, leaderId: 0, prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0, entries };
    script.call(0, 1, "Raft.appendEntries", heartbeat).deliver().handle({ term: 1, success: true }).answer();
  }
  t.deepEqual(findings(script), { violation: undefined, warnings: [] });
});

test("entries under another name are missed, not taken for a heartbeat", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const { entries, ...rest } = appendArgs(0, { term: 1, log: [1], commit: 1 });
  script.call(0, 1, "Raft.appendEntries", { ...rest, log: entries });
  t.deepEqual(findings(script), {
    violation: undefined,
    warnings: [
      `The checkers of Raft's rules miss "entries[].term" in the arguments of Raft.appendEntries. ${NAMES}`,
    ],
  });
});

test("commands under another name are missed; the rest of the entries counts", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const args = { term: 1, leaderId: 0, prevLogIndex: 0, prevLogTerm: 0, leaderCommit: 0 };
  for (const cmd of ["one", "two"]) {
    script
      .call(0, 1, "Raft.appendEntries", { ...args, entries: [{ term: 1, cmd }] })
      .deliver()
      .save();
  }
  t.deepEqual(findings(script), {
    violation: undefined,
    warnings: [`The checkers of Raft's rules miss "command" in the entries of Raft.appendEntries. ${NAMES}`],
  });
  script.appendEntries(2, 1, { term: 1 });
  t.is(findings(script).violation?.rule, "election-safety");
});

// --- Logs that count from 0 ---

/** The messages of a raft.ts whose log counts from 0, where -1 is "no entry". */
class CountingFromZero extends TraceScript {
  override call(from: number | undefined, to: number, svcMeth: string, args: unknown) {
    const fields = args as Record<string, number>;
    const counted = ["lastLogIndex", "prevLogIndex", "leaderCommit"].filter((name) => name in fields);
    const shifted = counted.map((name) => [name, (fields[name] ?? 0) - 1]);
    return super.call(from, to, svcMeth, { ...fields, ...Object.fromEntries(shifted) });
  }
}

test("indexes of a log that counts from 0 are understood", (t) => {
  const script = new CountingFromZero();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  script.replicate(0, 1, { term: 1, log: [1, 1], after: 2, commit: 2 });
  for (const peer of [0, 1]) for (const index of [1, 2]) script.apply(peer, index, `${index} of term 1`);
  t.deepEqual(findings(script), { violation: undefined, warnings: [] });
  const early = script.apply(0, 3, "3 of term 1");
  t.deepEqual(findings(script).violation?.events, [early]);
  t.is(findings(script).violation?.rule, "apply-unsent");
});

const MIXED = `The checkers of Raft's rules find indexes that count from 1 and others that count from 0. ${NAMES}`;

test("where lastLogIndex counts from 1 and prevLogIndex from 0, nothing more is read", (t) => {
  const script = new TraceScript();
  script.requestVote(0, 1, 1).deliver();
  script.call(0, 1, "Raft.appendEntries", { ...appendArgs(0, { term: 1 }), prevLogIndex: -1 });
  script.appendEntries(2, 1, { term: 1 });
  t.deepEqual(findings(script), { violation: undefined, warnings: [MIXED] });
});

for (const noTerm of [0, -1]) {
  test(`where lastLogIndex counts from 0 and prevLogIndex from 1, of term ${noTerm}, nothing more is read`, (t) => {
    const script = new TraceScript();
    const request = { term: 1, candidateId: 0, lastLogIndex: -1, lastLogTerm: noTerm };
    const granted = { term: 1, voteGranted: true };
    script.call(0, 1, "Raft.requestVote", request).deliver().save().handle(granted).answer();
    const args = { ...appendArgs(0, { term: 1, log: [1] }), prevLogTerm: noTerm };
    for (const to of [1, 2]) script.call(0, to, "Raft.appendEntries", args).deliver().save();
    script.appendEntries(2, 1, { term: 1 });
    t.deepEqual(findings(script), { violation: undefined, warnings: [MIXED] });
  });
}

test("a log that counts from 0 may show its first entry first", (t) => {
  const script = new CountingFromZero();
  script.elect(0, 1);
  script.appendEntries(0, 1, { term: 1, log: [1, 1], after: 1 });
  t.deepEqual(findings(script), { violation: undefined, warnings: [] });
  script.appendEntries(2, 1, { term: 1 });
  t.is(findings(script).violation?.rule, "election-safety");
});

// --- Traces that are not whole ---

test("in a trace that has lost its beginning only what is there proves something", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1] });
  const lostAt = script.records.length;
  script.appendEntries(0, 1, { term: 1, log: [1], after: 1, commit: 1 });
  script
    .appendEntries(0, 2, { term: 1, log: [1, 1], after: 1 })
    .deliver()
    .handle({ term: 1, success: true });
  script.requestVote(1, 2, 2, [1, 1]).deliver().handle({ term: 2, voteGranted: true });
  script.apply(1, 7, "x");
  t.is(check(script.records.slice(lostAt), 3).violation, undefined);
  script.vote(0, 2, 2, [1, 1]);
  t.is(check(script.records.slice(lostAt), 3).violation?.rule, "vote-once");
});

test("after a gap nothing is made of what may be in it", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const votes = script.records.filter(({ event }) => event.kind === "outcome");
  script.appendEntries(0, 1, { term: 1, log: [1], commit: 1 });
  t.is(check(script.records, 3).violation?.rule, "commit-majority");
  const withGap = script.records.filter((record) => !votes.includes(record));
  t.is(check(withGap, 3).violation, undefined);
});

test("in a gap a peer may have applied, restarted, or lost its log to a newer leader", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  script.replicate(0, 1, { term: 1, log: [1, 1] });
  script.replicate(0, 1, { term: 1, log: [1, 1], after: 2, commit: 2 });
  script.apply(1, 1, "1 of term 1");
  const gapAt = script.records.length;
  script.add({ kind: "step", text: "lost" });
  const late = script.appendEntries(2, 1, { term: 3, log: [] });
  const [sent] = script.records.slice(-1);
  script.apply(1, 1, "1 of term 1");
  script.requestVote(2, 1, 4, []).deliver().handle({ term: 4, voteGranted: true });
  late.deliver();
  t.is(check(script.records, 3).violation?.rule, "election-majority");
  const lost = (seq: number) => seq === gapAt || seq === sent?.seq;
  t.is(
    check(
      script.records.filter(({ seq }) => !lost(seq)),
      3,
    ).violation,
    undefined,
  );
});

const NO_COMMAND: ApplyMsg = { commandValid: false, command: 1, commandIndex: 9 };

test("an apply message that is no command, or has no index, is passed over", (t) => {
  const script = new TraceScript();
  for (const message of [NO_COMMAND, { ...NO_COMMAND, commandValid: true, commandIndex: 0.5 }]) {
    script.add({ kind: "apply", peer: 0, index: 1, message });
  }
  t.deepEqual(findings(script), { violation: undefined, warnings: [] });
});

test("a snapshot moves what is applied next", (t) => {
  const script = new TraceScript();
  script.elect(0, 1);
  const log = [1, 1, 1];
  script.replicate(0, 1, { term: 1, log });
  script.replicate(0, 1, { term: 1, log, after: 3, commit: 3 });
  const message = { ...NO_COMMAND, snapshotValid: true, snapshotIndex: 2 };
  script.add({ kind: "apply", peer: 1, index: 2, message });
  script.apply(1, 3, "3 of term 1");
  t.is(findings(script).violation, undefined);
});
