import type { Elections } from "./elections.js";
import { FirstSeen } from "./first-seen.js";
import { KnownLog } from "./known-log.js";
import { type AppendEntries, type RequestVote, termIn } from "./messages.js";
import type { AppendRpc, VoteRpc } from "./rpc.js";
import type { Terms } from "./terms.js";
import { type Evidence, type Moment, type Report, when } from "./violation.js";

/** What is known of one peer's log, and of the requests that may change it. */
interface HeldLog {
  /** What the log holds, unless a request that has been delivered since took it away lawfully. */
  readonly known: KnownLog;
  /** Up to here it was acknowledged, so saved; the rest the peer has only sent as a leader. */
  savedUpTo: number;
  /** The latest term in which it has accepted AppendEntries, or sent them: any of `known` comes from none later. */
  leaderTerm: number;
  /** When the peer showed the last entry of `known`. */
  shown: Moment;
  /** How often `known` was cut: a bound that was taken before may not hold any more. */
  cuts: number;
  /** Every entry that was ever delivered to it. */
  readonly received: FirstSeen;
  /** The highest term of an AppendEntries that was delivered to it. */
  deliveredTerm: number;
  /** AppendEntries delivered to it so far, and how many of them it has not answered in this incarnation. */
  deliveries: number;
  underWay: number;
  /** `seq` of its last answer to one. */
  answeredAt: number;
}

/**
 * What a follower has acknowledged stays in its log until a newer leader overwrites it: it is there at the
 * next vote (Raft §5.4.1), at the next AppendEntries (§5.3) and after a restart (Figure 2, `log[]`).
 *
 * Handlers may overlap, replies come late, and a request that was delivered may have done its work though no
 * reply is ever seen. So what a delivered request could lawfully remove is at once known no more; and what
 * a success tells counts only if no newer leader's request was delivered meanwhile.
 */
export class HeldLogs {
  readonly #logs: readonly HeldLog[];
  readonly #terms: Terms;
  readonly #elections: Elections;
  readonly #evidence: Evidence;
  readonly #onWarning: (text: string) => void;
  readonly #report: Report;
  #hasLetPass = false;

  /** @param onWarning told of the first success that is untrue and breaks no promise */
  constructor(
    peerCount: number,
    terms: Terms,
    elections: Elections,
    evidence: Evidence,
    onWarning: (text: string) => void,
    report: Report,
  ) {
    this.#logs = Array.from({ length: peerCount }, newHeldLog);
    this.#terms = terms;
    this.#elections = elections;
    this.#evidence = evidence;
    this.#onWarning = onWarning;
    this.#report = report;
  }

  /** What it had not saved is gone. */
  crashed(peer: number): void {
    const held = this.#of(peer);
    held.underWay = 0;
    if (held.savedUpTo < held.known.lastIndex) cut(held, held.savedUpTo);
  }

  /** Something was delivered to it that may have changed its log in any way. */
  forget(peer: number): void {
    const held = this.#of(peer);
    held.cuts += 1;
    held.known.forget();
    held.savedUpTo = 0;
  }

  // --- Votes ---

  /** A candidate's own log holds what it has acknowledged, too. */
  voteSent({ from, args, sent }: VoteRpc): void {
    const held = this.#of(from);
    const { lastIndex, lastTerm } = held.known;
    if (args.term <= held.leaderTerm || isUpToDate(args, lastIndex, lastTerm)) return;
    const deed =
      `asked for votes in term ${args.term} ${when(sent)} with a log that ends at index ` +
      `${args.lastLogIndex}, term ${args.lastLogTerm}`;
    this.#lost([from], deed, held, lastIndex, sent);
  }

  voteDelivered(rpc: VoteRpc): void {
    const { known, shown, cuts } = this.#of(rpc.to);
    rpc.heldIndex = known.lastIndex;
    rpc.heldTerm = known.lastTerm;
    rpc.heldShown = shown;
    rpc.heldCuts = cuts;
  }

