import type { Command, LogIndex } from "../index.js";

/** One place in the log: a command, and the term of the leader that put it there (Raft §5.3). */
export interface LogEntry {
  readonly term: number;
  readonly command: Command;
}

/** Asks for a vote (Raft Figure 2, RequestVote RPC; §5.2). */
export interface RequestVoteArgs {
  /** The candidate's. */
  readonly term: number;
  readonly candidateId: number;
  /** Of the candidate's last entry; both 0 where the log is empty (§5.4.1). */
  readonly lastLogIndex: LogIndex;
  readonly lastLogTerm: number;
}

export interface RequestVoteReply {
  /** The voter's `currentTerm`: a candidate that is behind learns of it here. */
  readonly term: number;
  readonly voteGranted: boolean;
}

/** Replicates entries; with none it is a heartbeat (Raft Figure 2, AppendEntries RPC; §5.3, §5.2). */
export interface AppendEntriesArgs {
  /** The leader's. */
  readonly term: number;
  readonly leaderId: number;
  /** Of the entry just before `entries`: the follower must hold it, or refuse (§5.3). */
  readonly prevLogIndex: LogIndex;
  readonly prevLogTerm: number;
  readonly entries: readonly LogEntry[];
  /** The leader's `commitIndex`. */
  readonly leaderCommit: LogIndex;
}

/** A refusal in the leader's own term says how far to back up, so that a term costs one RPC (§5.3, end). */
export interface AppendEntriesReply extends Partial<Conflict> {
  /** The follower's `currentTerm`: a leader that is behind learns of it here. */
  readonly term: number;
  /** The follower holds the entry at `prevLogIndex`, and now all of `entries` behind it. */
  readonly success: boolean;
}

/** Where a follower's log parts from the leader's. */
export interface Conflict {
  /** The first index of `conflictTerm`; of a log that is too short, the index after its last. */
  readonly conflictIndex: LogIndex;
  /** The term of the entry that stands at `prevLogIndex`; left out where none does. */
  readonly conflictTerm?: number;
}
