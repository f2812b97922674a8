/**
 * Raft as the extended paper has it ("In Search of an Understandable Consensus Algorithm", sections 5.1 to
 * 5.6; no snapshots, no change of members). Names are Figure 2's. `Raft §` cites the paper.
 *
 * Nothing here runs in parallel: a handler or a timer's callback runs to its end, or to its next `await`.
 * After an `await` anything may have happened, so role and term are looked at again.
 */
import {
  type ApplyMsg,
  type Channel,
  type ClientEnd,
  type Command,
  LabDecoder,
  LabEncoder,
  type LogIndex,
  type Make,
  type Persister,
  type RaftPeer,
  type RaftState,
  type StartResult,
} from "../index.js";
import { type Follower, newFollower } from "./follower.js";
import { Log } from "./log.js";
import type { AppendEntriesArgs, AppendEntriesReply, RequestVoteArgs, RequestVoteReply } from "./messages.js";
import { advancedCommitIndex, conflictAt, isUpToDate, majorityOf, nextIndexAfter } from "./rules.js";

/**
 * How often a leader sends heartbeats, and a candidate asks again who has not answered: ten times a second,
 * the most that the lab's tester likes to see.
 */
const HEARTBEAT_MS = 100;

/**
 * Election timeouts are drawn from this range (Raft §5.2). The shortest outlasts the loss of two heartbeats
 * in a row; the longest leaves room for a second election within the second that the tester grants.
 */
const ELECTION_TIMEOUT_MS_MIN = 300;
const ELECTION_TIMEOUT_MS_MAX = 600;

/**
 * How soon a follower is sent to again when its call was lost, or when it has yet to hear of a commit. Not at
 * once: the AppendEntries of the next command often does it for nothing, and a peer that is gone is not
 * flooded. Not with the next heartbeat: clients wait for it.
 */
const FOLLOW_UP_MS = 10;

type Role = "follower" | "candidate" | "leader";
type Timer = ReturnType<typeof setTimeout>;

/** One candidacy. */
interface Campaign {
  readonly args: RequestVoteArgs;
  readonly unanswered: Set<ClientEnd>;
  /** The candidate's own included. */
  votes: number;
}

/** One peer. It stands for election after 300 to 600 ms without a leader, and runs until `kill`. */
export const make: Make = (peers, me, persister, applyCh) => new Raft(peers, me, persister, applyCh);

class Raft implements RaftPeer {
  readonly #peers: readonly ClientEnd[];
  readonly #me: number;
  readonly #persister: Persister;
  readonly #applyCh: Channel<ApplyMsg>;

  // Persistent state on all servers (Figure 2): saved before anyone is answered or asked.
  #currentTerm = 0;
  #votedFor: number | null = null;
  #log = new Log();
  #unsaved = false;
  readonly #encoder = new LabEncoder();

  // Volatile state on all servers.
  #commitIndex: LogIndex = 0;
  #lastApplied: LogIndex = 0;
  #role: Role = "follower";
  #killed = false;
  #applying = false;
  #electionTimer: Timer | undefined;
  /** A candidate's next round of requests, or a leader's next heartbeat. */
  #roundTimer: Timer | undefined;

  // Volatile state on leaders: made anew after each election, empty on everyone else.
  #followers: readonly Follower[] = [];
  #followUpTimer: Timer | undefined;
  #startsWaiting = false;

  constructor(peers: readonly ClientEnd[], me: number, persister: Persister, applyCh: Channel<ApplyMsg>) {
    this.#peers = peers;
    this.#me = me;
    this.#persister = persister;
    this.#applyCh = applyCh;
    this.#readPersist();
    this.#restartElectionTimer();
  }

  // --- What the service calls ---