  /** The election restriction. */
  voteHandled(rpc: VoteRpc, at: Moment): void {
    const { from, to, args, reply, heldIndex, heldTerm, heldShown } = rpc;
    const mayBeShorter = this.#of(to).cuts !== rpc.heldCuts;
    if (!reply?.ok || mayBeShorter || isUpToDate(args, heldIndex, heldTerm)) return;
    this.#report({
      rule: "vote-up-to-date",
      section: "Raft §5.4.1",
      message:
        `Peer ${to} voted for peer ${from} in term ${args.term} ${when(at)}, whose log ends at index ` +
        `${args.lastLogIndex}, term ${args.lastLogTerm}. Its own is more up-to-date: it holds index ` +
        `${heldIndex}, term ${heldTerm}, as it showed ${when(heldShown)}.`,
      peers: [to, from],
      events: [heldShown.seq, at.seq],
    });
  }

  // --- AppendEntries ---

  /** A leader's own log holds what it sends; but who leads no more may still send what it wrote before. */
  appendSent({ from, args, sent }: AppendRpc): void {
    const held = this.#of(from);
    const mayBeLeader = args.term >= held.deliveredTerm && args.term >= this.#terms.floor(from);
    if (!this.#evidence.isWhole || !mayBeLeader) return;
    const index = held.known.contradictedAt(args);
    if (index !== undefined) {
      const deed =
        `sent AppendEntries in term ${args.term} ${when(sent)} with term ${termIn(args, index)} at index ` +
        `${index}`;
      this.#lost([from], deed, held, index, sent);
    }
    learn(held, args, sent);
  }

  appendDelivered(rpc: AppendRpc, at: Moment): void {
    const { to, args, sent } = rpc;
    const held = this.#of(to);
    held.deliveries += 1;
    rpc.aloneAt = held.underWay === 0 ? held.deliveries : 0;
    held.underWay += 1;
    rpc.newestEntryAt = this.#receive(rpc, held.received, at);

    const { prevLogIndex, prevLogTerm } = args;
    rpc.termAtPrev = held.known.termAt(prevLogIndex);
    const isLast = prevLogIndex > 0 && prevLogIndex === held.known.lastIndex;
    // Before it follows the leader of a term, it may refuse for its role, or on its way into the term.
    const follows = held.leaderTerm >= args.term;
    rpc.mustAccept = isLast && rpc.termAtPrev === prevLogTerm && sent.seq > held.answeredAt && follows;

    if (args.term < rpc.floorAtDelivery) return; // it will be refused
    held.deliveredTerm = Math.max(held.deliveredTerm, args.term);
    const kept = held.known.lastIndexKept(args);
    if (kept < held.known.lastIndex) cut(held, kept);
  }

  appendHandled(rpc: AppendRpc, at: Moment): void {
    const { to, args, reply } = rpc;
    const held = this.#of(to);
    const wasAlone = rpc.aloneAt === held.deliveries;
    held.underWay = Math.max(0, held.underWay - 1);
    held.answeredAt = at.seq;
    if (!reply) return;
    if (reply.ok) this.#accepted(rpc, held, wasAlone, at);
    else if (wasAlone && rpc.mustAccept && reply.term === args.term) {
      const deed =
        `refused AppendEntries of peer ${rpc.from} in term ${args.term} ${when(at)} that follow index ` +
        `${args.prevLogIndex}, term ${args.prevLogTerm}`;
      this.#lost([to, rpc.from], deed, held, args.prevLogIndex, at);
    }
  }

  /**
   * Some answer every heartbeat with a success, and have none counted. So a heartbeat's tells of nothing but the
   * term, and an untrue one breaks no promise until the leader commits by it; it is warned of.
   */
  #accepted(rpc: AppendRpc, held: HeldLog, wasAlone: boolean, at: Moment): void {
    const { args } = rpc;
    const isHeartbeat = args.entries.length === 0;
    rpc.untrue = this.#whyUntrue(rpc, held, wasAlone);
    if (rpc.untrue !== undefined) this.#cannotHold(rpc, rpc.untrue, at);
    if (args.term < held.deliveredTerm) return; // a newer leader may have overwritten it already
    if (isHeartbeat) {
      held.leaderTerm = Math.max(held.leaderTerm, args.term);
      return;
    }
    learn(held, args, at);
    held.savedUpTo = Math.max(held.savedUpTo, args.lastIndex);
  }

  /** Why the follower cannot hold the entry at `prevLogIndex`; `undefined` if it may. */
  #whyUntrue({ to, args, termAtPrev }: AppendRpc, held: HeldLog, wasAlone: boolean): string | undefined {
    const { prevLogIndex, prevLogTerm } = args;
    if (wasAlone && termAtPrev !== undefined && termAtPrev !== prevLogTerm) {
      return `its log has term ${termAtPrev} there, as it showed ${when(held.shown)}`;
    }
    const canHold = !this.#evidence.isWhole || this.#canHold(to, prevLogIndex, prevLogTerm);
    return canHold ? undefined : "no leader ever sent it that entry";
  }

  /** Notes which entries have come. @returns `seq` of the delivery that brought the newest, -1 if none did */
  #receive({ to, args }: AppendRpc, received: FirstSeen, at: Moment): number {
    let newest = -1;
    let index = args.prevLogIndex;
    for (const { term } of args.entries) {
      index += 1;
      const seq = received.add(index, term, at.seq);
      if (seq > newest && !this.#stood(to, term)) newest = seq;
    }
    return newest;
  }

  /** Entries come from a leader, or the peer has made them itself as one. */
  #canHold(peer: number, index: number, term: number): boolean {
    if (index === 0 || this.#of(peer).received.get(index, term) !== undefined) return true;
    return this.#stood(peer, term);
  }

  #stood(peer: number, term: number): boolean {
    return this.#elections.campaign(peer, term) !== undefined;
  }

  #cannotHold({ from, to, args, sent }: AppendRpc, why: string, at: Moment): void {
    const deed =
      `Peer ${to} accepted AppendEntries of peer ${from} in term ${args.term} ${when(at)} that follow ` +
      `index ${args.prevLogIndex}, term ${args.prevLogTerm}, but ${why}`;
    if (args.entries.length === 0) {
      this.#letPass(deed);
      return;
    }
    this.#report({
      rule: "append-consistency",
      section: "Raft §5.3",
      message: `${deed}: it had to refuse.`,
      peers: [to, from],
      events: [sent.seq, at.seq],
    });
  }

  #letPass(deed: string): void {
    if (this.#hasLetPass) return;
    this.#hasLetPass = true;
    this.#onWarning(
      `The checkers of Raft's rules let this pass: ${deed}. By Figure 2 it had to refuse; a heartbeat's ` +
        "success breaks no promise as long as its leader does not count it.",
    );
  }

  #lost(peers: readonly [number, ...number[]], deed: string, held: HeldLog, index: number, at: Moment): void {
    const { known, shown } = held;
    this.#report({
      rule: "acknowledged-lost",
      section: "Raft §5.3, Figure 2",
      message:
        `Peer ${peers[0]} ${deed}, but ${when(shown)} it held term ${known.termAt(index)} at index ${index}, ` +
        "and no newer leader has overwritten that.",
      peers,
      events: [shown.seq, at.seq],
    });
  }

  #of(peer: number): HeldLog {
    return this.#logs[peer] as HeldLog;
  }
}

