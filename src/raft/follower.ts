import type { ClientEnd, LogIndex } from "../index.js";
import type { AppendEntriesArgs } from "./messages.js";

/** What a leader knows of another peer (Figure 2, volatile state on leaders), and what it said to it. */
export interface Follower {
  readonly end: ClientEnd;
  /** Where the next entries for it begin: a guess, lowered by refusals. Above `matchIndex`. */
  nextIndex: LogIndex;
  /** The highest entry known to be stored there. Never falls. */
  matchIndex: LogIndex;
  /** The last AppendEntries sent to it, as long as its fate is open. */
  inFlight: AppendEntriesArgs | undefined;
  /** How far it may commit by what was sent to it. */
  toldCommit: LogIndex;
}

/** A follower as a new leader sees it: in step, until it says otherwise (§5.3). */
export function newFollower(end: ClientEnd, lastLogIndex: LogIndex): Follower {
  return { end, nextIndex: lastLogIndex + 1, matchIndex: 0, inFlight: undefined, toldCommit: 0 };
}
