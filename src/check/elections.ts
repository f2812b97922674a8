import type { RequestVote } from "./messages.js";
import type { AppendRpc, VoteRpc } from "./rpc.js";
import { type Evidence, type Moment, type Report, when } from "./violation.js";

/** A peer's candidacy in one term. */
export interface Campaign {
  /** The candidate's log as it asked for votes; it stays so until the candidate leads (§5.2). */
  readonly args: RequestVote;
  readonly since: Moment;
  /** Whose votes have reached it, its own left out. */
  readonly voters: Set<number>;
}

/** A peer's time as leader of one term. */
export interface Leadership {
  readonly peer: number;
  readonly term: number;
  readonly since: Moment;
  readonly campaign: Campaign | undefined;
  /** The term of the leader's entry at each index, as far as it has shown them. */
  readonly log: number[];
  /** Per peer: up to where it has acknowledged entries in this term, whether or not the leader knows. */
  readonly acknowledged: number[];
  /** Per peer: up to where the leader knows it, its own left at 0 (Figure 2, `matchIndex`). */
  readonly matchIndex: number[];
  /** The last untrue success that has reached it: that of a heartbeat, which it must not count. */
  untrue: AppendRpc | undefined;
}

/** A vote that a peer has given. */
interface Vote {
  readonly candidate: number;
  readonly at: Moment;
}

/** One vote per peer and term, one leader per term, and that one by a majority (Raft §5.2). */
export class Elections {
  readonly #peerCount: number;
  readonly #evidence: Evidence;
  readonly #report: Report;
  readonly #campaigns = new Map<number, Campaign>();
  readonly #votes = new Map<number, Vote>();
  readonly #leaders = new Map<number, Leadership>();
  /** Some ask themselves for their vote like everyone else: then they may give it to another before. */
  #asksItself = false;

  constructor(peerCount: number, evidence: Evidence, report: Report) {
    this.#peerCount = peerCount;
    this.#evidence = evidence;
    this.#report = report;
  }

  /** The candidacy of a peer in a term, if it stood. */
  campaign(peer: number, term: number): Campaign | undefined {
    return this.#campaigns.get(this.#key(peer, term));
  }

  /** Who leads a term, as far as anyone was seen to. */
  leaderOf(term: number): Leadership | undefined {
    return this.#leaders.get(term);
  }

  voteSent({ from, to, args, sent }: VoteRpc): void {
    if (from === to) this.#asksItself = true;
    const key = this.#key(from, args.term);
    if (this.#campaigns.has(key)) return;
    this.#campaigns.set(key, { args, since: sent, voters: new Set() });
    const given = this.#votes.get(key);
    if (given && !this.#asksItself) this.#votedTwice(from, args.term, given, { candidate: from, at: sent });
  }

  voteHandled({ from, to, args, reply }: VoteRpc, at: Moment): void {
    if (!reply?.ok) return;
    const vote: Vote = { candidate: from, at };
    const key = this.#key(to, args.term);
    const given = this.#votes.get(key) ?? this.#voteForItself(to, args.term);
    if (!given) this.#votes.set(key, vote);
    else if (given.candidate !== from) this.#votedTwice(to, args.term, given, vote);
  }

  /** The reply has reached the candidate. */
  voteAnswered({ from, to, args, reply }: VoteRpc): void {
    if (reply?.ok && from !== to) this.campaign(from, args.term)?.voters.add(to);
  }

  /** Only a leader sends AppendEntries. @returns its time in office, unless the term is another's */
  appendSent({ from, args: { term }, sent }: AppendRpc): Leadership | undefined {
    const leader = this.#leaders.get(term);
    if (leader?.peer === from) return leader;
    if (leader) return this.#twoLeaders(leader, from, sent);
    const elected = this.#takeOffice(from, term, sent);
    if (this.#evidence.isWhole) this.#checkMajority(elected);
    return elected;
  }

  #takeOffice(peer: number, term: number, since: Moment): Leadership {
    const leadership: Leadership = {
      peer,
      term,
      since,
      campaign: this.campaign(peer, term),
      log: [],
      acknowledged: Array(this.#peerCount).fill(0),
      matchIndex: Array(this.#peerCount).fill(0),
      untrue: undefined,
    };
    this.#leaders.set(term, leadership);
    return leadership;
  }

  /** Who asks for votes has voted for itself. */
  #voteForItself(peer: number, term: number): Vote | undefined {
    const campaign = this.#asksItself ? undefined : this.campaign(peer, term);
    return campaign && { candidate: peer, at: campaign.since };
  }

  #votedTwice(voter: number, term: number, first: Vote, second: Vote): void {
    const [one, other] = [first, second].map(
      ({ candidate, at }) => `${candidate === voter ? "itself" : `peer ${candidate}`} ${when(at)}`,
    );
    this.#report({
      rule: "vote-once",
      section: "Raft §5.2",
      message: `Peer ${voter} voted twice in term ${term}: for ${one} and for ${other}.`,
      peers: [...new Set([voter, first.candidate, second.candidate])],
      events: [first.at.seq, second.at.seq],
    });
  }

  #twoLeaders({ peer, term, since }: Leadership, other: number, at: Moment): undefined {
    this.#report({
      rule: "election-safety",
      section: "Raft §5.2",
      message:
        `Peers ${peer} and ${other} both lead term ${term}: peer ${peer} sent AppendEntries in it ` +
        `${when(since)}, peer ${other} ${when(at)}.`,
      peers: [peer, other],
      events: [since.seq, at.seq],
    });
    return undefined;
  }

  #checkMajority({ peer, term, since, campaign }: Leadership): void {
    const voters = [...(campaign?.voters ?? [])].sort((a, b) => a - b);
    const votes = voters.length + 1;
    if (2 * votes > this.#peerCount) return;
    const others = voters.length === 0 ? "no other voted for it" : `beside itself, ${voters.join(", ")}`;
    this.#report({
      rule: "election-majority",
      section: "Raft §5.2",
      message:
        `Peer ${peer} leads term ${term} with ${votes} of ${this.#peerCount} votes (${others}): it sent ` +
        `AppendEntries ${when(since)}. A majority must have voted for it in this very term.`,
      peers: [peer, ...voters],
      events: campaign ? [campaign.since.seq, since.seq] : [since.seq],
    });
  }

  /** One number for a peer and a term. */
  #key(peer: number, term: number): number {
    return term * this.#peerCount + peer;
  }
}
