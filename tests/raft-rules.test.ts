import test from "ava";
import {
  advancedCommitIndex,
  conflictAt,
  isUpToDate,
  majorityOf,
  nextIndexAfter,
} from "../src/raft/rules.js";

/** A log by the terms of its entries: `log(1, 1, 4)` has term 4 at index 3. */
function log(...terms: number[]) {
  return { lastIndex: terms.length, termAt: (index: number) => [0, ...terms][index] ?? Number.NaN };
}

for (const [peerCount, majority] of [
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [5, 3],
  [7, 4],
] as const) {
  test(`§5.2 of ${peerCount} peers ${majority} are a majority`, (t) => t.is(majorityOf(peerCount), majority));
}

for (const { name, candidate, voter, granted } of [
  { name: "two empty logs are equal", candidate: log(), voter: log(), granted: true },
  { name: "any entry beats none", candidate: log(1), voter: log(), granted: true },
  { name: "none does not beat an entry", candidate: log(), voter: log(1), granted: false },
  { name: "a later term beats a longer log", candidate: log(2), voter: log(1, 1, 1), granted: true },
  { name: "a longer log of an earlier term loses", candidate: log(1, 1, 1), voter: log(2), granted: false },
  { name: "same last term, shorter log", candidate: log(1, 2), voter: log(1, 2, 2), granted: false },
  { name: "same last term, same length", candidate: log(1, 2), voter: log(1, 2), granted: true },
  { name: "same last term, longer log", candidate: log(1, 2, 2), voter: log(2, 2), granted: true },
  { name: "only the last term counts", candidate: log(1, 1, 5), voter: log(4, 4, 4, 4), granted: true },
]) {
  test(`§5.4.1 vote: ${name}`, (t) => {
    const { lastIndex } = candidate;
    const args = { lastLogIndex: lastIndex, lastLogTerm: candidate.termAt(lastIndex) };
    t.is(isUpToDate(args, voter), granted);
  });
}

for (const { name, terms, matchIndex, currentTerm, commitIndex, advanced } of [
  {
    name: "nothing is stored",
    terms: [],
    matchIndex: [0, 0, 0],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 0,
  },
  {
    name: "one copy of three",
    terms: [1],
    matchIndex: [1, 0, 0],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 0,
  },
  {
    name: "two copies of three",
    terms: [1],
    matchIndex: [1, 0, 1],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 1,
  },
  {
    name: "half of four is not enough",
    terms: [1],
    matchIndex: [1, 1, 0, 0],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 0,
  },
  {
    name: "three of four",
    terms: [1],
    matchIndex: [1, 1, 1, 0],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 1,
  },
  {
    name: "the leader alone in its cluster",
    terms: [1, 1],
    matchIndex: [2],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 2,
  },
  {
    name: "the middle of five",
    terms: [1, 1, 1, 1, 1],
    matchIndex: [5, 4, 3, 2, 1],
    currentTerm: 1,
    commitIndex: 0,
    advanced: 3,
  },
  {
    name: "indexes order as numbers, 10 above 9",
    terms: Array(10).fill(1),
    matchIndex: [10, 10, 9],
    currentTerm: 1,
    commitIndex: 9,
    advanced: 10,
  },
  {
    name: "never back",
    terms: [1, 1, 1],
    matchIndex: [3, 0, 0],
    currentTerm: 1,
    commitIndex: 2,
    advanced: 2,
  },
  {
    name: "Figure 8 (c): term 2 on a majority under term 4",
    terms: [1, 2, 4],
    matchIndex: [3, 2, 2, 1, 1],
    currentTerm: 4,
    commitIndex: 1,
    advanced: 1,
  },
  {
    name: "Figure 8 (e): an own entry above commits it",
    terms: [1, 2, 4],
    matchIndex: [3, 3, 3, 1, 1],
    currentTerm: 4,
    commitIndex: 1,
    advanced: 3,
  },
  {
    name: "an own entry on a minority only",
    terms: [1, 2, 4],
    matchIndex: [3, 3, 2, 2, 1],
    currentTerm: 4,
    commitIndex: 1,
    advanced: 1,
  },
]) {
  test(`§5.4.2 commit: ${name}`, (t) => {
    t.is(advancedCommitIndex({ currentTerm, commitIndex, matchIndex, log: log(...terms) }), advanced);
  });
}

for (const { name, follower, prevLogIndex, conflict } of [
  { name: "an empty log", follower: log(), prevLogIndex: 5, conflict: { conflictIndex: 1 } },
  { name: "a log too short by one", follower: log(1, 1), prevLogIndex: 3, conflict: { conflictIndex: 3 } },
  { name: "a log far too short", follower: log(1, 1), prevLogIndex: 90, conflict: { conflictIndex: 3 } },
  {
    name: "the whole term stands in the way",
    follower: log(1, 4, 4, 4),
    prevLogIndex: 3,
    conflict: { conflictTerm: 4, conflictIndex: 2 },
  },
  {
    name: "a term from the very start",
    follower: log(2, 2, 2),
    prevLogIndex: 3,
    conflict: { conflictTerm: 2, conflictIndex: 1 },
  },
  {
    name: "a term of one entry",
    follower: log(1, 2, 3),
    prevLogIndex: 2,
    conflict: { conflictTerm: 2, conflictIndex: 2 },
  },
]) {
  test(`§5.3 refusal: ${name}`, (t) => t.deepEqual(conflictAt(prevLogIndex, follower), conflict));
}

for (const { name, leader, prevLogIndex, conflict, next } of [
  {
    name: "behind the end of a short log",
    leader: log(1, 1, 1, 1),
    prevLogIndex: 4,
    conflict: { conflictIndex: 2 },
    next: 2,
  },
  {
    name: "before a term that the leader has not",
    leader: log(4, 6, 6, 6),
    prevLogIndex: 4,
    conflict: { conflictTerm: 5, conflictIndex: 2 },
    next: 2,
  },
  {
    name: "behind the leader's last entry of the term",
    leader: log(4, 4, 4, 6, 6),
    prevLogIndex: 5,
    conflict: { conflictTerm: 4, conflictIndex: 1 },
    next: 4,
  },
  {
    name: "a term later than all of the leader's",
    leader: log(1, 1, 1),
    prevLogIndex: 3,
    conflict: { conflictTerm: 2, conflictIndex: 2 },
    next: 2,
  },
  {
    name: "a term earlier than all of the leader's",
    leader: log(3, 3, 3),
    prevLogIndex: 3,
    conflict: { conflictTerm: 2, conflictIndex: 1 },
    next: 1,
  },
  {
    name: "one back, from a follower that gives no hint",
    leader: log(1, 1, 1),
    prevLogIndex: 3,
    conflict: {},
    next: 3,
  },
  {
    name: "down to the first entry",
    leader: log(1),
    prevLogIndex: 1,
    conflict: { conflictIndex: 1 },
    next: 1,
  },
  {
    name: "never up, whatever the follower says",
    leader: log(1, 1, 1),
    prevLogIndex: 2,
    conflict: { conflictIndex: 9 },
    next: 2,
  },
]) {
  test(`§5.3 back up: ${name}`, (t) => t.is(nextIndexAfter(conflict, prevLogIndex, leader), next));
}
