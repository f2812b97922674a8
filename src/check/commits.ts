import type { Elections, Leadership } from "./elections.js";
import type { LeaderLogs } from "./leader-logs.js";
import type { AppendRpc } from "./rpc.js";
import type { Saves } from "./saves.js";
import { type Evidence, type Moment, type Report, when } from "./violation.js";

/** How far one peer may hold its log to be committed: never less than it can know itself. */
interface PeerCommit {
  /** By all that it has heard and counted so far. */
  upTo: number;
  /** The latest term of a leader that it has heard. */
  heardTerm: number;
  /** How far that leader has sent it entries. */
  heardIndex: number;
  /** The highest `leaderCommit` that it has heard from it. */
  heardCommit: number;
  /** Its latest time in office. */
  leadership: Leadership | undefined;
}

/**
 * An entry is committed once a leader knows that a majority holds it, and an entry of the leader's own term
 * at or above it (Raft §5.3, §5.4.2). What a leader knows are the replies that have reached it.
 */
export class Commits {
  readonly #peerCount: number;
  readonly #peers: readonly PeerCommit[];
  readonly #elections: Elections;
  readonly #leaderLogs: LeaderLogs;
  readonly #saves: Saves;
  readonly #evidence: Evidence;
  readonly #report: Report;

  constructor(
    peerCount: number,
    elections: Elections,
    leaderLogs: LeaderLogs,
    saves: Saves,
    evidence: Evidence,
    report: Report,
  ) {
    this.#peerCount = peerCount;
    this.#elections = elections;
    this.#leaderLogs = leaderLogs;
    this.#saves = saves;
    this.#evidence = evidence;
    this.#report = report;
    this.#peers = Array.from({ length: peerCount }, () => ({
      upTo: 0,
      heardTerm: 0,
      heardIndex: 0,
      heardCommit: 0,
      leadership: undefined,
    }));
  }

  appendSent({ from, args: { leaderCommit }, sent }: AppendRpc, leader: Leadership): void {
    const peer = this.#of(from);
    if (peer.leadership !== leader) {
      this.#count(peer); // what it counted as leader of an earlier term stays committed
      peer.leadership = leader;
    }
    if (!this.#evidence.isWhole || leaderCommit === 0) return;
    if (leaderCommit > peer.upTo) this.#countUpTo(leaderCommit, peer, sent);
    if (leaderCommit > peer.upTo)
      this.#tooFar(leader, leaderCommit, `sent leaderCommit ${leaderCommit}`, sent);
    else this.#leaderLogs.committed(leaderCommit, leader, sent);
  }

  /** A follower commits what its leader has, as far as that leader has sent it entries (Figure 2). */
  appendDelivered({ to, args }: AppendRpc): void {
    const peer = this.#of(to);
    let { lastIndex, leaderCommit } = args;
    if (args.term > peer.heardTerm) peer.heardTerm = args.term;
    else if (args.term === peer.heardTerm) {
      lastIndex = Math.max(lastIndex, peer.heardIndex);
      leaderCommit = Math.max(leaderCommit, peer.heardCommit);
    }
    if (args.term === peer.heardTerm) {
      peer.heardIndex = lastIndex;
      peer.heardCommit = leaderCommit;
    }
    peer.upTo = Math.max(peer.upTo, Math.min(lastIndex, leaderCommit));
  }

  appendHandled(rpc: AppendRpc): void {
    const acknowledged = this.#elections.leaderOf(rpc.args.term)?.acknowledged;
    if (!rpc.reply?.ok || !acknowledged) return;
    const upTo = rpc.untrue === undefined ? rpc.args.lastIndex : 0;
    rpc.acknowledged = Math.max(acknowledged[rpc.to] ?? 0, upTo);
    acknowledged[rpc.to] = rpc.acknowledged;
  }

  /** The reply has reached the leader. */
  appendAnswered(rpc: AppendRpc): void {
    const { from, to, args, acknowledged } = rpc;
    const leader = this.#elections.leaderOf(args.term);
    if (!leader || from === to) return;
    if (rpc.untrue !== undefined) leader.untrue = rpc;
    leader.matchIndex[to] = Math.max(leader.matchIndex[to] ?? 0, acknowledged);
  }

  /** A peer applies only what it can know to be committed. */
  applied(peer: number, index: number, at: Moment): void {
    const known = this.#of(peer);
    if (index > known.upTo) this.#countUpTo(index, known, at);
    if (index <= known.upTo || !this.#evidence.isWhole) return;
    const { leadership, heardTerm, upTo } = known;
    if (leadership && leadership.term > heardTerm) {
      this.#tooFar(leadership, index, `applied index ${index}`, at);
      return;
    }
    this.#report({
      rule: "apply-uncommitted",
      section: "Raft §5.3, Figure 2",
      message:
        `Peer ${peer} applied index ${index} ${when(at)}, but by what leaders had sent it, it could know the ` +
        `log to be committed up to index ${upTo} at most.`,
      peers: [peer],
      events: [at.seq],
    });
  }

  /** It says that the log is committed up to `index`, and may know it by counting. */
  #countUpTo(index: number, peer: PeerCommit, at: Moment): void {
    const { leadership } = peer;
    this.#count(peer);
    if (!leadership || index > peer.upTo) return;
    const heldByOthers = this.#heldBy(Math.floor(this.#peerCount / 2) + 1, leadership);
    const isOwnCopyNeeded = heldByOthers < index || leadership.log[heldByOthers] !== leadership.term;
    if (isOwnCopyNeeded) this.#saves.counted(leadership, index, at);
  }

  /** Takes in what it can count as a leader. */
  #count(peer: PeerCommit): void {
    const { leadership } = peer;
    if (!leadership) return;
    const held = this.#heldByMajority(leadership);
    if (leadership.log[held] === leadership.term) peer.upTo = Math.max(peer.upTo, held);
  }

  /** The highest index that a majority holds, as far as the leader knows; itself it holds all. */
  #heldByMajority(leader: Leadership): number {
    return this.#heldBy(Math.floor(this.#peerCount / 2), leader);
  }

  /** The highest index that so many others hold, as far as the leader knows. */
  #heldBy(others: number, { matchIndex }: Leadership): number {
    return [...matchIndex].sort((a, b) => b - a)[others - 1] ?? 0;
  }

  #tooFar(leader: Leadership, index: number, deed: string, at: Moment): void {
    const { peer, term, log } = leader;
    const held = this.#heldByMajority(leader);
    const isHeld = index <= held;
    const why = isHeld
      ? `a majority holds no entry of term ${term} at or above that (up to ${held}, of term ${log[held]}), ` +
        "and entries of earlier terms can still be overwritten"
      : `all replies that have reached it show a majority only for index ${held}`;
    const untrue = isHeld ? undefined : untrueFor(index, leader);
    this.#report({
      rule: isHeld ? "commit-earlier-term" : "commit-majority",
      section: isHeld ? "Raft §5.4.2, Figure 8" : "Raft §5.3",
      message: `Peer ${peer}, leader of term ${term}, ${deed} ${when(at)}, but ${why}.${untrue?.text ?? ""}`,
      peers: untrue ? [peer, untrue.peer] : [peer],
      events: untrue ? [untrue.seq, at.seq] : [at.seq],
    });
  }

  #of(peer: number): PeerCommit {
    return this.#peers[peer] as PeerCommit;
  }
}

/** An untrue success by which the leader may have counted the follower as one that holds `index`. */
function untrueFor(
  index: number,
  { untrue }: Leadership,
): { readonly text: string; readonly peer: number; readonly seq: number } | undefined {
  if (!untrue?.handled || untrue.args.lastIndex < index) return undefined;
  const { to, args, handled } = untrue;
  const text =
    ` The success of peer ${to} ${when(handled)}, to a heartbeat that follows index ${args.prevLogIndex}, term ` +
    `${args.prevLogTerm}, is untrue: ${untrue.untrue}.`;
  return { text, peer: to, seq: handled.seq };
}
