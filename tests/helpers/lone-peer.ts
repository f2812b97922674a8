import type { ExecutionContext } from "ava";
import type { ApplyMsg, Command, LogIndex, RaftPeer } from "../../src/index.js";
import { decode, encode } from "../../src/labgob/labgob.js";
import { ClientEnd } from "../../src/labrpc/client-end.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import type {
  AppendEntriesArgs,
  AppendEntriesReply,
  LogEntry,
  RequestVoteArgs,
  RequestVoteReply,
} from "../../src/raft/messages.js";
import { make } from "../../src/raft/raft.js";
import { installGlobalTime, seededMathRandom } from "./global-time.js";
import { ManualClock } from "./manual-clock.js";

/** A call that the peer has made, and that the test answers. */
export interface OpenCall<Args, Reply> {
  readonly to: number;
  readonly args: Args;
  /** Gives the caller its reply, or the lab's `false`. */
  answer(reply: Reply | undefined): Promise<void>;
}

export interface LonePeerOptions {
  readonly peerCount?: number;
  /** What an earlier incarnation has saved. */
  readonly state?: Uint8Array;
  /** The clock of another peer in the same test; else the peer gets one, which rules the global timers. */
  readonly clock?: ManualClock;
}

type Handlers = {
  requestVote(args: RequestVoteArgs): RequestVoteReply;
  appendEntries(args: AppendEntriesArgs): AppendEntriesReply;
};

/** Entries of these terms. The command of the entry at index 3 in term 5 is `"3 of term 5"`. */
export function entriesOf(...terms: number[]): LogEntry[] {
  return terms.map((term, i) => ({ term, command: `${i + 1} of term ${term}` }));
}

/** One peer, number 0, of the reference Raft. The test plays all others, and moves the time. */
export class LonePeer {
  readonly clock: ManualClock;
  readonly raft: RaftPeer & Handlers;
  readonly persister: MemoryPersister;
  /** What it said, in order: `save`, `RequestVote`, `AppendEntries`, `apply`. */
  readonly said: string[] = [];
  readonly applied: Command[] = [];
  /** Calls of each kind in the order made. */
  readonly votesAsked: OpenCall<RequestVoteArgs, RequestVoteReply>[] = [];
  readonly appends: OpenCall<AppendEntriesArgs, AppendEntriesReply>[] = [];
  /** Whether the service takes what is applied; else it takes nothing until `take`. */
  takesAtOnce = true;
  #takeLast: (() => void) | undefined;

  constructor(t: ExecutionContext, { peerCount = 3, state, clock }: LonePeerOptions = {}) {
    this.clock = clock ?? new ManualClock();
    if (!clock) t.teardown(installGlobalTime(this.clock, seededMathRandom(1)));
    this.persister = new MemoryPersister(state, undefined, () => this.said.push("save"));
    const ends = Array.from({ length: peerCount }, (_, to) => this.#end(to));
    const applyCh = { send: (message: ApplyMsg) => this.#apply(message) };
    this.raft = make(ends, 0, this.persister, applyCh) as RaftPeer & Handlers;
  }

  /** The peer that would run after a crash at this instant. */
  restarted(t: ExecutionContext): LonePeer {
    return new LonePeer(t, { state: this.persister.readRaftState(), clock: this.clock });
  }

  /** Gives it this log, as a leader of `term` would. */
  fill(terms: readonly number[], term = terms.at(-1) ?? 0): void {
    const entries = entriesOf(...terms);
    this.raft.appendEntries({ term, leaderId: 1, prevLogIndex: 0, prevLogTerm: 0, entries, leaderCommit: 0 });
  }

  /** Lets it stand for election, and wins it the vote of everyone. Its heartbeats are then on their way. */
  async win(): Promise<void> {
    await this.clock.advance(600);
    const { term } = this.raft.getState();
    for (const { args, answer } of this.votesAsked)
      if (args.term === term) await answer({ term, voteGranted: true });
  }

  /** Answers every open AppendEntries with success. */
  async acknowledgeAll(): Promise<void> {
    for (const { args, answer } of this.appends.splice(0)) await answer({ term: args.term, success: true });
  }

  /** The service takes the message that waits. */
  async take(): Promise<void> {
    this.#takeLast?.();
    await this.clock.advance(0);
  }

  #end(to: number): ClientEnd {
    return new ClientEnd(to, (_, svcMeth, bytes, { resolve }) => {
      const answer = async (reply: unknown) => {
        resolve(reply === undefined ? undefined : encode(reply));
        await this.clock.advance(0);
      };
      if (svcMeth === "Raft.requestVote") this.#record(this.votesAsked, to, bytes, answer, "RequestVote");
      else this.#record(this.appends, to, bytes, answer, "AppendEntries");
    });
  }

  #record<Args>(
    calls: OpenCall<Args, never>[],
    to: number,
    bytes: Uint8Array,
    answer: (reply: unknown) => Promise<void>,
    name: string,
  ): void {
    this.said.push(name);
    calls.push({ to, args: decode<Args>(bytes), answer });
  }

  async #apply({ command }: ApplyMsg): Promise<void> {
    this.said.push("apply");
    this.applied.push(command);
    if (this.takesAtOnce) return;
    await new Promise<void>((resolve) => {
      this.#takeLast = resolve;
    });
  }
}

/** A peer that leads, and whose first heartbeats are acknowledged: no call is open. */
export async function acknowledgedLeader(t: ExecutionContext): Promise<LonePeer> {
  const peer = new LonePeer(t);
  await peer.win();
  await peer.acknowledgeAll();
  return peer;
}

/** What a heartbeat from leader 1 looks like, with the given differences. */
export function appendArgs(differences: Partial<AppendEntriesArgs>): AppendEntriesArgs {
  return {
    term: 1,
    leaderId: 1,
    prevLogIndex: 0,
    prevLogTerm: 0,
    entries: [],
    leaderCommit: 0,
    ...differences,
  };
}

export function lastIndexSent({ prevLogIndex, entries }: AppendEntriesArgs): LogIndex {
  return prevLogIndex + entries.length;
}
