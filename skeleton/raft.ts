/**
 * Your Raft: the one file to write. `make` at its end is all that the tester knows of it; the rest is yours
 * to change, and you may split it into modules.
 *
 * "§" cites the extended Raft paper ("In Search of an Understandable Consensus Algorithm", Ongaro and
 * Ousterhout 2014). Figure 2 there is the specification, to the letter: what looks optional is not.
 *
 * Three things to keep in mind:
 *
 * - A peer is one thread that does one thing at a time: a handler or a timer's callback runs to its end, or
 *   to its next `await`. So you need no lock. But at every `await` all else may run: afterwards your term,
 *   your role and your log can be others than before. Look again before you act on what you knew.
 * - A loop that waits for something must not spin. Sleep in it, or better, have whoever brings about what
 *   you wait for start the next step.
 * - The tester allows about ten heartbeats a second, counts on a new leader within about a second, and gives
 *   up after five. Choose heartbeat interval and election timeouts to fit, a split vote included: with so few
 *   heartbeats, the paper's 150 to 300 ms are too short.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ApplyMsg,
  type Channel,
  type ClientEnd,
  type Command,
  LabDecoder,
  LabEncoder,
  type Persister,
  type RaftPeer,
  type RaftState,
  type StartResult,
} from "whitewater";

// --- What is sent (Figure 2) ---
//
// Name the fields as Figure 2 does, in camelCase: whoever reads your messages, such as a checker of the
// paper's rules, goes by these names. A field may hold anything but functions, symbols and objects of your
// own classes.

/** Asks for a vote (Figure 2, RequestVote RPC). */
interface RequestVoteArgs {
  /** The candidate's. */
  readonly term: number;
  // Your fields here (3A, 3B): candidateId, lastLogIndex, lastLogTerm.
}

interface RequestVoteReply {
  /** The voter's, for a candidate that is behind. */
  readonly term: number;
  // Your field here (3A): voteGranted.
}

/** Brings new entries, or is a heartbeat (Figure 2, AppendEntries RPC). */
interface AppendEntriesArgs {
  /** The leader's. */
  readonly term: number;
  // Your fields here (3A, 3B): leaderId, prevLogIndex, prevLogTerm, entries, leaderCommit.
}

interface AppendEntriesReply {
  /** The follower's, for a leader that is behind. */
  readonly term: number;
  // Your field here (3A, 3B): success. And for 3C what lets the leader back up by more than one entry per
  // refusal (§5.3, the paragraphs before its end).
}

class Raft implements RaftPeer {
  /** One end per peer, in the same order on every peer; `peers[me]` leads to this peer itself. */
  readonly peers: readonly ClientEnd[];
  readonly me: number;
  readonly persister: Persister;
  readonly applyCh: Channel<ApplyMsg>;
  killed = false;

  // Your state here (3A, 3B, 3C): Figure 2, "State", and what else you need, such as your role.

  constructor(peers: readonly ClientEnd[], me: number, persister: Persister, applyCh: Channel<ApplyMsg>) {
    this.peers = peers;
    this.me = me;
    this.persister = persister;
    this.applyCh = applyCh;

    // Your initialization here (3A, 3B, 3C).

    this.readPersist();
    void this.ticker();
  }

  // --- What the tester calls ---

  /** Which term this peer is in, and whether it believes that it leads. */
  getState(): RaftState {
    // Your code here (3A).
    return { term: 0, isLeader: false };
  }

  /**
   * The service wants `command` agreed upon. A leader appends it to its log, sets out to replicate it, and
   * answers at once: it must not wait for the commit, which may never come. Anyone else does nothing and
   * says that it is not leader.
   * @returns `index`: where the command will stand if it is ever committed (the first one at 1); `term`: the
   *   current one; `isLeader`: whether this peer took the command
   */
  start(_command: Command): StartResult {
    // Your code here (3B): §5.3. (Take the underscore off when you use the parameter.)
    return { index: -1, term: 0, isLeader: false };
  }

  /** The tester is done with this peer. It is stopped right after, so there is little left to do here. */
  kill(): void {
    this.killed = true;
  }

  // --- What other peers call ---
  //
  // Any method of this class can be called by name: "Raft.requestVote" runs `requestVote`, with a copy of
  // the caller's arguments, and a copy of what it returns goes back. A handler may be async.

