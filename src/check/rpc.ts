import type { AppendEntries, Reply, RequestVote } from "./messages.js";
import type { Moment } from "./violation.js";

const THE_START: Moment = { seq: 0, atUs: 0 };

/** How an RPC of one peer to another stands. Checkers leave notes on it at one event for a later one. */
abstract class PeerRpc {
  /** The peer that calls. */
  readonly from: number;
  /** The peer whose handler is called. */
  readonly to: number;
  /** Incarnation of `to` when it was sent: no other ever sees it (lab-spec 2.4 step 1). */
  readonly toIncarnation: number;
  readonly sent: Moment;
  delivered: Moment | undefined = undefined;
  handled: Moment | undefined = undefined;
  /** Known from `handled` on; `undefined` if it could not be read. */
  reply: Reply | undefined = undefined;
  hasOutcome = false;
  /** The highest term that `to` had shown when it was delivered: its handler ran in no earlier one. */
  floorAtDelivery = 0;
  /** When it showed that. */
  floorShown: Moment = THE_START;

  constructor(from: number, to: number, toIncarnation: number, sent: Moment) {
    this.from = from;
    this.to = to;
    this.toIncarnation = toIncarnation;
    this.sent = sent;
  }
}

export class VoteRpc extends PeerRpc {
  readonly method = "requestVote";
  readonly args: RequestVote;
  /** The voter's log when it was delivered: at least up to this entry. */
  heldIndex = 0;
  heldTerm = 0;
  /** When the voter had shown that. */
  heldShown: Moment = THE_START;
  /** `HeldLog.cuts` then: if there have been more since, the log may have become shorter. */
  heldCuts = 0;

  constructor(args: RequestVote, from: number, to: number, toIncarnation: number, sent: Moment) {
    super(from, to, toIncarnation, sent);
    this.args = args;
  }
}

export class AppendRpc extends PeerRpc {
  readonly method = "appendEntries";
  readonly args: AppendEntries;
  /** The follower's count of deliveries, this one included, if no other was under way; else 0. */
  aloneAt = 0;
  /** The term that the follower's log then had at `prevLogIndex`, as far as that is known. */
  termAtPrev: number | undefined = undefined;
  /** The follower had acknowledged the entry at `prevLogIndex`, and none behind it, and follows this leader. */
  mustAccept = false;
  /** `seq` of the delivery that brought the newest of its entries to the follower; -1 if none did. */
  newestEntryAt = -1;
  /** Once handled: why its success is untrue, since the follower cannot hold the entry at `prevLogIndex`. */
  untrue: string | undefined = undefined;
  /** Once handled: up to where the follower has acknowledged entries to this leader in this term. */
  acknowledged = 0;

  constructor(args: AppendEntries, from: number, to: number, toIncarnation: number, sent: Moment) {
    super(from, to, toIncarnation, sent);
    this.args = args;
  }
}

/** Another method, or a message that cannot be read. What it does to its receiver is not known. */
export class UnreadRpc extends PeerRpc {
  readonly method = undefined;
}

export type Rpc = VoteRpc | AppendRpc | UnreadRpc;
export type ReadRpc = VoteRpc | AppendRpc;

/** As the paper calls it. */
export function nameOf(rpc: ReadRpc): string {
  return rpc.method === "requestVote" ? "RequestVote" : "AppendEntries";
}
