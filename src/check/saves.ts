import type { Leadership } from "./elections.js";
import type { AppendRpc, ReadRpc, VoteRpc } from "./rpc.js";
import { type Evidence, type Moment, type Report, when } from "./violation.js";

/** What one peer has saved, and since when it may have had something to save. */
interface PeerSaves {
  /** `seq` of its last save; -1 before the first. */
  last: number;
  /** The term of its last reply, and `seq` of the delivery that it replied to: its term was no higher then. */
  lastTerm: number;
  inLastTermAt: number;
  /** By term and candidate: when it was first asked for that vote. */
  readonly asked: Map<number, Moment>;
}

/**
 * Before a peer answers, it saves what it promises (Raft Figure 2, persistent state: "updated on stable storage
 * before responding to RPCs"). A save comes before the reply on the peer's link, so here too. Any save since
 * the peer first heard of what it now promises is taken for the one: it may have come with an earlier request.
 *
 * A raft.ts that never saves is one that has not come to part 3C: it is left alone.
 */
export class Saves {
  readonly #peerCount: number;
  readonly #peers: readonly PeerSaves[];
  readonly #evidence: Evidence;
  readonly #report: Report;
  #anySave = false;

  constructor(peerCount: number, evidence: Evidence, report: Report) {
    this.#peerCount = peerCount;
    this.#evidence = evidence;
    this.#report = report;
    this.#peers = Array.from({ length: peerCount }, () => ({
      last: -1,
      lastTerm: 0,
      inLastTermAt: 0,
      asked: new Map<number, Moment>(),
    }));
  }

  saved(peer: number, at: Moment): void {
    this.#anySave = true;
    this.#of(peer).last = at.seq;
  }

  voteDelivered({ from, to, args }: VoteRpc, at: Moment): void {
    const { asked } = this.#of(to);
    const key = this.#key(args.term, from);
    if (!asked.has(key)) asked.set(key, at);
  }

  voteHandled(rpc: VoteRpc, at: Moment): void {
    const { from, to, args, reply } = rpc;
    if (reply?.ok && from !== to) {
      const { asked, last } = this.#of(to);
      const since = asked.get(this.#key(args.term, from));
      if (since && last < since.seq) this.#unsavedVote(rpc, since.seq, at);
    }
    this.#noteTerm(rpc);
  }

  appendHandled(rpc: AppendRpc, at: Moment): void {
    const { from, to, args, reply, newestEntryAt } = rpc;
    if (reply?.ok && from !== to) {
      const { last, lastTerm, inLastTermAt } = this.#of(to);
      if (newestEntryAt > last) this.#unsavedEntries(rpc, newestEntryAt, at);
      // It may have come to the term by itself, and saved that: only if it was seen in an earlier one since
      // its last save, the term is not saved.
      else if (lastTerm < args.term && inLastTermAt > last) this.#unsavedTerm(rpc, inLastTermAt, at);
    }
    this.#noteTerm(rpc);
  }

  /**
   * A leader commits an entry of its own term, and itself is one of the majority that must hold it for good.
   * The entry is younger than the candidacy, and so is the save that has it.
   */
  counted({ peer, term, campaign }: Leadership, index: number, at: Moment): void {
    if (!campaign || this.#of(peer).last > campaign.since.seq) return;
    const deed = `counted itself as holding index ${index} as leader of term ${term} ${when(at)}`;
    this.#unsaved("unsaved-commit", [peer], deed, "it stood for election", campaign.since.seq, at);
  }

  #noteTerm({ to, reply, delivered }: ReadRpc): void {
    if (!reply || reply.term <= 0 || !delivered) return;
    const peer = this.#of(to);
    peer.lastTerm = reply.term;
    peer.inLastTermAt = delivered.seq;
  }

  #unsavedVote({ from, to, args }: VoteRpc, since: number, at: Moment): void {
    const deed = `voted for peer ${from} in term ${args.term} ${when(at)}`;
    this.#unsaved("unsaved-vote", [to, from], deed, "it was first asked for that", since, at);
  }

  #unsavedEntries({ from, to, args }: AppendRpc, since: number, at: Moment): void {
    const deed = `acknowledged entries up to index ${args.lastIndex} to peer ${from} ${when(at)}`;
    this.#unsaved("unsaved-append", [to, from], deed, "they came to it", since, at);
  }

  #unsavedTerm({ from, to, args }: AppendRpc, since: number, at: Moment): void {
    const deed = `followed peer ${from} into term ${args.term} ${when(at)}`;
    this.#unsaved("unsaved-term", [to, from], deed, `it was in term ${this.#of(to).lastTerm}`, since, at);
  }

  /**
   * @param peers the one that has not saved first
   * @param sinceText what was at `since`, from when on it had something to save
   */
  #unsaved(
    rule: string,
    peers: readonly number[],
    deed: string,
    sinceText: string,
    since: number,
    at: Moment,
  ): void {
    if (!this.#anySave || !this.#evidence.isWhole) return;
    this.#report({
      rule,
      section: "Raft Figure 2 (persistent state)",
      message:
        `Peer ${peers[0]} ${deed}, but has saved nothing since ${sinceText}: a crash would make it forget ` +
        "what it has promised.",
      peers,
      events: [since, at.seq],
    });
  }

  #key(term: number, candidate: number): number {
    return term * this.#peerCount + candidate;
  }

  #of(peer: number): PeerSaves {
    return this.#peers[peer] as PeerSaves;
  }
}