  /** Appends `command` to the leader's log and sends it out at the end of this turn (Raft §5.3). */
  start(command: Command): StartResult {
    if (this.#role !== "leader") return { index: -1, term: this.#currentTerm, isLeader: false };
    this.#log.append({ term: this.#currentTerm, command });
    this.#unsaved = true;
    this.#persist();
    void this.#replicateStarts();
    return { index: this.#log.lastIndex, term: this.#currentTerm, isLeader: true };
  }

  getState(): RaftState {
    return { term: this.#currentTerm, isLeader: this.#role === "leader" };
  }

  kill(): void {
    this.#killed = true;
    this.#becomeFollower();
    clearTimeout(this.#electionTimer);
  }

  // --- What other peers call ---

  /** RequestVote, receiver's side (Raft Figure 2; §5.2, §5.4.1). */
  requestVote(args: RequestVoteArgs): RequestVoteReply {
    this.#observeTerm(args.term);
    const free = this.#votedFor === null || this.#votedFor === args.candidateId;
    const voteGranted = args.term === this.#currentTerm && free && isUpToDate(args, this.#log);
    if (voteGranted) {
      if (this.#votedFor === null) this.#unsaved = true;
      this.#votedFor = args.candidateId;
      this.#restartElectionTimer();
    }
    this.#persist();
    return { term: this.#currentTerm, voteGranted };
  }

  /** AppendEntries, receiver's side (Raft Figure 2; §5.3). */
  appendEntries(args: AppendEntriesArgs): AppendEntriesReply {
    if (args.term < this.#currentTerm) return { term: this.#currentTerm, success: false };
    this.#observeTerm(args.term);
    this.#becomeFollower(); // A candidate has lost to the leader of its own term (§5.2).
    this.#restartElectionTimer();

    if (!this.#log.matches(args.prevLogIndex, args.prevLogTerm)) {
      this.#persist();
      return { term: this.#currentTerm, success: false, ...conflictAt(args.prevLogIndex, this.#log) };
    }
    if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;
    this.#persist();
    // Behind the last new entry the log may still hold what the leader does not have: no commit there.
    this.#commitUpTo(Math.min(args.leaderCommit, args.prevLogIndex + args.entries.length));
    return { term: this.#currentTerm, success: true };
  }

  // --- Terms and persistence ---

  /** A later term, seen in any request or reply, makes a follower of anyone (Figure 2, all servers; §5.1). */
  #observeTerm(term: number): void {
    if (term <= this.#currentTerm) return;
    this.#currentTerm = term;
    this.#votedFor = null;
    this.#unsaved = true;
    if (this.#role === "leader") this.#restartElectionTimer(); // A leader has none running.
    this.#becomeFollower();
  }

  #observeReply(term: number): void {
    this.#observeTerm(term);
    this.#persist();
  }

  /** Saves the persistent state if it has changed, in one step (Figure 2; the lab's `persist`). */
  #persist(): void {
    if (!this.#unsaved) return;
    this.#encoder.reset();
    this.#encoder.encode(this.#currentTerm);
    this.#encoder.encode(this.#votedFor);
    this.#log.save(this.#encoder);
    this.#persister.saveRaftState(this.#encoder.bytes());
    this.#unsaved = false;
  }

  /** Resumes where the last incarnation's last save left off (the lab's `readPersist`). */
  #readPersist(): void {
    const state = this.#persister.readRaftState();
    if (state.length === 0) return;
    const decoder = new LabDecoder(state);
    this.#currentTerm = decoder.decode<number>();
    this.#votedFor = decoder.decode<number | null>();
    this.#log = Log.restore(decoder);
  }

  // --- Elections (Raft §5.2) ---

  /** The timeout is drawn anew each time, so that split votes do not repeat. */
  #restartElectionTimer(): void {
    clearTimeout(this.#electionTimer);
    if (this.#killed) return;
    const spread = ELECTION_TIMEOUT_MS_MAX - ELECTION_TIMEOUT_MS_MIN;
    const timeoutMs = ELECTION_TIMEOUT_MS_MIN + Math.random() * spread;
    this.#electionTimer = setTimeout(() => this.#beginElection(), timeoutMs);
  }

  #beginElection(): void {
    this.#role = "candidate";
    this.#currentTerm += 1;
    this.#votedFor = this.#me;
    this.#unsaved = true;
    this.#persist();
    this.#restartElectionTimer(); // A vote that is split, or lost on the way, leads to the next election.

    const args: RequestVoteArgs = {
      term: this.#currentTerm,
      candidateId: this.#me,
      lastLogIndex: this.#log.lastIndex,
      lastLogTerm: this.#log.lastTerm,
    };
    const campaign: Campaign = { args, unanswered: new Set(this.#others()), votes: 0 };
    this.#askForVotes(campaign);
    this.#countVote(campaign);
  }

  /** Requests and answers get lost: who has not answered is asked again, as long as the candidacy lasts (§5.5). */
  #askForVotes(campaign: Campaign): void {
    this.#startRound(() => this.#askForVotes(campaign));
    for (const end of campaign.unanswered) void this.#askForVote(end, campaign);
  }

  async #askForVote(end: ClientEnd, campaign: Campaign): Promise<void> {
    const reply = await end.call<RequestVoteReply>("Raft.requestVote", campaign.args);
    if (!reply || this.#killed) return;
    this.#observeReply(reply.term);
    // A vote counts only in the candidacy that it was asked for.
    if (this.#role !== "candidate" || this.#currentTerm !== campaign.args.term) return;
    const isFirstAnswer = campaign.unanswered.delete(end);
    if (isFirstAnswer && reply.voteGranted) this.#countVote(campaign);
  }

  #countVote(campaign: Campaign): void {
    campaign.votes += 1;
    if (campaign.votes >= majorityOf(this.#peers.length)) this.#takeOffice();
  }

  /** The winner says so at once, before anyone else's timeout, and then at every heartbeat (§5.2). */
  #takeOffice(): void {
    clearTimeout(this.#electionTimer);
    this.#role = "leader";
    this.#followers = this.#others().map((end) => newFollower(end, this.#log.lastIndex));
    this.#heartbeat();
  }

  /** Ends a candidacy, or a time in office. */
  #becomeFollower(): void {
    if (this.#role === "follower") return;
    this.#role = "follower";
    this.#followers = [];
    clearTimeout(this.#roundTimer);
    clearTimeout(this.#followUpTimer);
    this.#followUpTimer = undefined;
  }

  /** Sets when `again` runs, unless another round, of an election or of heartbeats, comes first. */
  #startRound(again: () => void): void {
    clearTimeout(this.#roundTimer);
    this.#roundTimer = setTimeout(again, HEARTBEAT_MS);
  }

  #others(): ClientEnd[] {
    return this.#peers.filter((_, peer) => peer !== this.#me);
  }

  // --- Replication by the leader (Raft §5.3) ---

  /** Goes to all, however many calls are open: those to a peer that is cut off can take seconds to fail. */
  #heartbeat(): void {
    this.#startRound(() => this.#heartbeat());
    for (const follower of this.#followers) void this.#appendEntriesTo(follower);
  }

  /** Commands started in one turn go out as one AppendEntries. */
  async #replicateStarts(): Promise<void> {
    if (this.#startsWaiting) return;
    this.#startsWaiting = true;
    await Promise.resolve();
    this.#startsWaiting = false;
    if (this.#role !== "leader") return;
    for (const follower of this.#followers) this.#sendMissing(follower);
    this.#advanceCommitIndex(); // Alone in the cluster, the leader is the majority.
  }

  /** One call at a time carries entries: those that come up meanwhile go together in the next one. */
  #sendMissing(follower: Follower): void {
    if (follower.inFlight || follower.nextIndex > this.#log.lastIndex) return;
    void this.#appendEntriesTo(follower);
  }

  /**
   * Sends the entries that the follower lacks. While the call before is open they may be on their way, and
   * nothing but a bare heartbeat goes out: entries are not sent twice to a follower that is only slow, and
   * not again and again to one that is gone. The first answer to a heartbeat sets the entries flowing.
   */
  async #appendEntriesTo(follower: Follower): Promise<void> {
    const prevLogIndex = follower.nextIndex - 1;
    const args: AppendEntriesArgs = {
      term: this.#currentTerm,
      leaderId: this.#me,
      prevLogIndex,
      prevLogTerm: this.#log.termAt(prevLogIndex),
      entries: follower.inFlight ? [] : this.#log.from(follower.nextIndex),
      leaderCommit: this.#commitIndex,
    };
    follower.inFlight = args;
    follower.toldCommit = Math.min(args.leaderCommit, prevLogIndex + args.entries.length);

    const reply = await follower.end.call<AppendEntriesReply>("Raft.appendEntries", args);
    if (this.#killed) return;
    if (follower.inFlight === args) follower.inFlight = undefined;
    if (reply) this.#observeReply(reply.term);
    if (this.#role !== "leader" || this.#currentTerm !== args.term) return;
    if (reply?.success) this.#recordMatch(follower, args);
    else if (reply) this.#backUp(follower, args, reply);
    if (reply) this.#sendMissing(follower);
    if (this.#isBehind(follower, this.#commitIndex)) this.#followUpSoon();
  }

  /** What is stored follows from what was sent, not from how long the log has become since. */
  #recordMatch(follower: Follower, args: AppendEntriesArgs): void {
    const stored = args.prevLogIndex + args.entries.length;
    if (stored <= follower.matchIndex) return; // Answers may overtake each other.
    follower.matchIndex = stored;
    follower.nextIndex = Math.max(follower.nextIndex, stored + 1);
    if (stored > this.#commitIndex) this.#advanceCommitIndex();
  }

  #backUp(follower: Follower, args: AppendEntriesArgs, reply: AppendEntriesReply): void {
    // The refusal of an earlier guess, come late, says nothing about the present one.
    if (args.prevLogIndex !== follower.nextIndex - 1) return;
    const nextIndex = nextIndexAfter(reply, args.prevLogIndex, this.#log);
    follower.nextIndex = Math.max(nextIndex, follower.matchIndex + 1);
  }

  /** Figure 2, leaders, last rule (§5.3, §5.4.2). */
  #advanceCommitIndex(): void {
    const commitIndex = advancedCommitIndex({
      currentTerm: this.#currentTerm,
      commitIndex: this.#commitIndex,
      log: this.#log,
      matchIndex: [this.#log.lastIndex, ...this.#followers.map((follower) => follower.matchIndex)],
    });
    if (commitIndex === this.#commitIndex) return;
    this.#commitUpTo(commitIndex);
    this.#followUpSoon();
  }

  #followUpSoon(): void {
    const commitIndex = this.#commitIndex;
    this.#followUpTimer ??= setTimeout(() => this.#followUp(commitIndex), FOLLOW_UP_MS);
  }

  /** Spares those who were sent everything, word of `commitIndex` included, in the meantime. */
  #followUp(commitIndex: LogIndex): void {
    this.#followUpTimer = undefined;
    for (const follower of this.#followers) {
      if (this.#isBehind(follower, commitIndex)) void this.#appendEntriesTo(follower);
    }
    if (this.#commitIndex > commitIndex) this.#followUpSoon();
  }

  /** Whether it lacks entries, or word of the commit up to `commitIndex`, and no call is under way to it. */
  #isBehind({ inFlight, nextIndex, toldCommit }: Follower, commitIndex: LogIndex): boolean {
    return !inFlight && (nextIndex <= this.#log.lastIndex || toldCommit < commitIndex);
  }

  // --- Applying (Raft §5.3) ---

  #commitUpTo(index: LogIndex): void {
    if (index <= this.#commitIndex) return;
    this.#commitIndex = index;
    void this.#applyCommitted();
  }

  /** Hands committed commands to the service in order, one at a time. One loop runs at most, never idle. */
  async #applyCommitted(): Promise<void> {
    if (this.#applying) return;
    this.#applying = true;
    while (this.#lastApplied < this.#commitIndex && !this.#killed) {
      this.#lastApplied += 1;
      const command = this.#log.commandAt(this.#lastApplied);
      await this.#applyCh.send({ commandValid: true, command, commandIndex: this.#lastApplied });
    }
    this.#applying = false;
  }
}
