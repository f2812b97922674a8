import { nameOf, type ReadRpc } from "./rpc.js";
import { type Moment, type Report, when } from "./violation.js";

/**
 * A peer may make a request and send it a little later: then it can be in a later term already, which harms
 * nobody. No peer takes this long between the two, be its thread ever so short of a core.
 */
const SEND_DELAY_US_MAX = 5_000_000;

/** What is known of one peer's `currentTerm`, through all its incarnations. */
interface PeerTerm {
  /** The highest term that it has shown in a request or a reply: it has been in it. */
  floor: number;
  shown: Moment;
  /** `floor` when its present incarnation booted. */
  bootFloor: number;
  /** Every term of which it has sent a request. */
  readonly sentIn: Set<number>;
}

/** Terms only grow, also across a restart (Raft §5.1; Figure 2, `currentTerm`). */
export class Terms {
  readonly #peers: readonly PeerTerm[];
  readonly #report: Report;

  constructor(peerCount: number, report: Report) {
    this.#report = report;
    this.#peers = Array.from({ length: peerCount }, () => ({
      floor: 0,
      shown: { seq: 0, atUs: 0 },
      bootFloor: 0,
      sentIn: new Set<number>(),
    }));
  }

  /** The highest term that a peer has shown. */
  floor(peer: number): number {
    return this.#of(peer).floor;
  }

  booted(peer: number): void {
    const known = this.#of(peer);
    known.bootFloor = known.floor;
  }

  sent(rpc: ReadRpc): void {
    const { from, sent } = rpc;
    const { term } = rpc.args;
    const known = this.#of(from);
    const isBackInTime = term < known.bootFloor;
    const isBelow = term < known.floor && !known.sentIn.has(term);
    if (isBackInTime || (isBelow && sent.atUs - known.shown.atUs > SEND_DELAY_US_MAX)) {
      const restarted = isBackInTime ? ", after a restart," : "";
      const deed = `sent ${nameOf(rpc)} in term ${term} ${when(sent)}${restarted}`;
      this.#backwards(from, deed, known.floor, known.shown, sent);
    }
    known.sentIn.add(term);
    raise(known, term, sent);
  }

  delivered(rpc: ReadRpc): void {
    const { floor, shown } = this.#of(rpc.to);
    rpc.floorAtDelivery = floor;
    rpc.floorShown = shown;
  }

  /** The handler ran after the delivery, so in no earlier term than was known then. */
  handled(rpc: ReadRpc, isOldIncarnation: boolean, at: Moment): void {
    const { to, args, reply, floorAtDelivery, floorShown } = rpc;
    if (!reply) return;
    const saysTerm = reply.term > 0;
    if (reply.ok && args.term < floorAtDelivery) this.#acceptedStale(rpc, at);
    else if (saysTerm && reply.term < floorAtDelivery) {
      const deed = `replied to ${nameOf(rpc)} with term ${reply.term} ${when(at)}`;
      this.#backwards(to, deed, floorAtDelivery, floorShown, at);
    }
    const known = this.#of(to);
    // A vote and a success are given in the request's term, also where the reply tells the one before.
    const term = reply.ok ? Math.max(reply.term, args.term) : reply.term;
    raise(known, term, at);
    if (isOldIncarnation) known.bootFloor = Math.max(known.bootFloor, term);
  }

  #backwards(peer: number, deed: string, floor: number, shown: Moment, at: Moment): void {
    this.#report({
      rule: "term-backwards",
      section: "Raft §5.1",
      message: `Peer ${peer} ${deed}, but was in term ${floor} ${when(shown)}: a term never goes back.`,
      peers: [peer],
      events: [shown.seq, at.seq],
    });
  }

  #acceptedStale({ method, from, to, args, floorAtDelivery, floorShown }: ReadRpc, at: Moment): void {
    const deed = method === "requestVote" ? "voted for" : "accepted AppendEntries of";
    this.#report({
      rule: "stale-term-accepted",
      section: "Raft §5.1",
      message:
        `Peer ${to} ${deed} peer ${from} in term ${args.term} ${when(at)}, but was in term ` +
        `${floorAtDelivery} ${when(floorShown)}: what comes from an earlier term must be refused.`,
      peers: [to, from],
      events: [floorShown.seq, at.seq],
    });
  }

  #of(peer: number): PeerTerm {
    return this.#peers[peer] as PeerTerm;
  }
}

function raise(known: PeerTerm, term: number, at: Moment): void {
  if (term <= known.floor) return;
  known.floor = term;
  known.shown = at;
}
