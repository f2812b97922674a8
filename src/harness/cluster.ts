import { UsageError } from "../errors.js";
import type { Unanswered } from "../labrpc/link-server.js";
import { Network } from "../labrpc/network.js";
import type { Name } from "../labrpc/wire.js";
import type { ApplyMsg, Command, RaftState, StartResult } from "../peer/raft-peer.js";
import { MemoryPersister } from "../persister/memory-persister.js";
import { MAX_SEED, type Random } from "../runtime/random.js";
import type { Runtime } from "../runtime/runtime.js";
import type { TraceSink } from "../trace/event.js";
import { AppliedLogs } from "./appliers.js";
import { SubmittedCommands } from "./commands.js";
import { describeServers } from "./details.js";
import { NOT_LEADER, PeerHandle, type PeerListener, UNKNOWN_STATE } from "./peer-handle.js";
import { randomString } from "./random-string.js";
import type { LogLine } from "./report.js";
import { Verdict } from "./verdict.js";

/** Longest time from the boot of a peer to its `ready`. On a thread, loading and `make` take milliseconds. */
export const BOOT_LIMIT_MS = 20_000;

/** Characters in the name of an end (lab-spec 6.3 step 2). */
const END_NAME_LENGTH = 20;

export interface ClusterOptions {
  /** Number of servers. */
  readonly n: number;
  readonly runtime: Runtime;
  readonly trace?: TraceSink | undefined;
  /** Told each line of a peer's console. */
  readonly onLog?: ((line: LogLine) => void) | undefined;
  /** The tester waits this many times as long as the lab's before it gives up; 1 unless told otherwise. */
  readonly patience?: number | undefined;
}

/** What the tester last heard of a peer's state, and when. */
export interface SeenState extends RaftState {
  readonly atMs: number;
}

/** One server as the tester sees it now. */
export interface ServerView {
  readonly status: "running" | "booting" | "crashed";
  readonly isConnected: boolean;
  /** Since when; of meaning while connected. */
  readonly connectedSinceMs: number;
  /** Of the incarnation in place; `undefined` if it has not been asked. */
  readonly seen: SeenState | undefined;
  /** Whether its event loop had not come round when it was last looked at: no handler can answer meanwhile. */
  readonly isStandingStill: boolean;
  /** RPCs that its handlers have not answered, the oldest first. */
  readonly unanswered: readonly Unanswered[];
}

/** One server's place in the cluster: incarnations come and go in it. */
interface Place {
  /** The incarnation in it, booting or running; none while crashed. */
  handle: PeerHandle | undefined;
  /** Counts the boots. */
  incarnation: number;
  /** Survives the incarnations; none before the first boot. */
  saved: MemoryPersister | undefined;
  /** `ends[j]` is the name of the end that leads to server j, new at each boot; empty before the first. */
  ends: readonly Name[];
  isConnected: boolean;
  connectedSinceMs: number;
  seen: SeenState | undefined;
}

/** The servers of a case, their network, and what they have saved and applied (lab-spec 6.1 to 6.7). */
export class Cluster {
  readonly n: number;
  readonly runtime: Runtime;
  readonly trace: TraceSink | undefined;
  readonly network: Network;
  readonly logs: AppliedLogs;
  readonly verdict: Verdict;
  readonly patience: number;
  readonly #onLog: ClusterOptions["onLog"];
  readonly #submitted = new SubmittedCommands();
  readonly #endNames: Random;
  readonly #places: readonly Place[];