function newHeldLog(): HeldLog {
  return {
    known: new KnownLog(),
    savedUpTo: 0,
    leaderTerm: 0,
    shown: { seq: 0, atUs: 0 },
    cuts: 0,
    received: new FirstSeen(),
    deliveredTerm: 0,
    deliveries: 0,
    underWay: 0,
    answeredAt: -1,
  };
}

function learn(held: HeldLog, args: AppendEntries, at: Moment): void {
  const { known } = held;
  if (known.contradictedAt(args) !== undefined) held.cuts += 1;
  known.learn(args);
  held.leaderTerm = Math.max(held.leaderTerm, args.term);
  if (known.lastIndex === args.lastIndex) held.shown = at;
}

/** It may have lost what stood behind `lastIndex`. */
function cut(held: HeldLog, lastIndex: number): void {
  held.cuts += 1;
  held.known.cutAfter(lastIndex);
  held.savedUpTo = Math.min(held.savedUpTo, held.known.lastIndex);
}

/** Whether the candidate's log is as up-to-date as one that ends, or goes on, at this entry (§5.4.1). */
function isUpToDate(candidate: RequestVote, lastIndex: number, lastTerm: number): boolean {
  if (candidate.lastLogTerm !== lastTerm) return candidate.lastLogTerm > lastTerm;
  return candidate.lastLogIndex >= lastIndex;
}