  /** Another peer asks for this one's vote (Figure 2, RequestVote RPC, "Receiver implementation"). */
  requestVote(_args: RequestVoteArgs): RequestVoteReply {
    // Your code here (3A): §5.1 for terms, §5.2 for votes. A granted vote restarts the election timeout.
    // Your code here (3B): refuse a candidate whose log is less up to date than yours (§5.4.1).
    // Your code here (3C): the vote must be saved before you answer.
    return { term: 0 };
  }

  /** A leader sends entries, or a heartbeat (Figure 2, AppendEntries RPC, "Receiver implementation"). */
  appendEntries(_args: AppendEntriesArgs): AppendEntriesReply {
    // Your code here (3A): who leads the current term restarts the election timeout, and a candidate of that
    // term gives up (§5.2).
    // Your code here (3B): check the entry before the new ones, drop only what conflicts, append what is
    // missing, learn what is committed (§5.3). Messages can come late, twice, and in another order.
    // Your code here (3C): what you say you have stored must be saved before you answer.
    return { term: 0 };
  }

  // --- Calling other peers ---

  /**
   * Asks one peer for its vote. An example of a call; write one for AppendEntries after it:
   *
   *     const reply = await this.sendRequestVote(end, args);
   *     if (!reply) return;
   *     // Others ran during the wait. Is this still the election that the vote was asked for?
   *
   * @returns the reply, or `undefined`: request or reply were lost, or the peer is dead or cut off. You
   *   cannot tell which, and the handler over there may have run all the same. It may take up to seven
   *   seconds to learn of it, so ask all peers at once and wait for each on its own, and never wait for one
   *   in the loop that has to send the next heartbeat.
   */
  async sendRequestVote(end: ClientEnd, args: RequestVoteArgs): Promise<RequestVoteReply | undefined> {
    return await end.call<RequestVoteReply>("Raft.requestVote", args);
  }

  // --- Elections and heartbeats ---

  /** Looks now and then whether an election is due: no leader heard of, no vote given for too long (§5.2). */
  async ticker(): Promise<void> {
    while (!this.killed) {
      // Your code here (3A): is it time for an election? The timeout is drawn anew each time, at random, so
      // that votes are not split again and again. Hold none while a leader is alive and in touch: an election
      // without need is an error too.
      // The winner must send a heartbeat at once, before others time out, and then keep sending them.

      const pauseMs = 50 + Math.random() * 300;
      await sleep(pauseMs);
    }
  }

  // --- Applying (3B) ---
  //
  // When commitIndex moves on, hand each newly committed command to the service: once, in order of index,
  // from one place (Figure 2, "Rules for Servers: All Servers"; §5.3):
  //
  //     await this.applyCh.send({ commandValid: true, command, commandIndex });
  //
  // The send ends when the service has taken the message. A leader moves its own commitIndex on by Figure 2's
  // last rule: a majority stores the entry, and it is from the leader's own term (§5.3, §5.4.2).

  // --- Surviving a crash (3C) ---

  /**
   * Saves what Figure 2 calls persistent state. To be called wherever that state changes, before anybody is
   * answered or asked on the strength of the change. {@link LabEncoder} makes bytes of any number of values.
   */
  persist(): void {
    // Your code here (3C), such as:
    //
    //     const encoder = new LabEncoder();
    //     encoder.encode(this.someField);
    //     encoder.encode(this.anotherField);
    //     this.persister.saveRaftState(encoder.bytes());
  }

  /**
   * Takes up what an earlier life of this peer saved last. Called once, before anything else runs.
   * {@link LabDecoder} gives the values back, in the order in which they were encoded.
   */
  readPersist(): void {
    const state = this.persister.readRaftState();
    if (state.length === 0) return; // The first boot: there is nothing to take up.
    // Your code here (3C), such as:
    //
    //     const decoder = new LabDecoder(state);
    //     this.someField = decoder.decode<number>();
    //     this.anotherField = decoder.decode<string[]>();
  }
}

/**
 * Makes a peer. Called by the tester at the first boot and after each crash; it must return at once, and the
 * peer then runs by itself.
 * @param peers one end per peer, in the same order on every peer, one to this peer itself included
 * @param me this peer's place in `peers`
 * @param persister holds what this peer saved last, in an earlier life; empty at the first boot
 * @param applyCh takes each committed command
 */
export function make(
  peers: readonly ClientEnd[],
  me: number,
  persister: Persister,
  applyCh: Channel<ApplyMsg>,
): RaftPeer {
  return new Raft(peers, me, persister, applyCh);
}