  constructor({ n, runtime, trace, onLog, patience = 1 }: ClusterOptions) {
    this.n = n;
    this.patience = patience;
    this.runtime = runtime;
    this.trace = trace;
    this.#onLog = onLog;
    this.#endNames = runtime.random.fork("ends");
    this.network = new Network({ clock: runtime.clock, random: runtime.random.fork("network"), trace });
    this.logs = new AppliedLogs(n, this.#submitted);
    const describe = (): readonly string[] => describeServers(this.views(), runtime.clock.nowMs());
    this.verdict = new Verdict(runtime.clock, describe, trace);
    this.#places = Array.from({ length: n }, newPlace);
  }

  /**
   * Starts or restarts server `i` from what it saved last (lab-spec 6.3). It is not connected.
   * @returns resolves when its `make` has returned, or when it was crashed before that
   */
  async start1(i: number): Promise<void> {
    const place = this.#place(i);
    this.crash1(i);
    place.ends = this.#makeEnds();
    const persister = place.saved?.copy() ?? new MemoryPersister();
    place.saved = persister;
    place.incarnation += 1;
    place.seen = undefined;
    const handle = this.#boot(i, place, persister);
    place.handle = handle;
    if (!(await this.#whenReady(i, handle))) return;
    this.trace?.record({ kind: "ready", peer: i, incarnation: place.incarnation });
    this.network.addServer(i, handle.server);
  }

  /** Ends server `i` at this instant and keeps what it has saved (lab-spec 6.4). Harmless if it does not run. */
  crash1(i: number): void {
    const place = this.#place(i);
    this.disconnect(i);
    // The order counts: once the server is gone no handler's reply is valid any more, so the copy that is
    // made next misses no save on which a caller could rely (lab-spec 2.4, the reply validity rule).
    this.network.deleteServer(i);
    place.saved = place.saved?.copy();
    if (!place.handle) return;
    place.handle.crash();
    place.handle = undefined;
    this.trace?.record({ kind: "crash", peer: i, incarnation: place.incarnation });
    // The lab copies once more here, for kill() ran unlocked. Nothing ran between here and the first copy.
  }

  /** Puts server `i` on the network: enables its ends with all that are connected, both ways (lab-spec 6.7). */
  connect(i: number): void {
    const place = this.#place(i);
    if (!place.isConnected) {
      place.isConnected = true;
      place.connectedSinceMs = this.runtime.clock.nowMs();
      this.trace?.record({ kind: "connect", peer: i });
    }
    for (let j = 0; j < this.n; j += 1) if (this.#place(j).isConnected) this.#enableBetween(i, j, true);
  }

  /** Takes server `i` off the network; the peer runs on (lab-spec 6.7). */
  disconnect(i: number): void {
    const place = this.#place(i);
    if (place.isConnected) {
      place.isConnected = false;
      this.trace?.record({ kind: "disconnect", peer: i });
    }
    for (let j = 0; j < this.n; j += 1) this.#enableBetween(i, j, false);
  }

  isConnected(i: number): boolean {
    return this.#place(i).isConnected;
  }

  /** Whether server `i` has a peer that can be asked. */
  isRunning(i: number): boolean {
    return this.#place(i).handle?.isRunning ?? false;
  }

  /** Asks peer `i`, connected or not, to begin agreement on `command`; not leader if it does not run. */
  async start(i: number, command: Command): Promise<StartResult> {
    this.#submitted.add(command);
    const answer = await this.#ask(i, NOT_LEADER, (handle) => handle.start(command));
    if (answer === NOT_LEADER) return answer;
    this.trace?.record({ kind: "start", peer: i, command, ...answer });
    this.#see(i, answer);
    return answer;
  }

  /** Asks peer `i`, connected or not, for its state; term -1 and not leader if it does not run. */
  async getState(i: number): Promise<RaftState> {
    const answer = await this.#ask(i, UNKNOWN_STATE, (handle) => handle.getState());
    if (answer === UNKNOWN_STATE) return answer;
    this.trace?.record({ kind: "state", peer: i, ...answer });
    this.#see(i, answer);
    return answer;
  }

  /** Bytes of the largest Raft state saved by any server (lab-spec 6.13 LogSize). */
  logSize(): number {
    return Math.max(...this.#places.map(({ saved }) => saved?.raftStateSize() ?? 0));
  }

  /** Every server as the tester sees it now. */
  views(): readonly ServerView[] {
    return this.#places.map(({ handle, isConnected, connectedSinceMs, seen }) => ({
      status: handle ? (handle.isRunning ? "running" : "booting") : "crashed",
      isConnected,
      connectedSinceMs,
      seen,
      isStandingStill: handle?.isStandingStill ?? false,
      unanswered: handle?.server.unanswered() ?? [],
    }));
  }

  /** Ends every peer and the network. */
  cleanup(): void {
    for (const { handle } of this.#places) handle?.crash();
    this.network.cleanup();
  }

  #makeEnds(): readonly Name[] {
    return Array.from({ length: this.n }, (_, server) => {
      const end = randomString(this.#endNames, END_NAME_LENGTH);
      this.network.makeEnd(end);
      this.network.connect(end, server);
      return end;
    });
  }

  #boot(peer: number, { incarnation, ends }: Place, persister: MemoryPersister): PeerHandle {
    const { runtime, network } = this;
    this.trace?.record({ kind: "boot", peer, incarnation });
    const process = runtime.boot({
      peer,
      incarnation,
      ends,
      state: persister.readRaftState(),
      snapshot: persister.readSnapshot(),
      seed: runtime.random.fork(`peer:${peer}:${incarnation}`).int(0, MAX_SEED),
    });
    const listener = this.#listenTo(peer, incarnation);
    return new PeerHandle({ peer, process, network, clock: runtime.clock, persister, listener });
  }

  async #whenReady(peer: number, handle: PeerHandle): Promise<boolean> {
    const giveUp = (): void => {
      const message = `peer ${peer} did not start within ${BOOT_LIMIT_MS / 1000} s: make has not returned`;
      this.verdict.fail({ kind: "load", message, peer });
    };
    const cancelLimit = this.runtime.clock.after(BOOT_LIMIT_MS, giveUp);
    try {
      return await this.verdict.follow(handle.ready);
    } finally {
      cancelLimit();
    }
  }

  #listenTo(peer: number, incarnation: number): PeerListener {
    return {
      onSave: (state, snapshot) => this.trace?.record({ kind: "save", peer, state, snapshot }),
      onApply: (message) => this.#applied(peer, message),
      onLog: (line) => {
        if (line.term > 0) this.#see(peer, line);
        this.trace?.record({ kind: "log", peer, level: line.level, text: line.text });
        this.#onLog?.({ ...line, peer, incarnation, atMs: this.runtime.clock.nowMs() });
      },
      onFault: (fault) => this.verdict.fail({ ...fault, peer }),
    };
  }

