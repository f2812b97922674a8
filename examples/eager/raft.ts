/**
 * A Raft that breaks Election Safety (Raft §5.2, Figure 3) on purpose: every peer makes itself leader of
 * term 1, asking nobody, and sends heartbeats as if it had been elected.
 *
 * Shows what a failure looks like. `whitewater test --raft examples/eager/raft.ts --run TestInitialElection3A`
 * fails in half a second, naming the term and its leaders.
 */
import type { ApplyMsg, Channel, ClientEnd, Persister, RaftPeer } from "whitewater";

const HEARTBEAT_MS = 100;
const TERM = 1;

/** With Figure 2's names, so that a checker can read it off the wire. */
interface AppendEntriesArgs {
  readonly term: number;
  readonly leaderId: number;
  readonly prevLogIndex: number;
  readonly prevLogTerm: number;
  readonly entries: readonly never[];
  readonly leaderCommit: number;
}

class Eager implements RaftPeer {
  readonly #others: readonly ClientEnd[];
  readonly #heartbeat: AppendEntriesArgs;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(peers: readonly ClientEnd[], me: number) {
    this.#others = peers.filter((_, peer) => peer !== me);
    this.#heartbeat = {
      term: TERM,
      leaderId: me,
      prevLogIndex: 0,
      prevLogTerm: 0,
      entries: [],
      leaderCommit: 0,
    };
    this.#timer = setInterval(() => this.#sendHeartbeats(), HEARTBEAT_MS);
    console.log(`I lead term ${TERM}, says peer ${me}`);
  }

  start() {
    return { index: -1, term: TERM, isLeader: true };
  }

  getState() {
    return { term: TERM, isLeader: true };
  }

  kill() {
    clearInterval(this.#timer);
  }

  /** Figure 2: two leaders of one term cannot be. This one does not look. */
  appendEntries(args: AppendEntriesArgs) {
    return { term: args.term, success: true };
  }

  #sendHeartbeats() {
    for (const end of this.#others) void end.call("Raft.appendEntries", this.#heartbeat);
  }
}

export function make(
  peers: readonly ClientEnd[],
  me: number,
  _persister: Persister,
  _applyCh: Channel<ApplyMsg>,
): RaftPeer {
  return new Eager(peers, me);
}
