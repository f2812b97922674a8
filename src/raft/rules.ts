/** The decisions of Raft that need no state of their own: each a table in the tests. */
import type { LogIndex } from "../index.js";
import type { Conflict } from "./messages.js";

/** A log as far as the rules care: the term at each index. */
export interface Terms {
  /** 0 for an empty log. */
  readonly lastIndex: LogIndex;
  /** The term at `index`, 0 to `lastIndex`; that of index 0, before the first entry, is 0. */
  termAt(index: LogIndex): number;
}

/** Votes, or copies of an entry, that decide in a cluster of `peerCount`: more than half (§5.2, §5.3). */
export function majorityOf(peerCount: number): number {
  return Math.floor(peerCount / 2) + 1;
}

/** The election restriction: a voter refuses a candidate whose log is older than its own (§5.4.1). */
export function isUpToDate(
  candidate: { readonly lastLogIndex: LogIndex; readonly lastLogTerm: number },
  voter: Terms,
): boolean {
  const voterTerm = voter.termAt(voter.lastIndex);
  if (candidate.lastLogTerm !== voterTerm) return candidate.lastLogTerm > voterTerm;
  return candidate.lastLogIndex >= voter.lastIndex;
}

export interface LeaderView {
  readonly currentTerm: number;
  readonly commitIndex: LogIndex;
  readonly log: Terms;
  /** One per peer, the leader's own last index included. */
  readonly matchIndex: readonly LogIndex[];
}

/**
 * The highest index that a majority stores, if its entry is of the leader's own term; else `commitIndex`.
 * Entries of earlier terms are never committed by counting copies, only by an own one above them
 * (§5.4.2, Figure 8).
 */
export function advancedCommitIndex(leader: LeaderView): LogIndex {
  const majority = majorityOf(leader.matchIndex.length);
  const beyond = leader.matchIndex.filter((index) => index > leader.commitIndex);
  if (beyond.length < majority) return leader.commitIndex;
  const stored = beyond.sort((a, b) => b - a)[majority - 1] ?? 0;
  return leader.log.termAt(stored) === leader.currentTerm ? stored : leader.commitIndex;
}

/** What a follower answers that does not hold the leader's entry at `prevLogIndex` (§5.3, end). */
export function conflictAt(prevLogIndex: LogIndex, follower: Terms): Conflict {
  if (prevLogIndex > follower.lastIndex) return { conflictIndex: follower.lastIndex + 1 };
  const conflictTerm = follower.termAt(prevLogIndex);
  let conflictIndex = prevLogIndex;
  while (follower.termAt(conflictIndex - 1) === conflictTerm) conflictIndex -= 1;
  return { conflictTerm, conflictIndex };
}

/**
 * Where the leader tries next after a refusal at `prevLogIndex` (§5.3, end): behind its own last entry of
 * the conflicting term; or, if it has none of that term, where the follower's begin. Always lower than
 * before, so the search ends; one lower where the follower does not say.
 */
export function nextIndexAfter(conflict: Partial<Conflict>, prevLogIndex: LogIndex, leader: Terms): LogIndex {
  const { conflictTerm, conflictIndex = prevLogIndex } = conflict;
  let shared = prevLogIndex - 1;
  if (conflictTerm !== undefined) {
    while (leader.termAt(shared) > conflictTerm) shared -= 1;
    if (leader.termAt(shared) === conflictTerm) return shared + 1;
  }
  return Math.min(conflictIndex, prevLogIndex);
}