  /** The plain applier (lab-spec 6.5). */
  #applied(peer: number, message: ApplyMsg): void {
    this.trace?.record({ kind: "apply", peer, index: message.commandIndex, message });
    const error = this.logs.apply(peer, message);
    if (error) this.verdict.fail({ kind: "apply", message: error.message, peer, details: error.details });
  }

  #ask<Answer>(i: number, unasked: Answer, ask: (handle: PeerHandle) => Promise<Answer>): Promise<Answer> {
    const { handle } = this.#place(i);
    return this.verdict.follow(handle?.isRunning ? ask(handle) : Promise.resolve(unasked));
  }

  #see(i: number, { term, isLeader }: RaftState): void {
    this.#place(i).seen = { term, isLeader, atMs: this.runtime.clock.nowMs() };
  }

  #enableBetween(i: number, j: number, on: boolean): void {
    for (const end of [this.#place(i).ends[j], this.#place(j).ends[i]]) {
      if (end !== undefined) this.network.enable(end, on);
    }
  }

  #place(i: number): Place {
    const place = this.#places[i];
    if (!place) throw new UsageError(`There is no server ${i}: this case has servers 0 to ${this.n - 1}.`);
    return place;
  }
}

function newPlace(): Place {
  return {
    handle: undefined,
    incarnation: 0,
    saved: undefined,
    ends: [],
    isConnected: false,
    connectedSinceMs: 0,
    seen: undefined,
  };
}
