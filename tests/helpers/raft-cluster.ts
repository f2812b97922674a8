import type { ExecutionContext } from "ava";
import type { ApplyMsg, Command, LogIndex, RaftPeer } from "../../src/index.js";
import { decode } from "../../src/labgob/labgob.js";
import type { ClientEnd } from "../../src/labrpc/client-end.js";
import { Network, type RpcServer } from "../../src/labrpc/network.js";
import { Server, Service } from "../../src/labrpc/server.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import type { AppendEntriesArgs } from "../../src/raft/messages.js";
import { make } from "../../src/raft/raft.js";
import { sleep } from "../../src/runtime/clock.js";
import { type Random, seededRandom } from "../../src/runtime/random.js";
import { dispatched } from "./asked.js";
import { installGlobalTime, seededMathRandom } from "./global-time.js";
import { ManualClock } from "./manual-clock.js";

export interface ClusterOptions {
  readonly peerCount: number;
  readonly seed: number;
  /** Longest time of a request, of a reply, and of an apply message on its way; drawn anew for each. */
  readonly hopMsMax?: number;
}

/** A cluster that ends with its test, and must have kept every safety property till then. */
export function startCluster(t: ExecutionContext, options: ClusterOptions): RaftCluster {
  const cluster = new RaftCluster(options);
  t.teardown(() => {
    cluster.close();
    if (cluster.violations.length > 0) throw new Error(cluster.violations.join("; "));
  });
  return cluster;
}

/** One running incarnation. */
interface Incarnation {
  readonly raft: RaftPeer;
  lastApplied: LogIndex;
}

/** One RPC as it reached its server. */
export interface SeenRpc {
  readonly atMs: number;
  readonly to: number;
  readonly svcMeth: string;
  readonly args: unknown;
}

/**
 * A few peers of the reference Raft on the lab's network, in time moved by hand. It watches over the safety
 * properties of the paper's Figure 3 that can be seen from outside; `violations` holds what broke them.
 */
export class RaftCluster {
  readonly clock = new ManualClock();
  readonly network: Network;
  readonly violations: string[] = [];
  /** Every RPC that reached its server. */
  readonly rpcs: SeenRpc[] = [];
  /** What the first peer to apply an index applied there; index 0 is no command. */
  readonly agreed: Command[] = [undefined];

  readonly #peerCount: number;
  readonly #hops: Random;
  readonly #hopMsMax: number;
  readonly #persisters: MemoryPersister[];
  readonly #running: (Incarnation | undefined)[];
  readonly #connected: boolean[];
  /** Names of the ends by which the present incarnation of peer i reaches the others. */
  readonly #ends: string[][];
  readonly #leaderOfTerm = new Map<number, number>();
  readonly #restoreGlobals: () => void;
  #incarnations = 0;

  constructor({ peerCount, seed, hopMsMax = 2 }: ClusterOptions) {
    this.#restoreGlobals = installGlobalTime(this.clock, seededMathRandom(seed));
    const random = seededRandom(seed);
    this.network = new Network({ clock: this.clock, random: random.fork("network") });
    this.network.setLongDelays(true);
    this.#hops = random.fork("hops");
    this.#hopMsMax = hopMsMax;
    this.#peerCount = peerCount;
    this.#persisters = Array.from({ length: peerCount }, () => new MemoryPersister());
    this.#running = Array(peerCount).fill(undefined);
    this.#connected = Array(peerCount).fill(false);
    this.#ends = Array.from({ length: peerCount }, () => []);
    for (const peer of this.peers) {
      this.boot(peer);
      this.connect(peer);
    }
  }

  get peers(): number[] {
    return this.#running.map((_, peer) => peer);
  }

  isRunning(peer: number): boolean {
    return this.#running[peer] !== undefined;
  }

  isConnected(peer: number): boolean {
    return this.#connected[peer] === true;
  }

  lastApplied(peer: number): LogIndex {
    return this.#running[peer]?.lastApplied ?? 0;
  }

  /** Kills every peer and gives the globals back. */
  close(): void {
    for (const peer of this.peers) this.crash(peer);
    this.network.cleanup();
    this.#restoreGlobals();
  }

  /** Starts a peer that does not run, from what it has saved; it is not connected yet. */
  boot(peer: number): void {
    this.#incarnations += 1;
    const ends = this.peers.map((to) => {
      const name = `${peer}-${to}-${this.#incarnations}`;
      const end = this.network.makeEnd(name);
      this.network.connect(name, to);
      return end;
    });
    this.#ends[peer] = ends.map(({ name }) => String(name));
    this.#running[peer] = this.#incarnation(peer, ends);
  }

  /** Ends a peer at this instant. What it has saved stays. */
  crash(peer: number): void {
    this.disconnect(peer);
    this.network.deleteServer(peer);
    this.#persisters[peer] = this.#persister(peer).copy();
    this.#running[peer]?.raft.kill();
    this.#running[peer] = undefined;
  }

  connect(peer: number): void {
    this.#connected[peer] = true;
    this.#enableEnds(peer);
  }

  disconnect(peer: number): void {
    this.#connected[peer] = false;
    this.#enableEnds(peer);
  }

  start(peer: number, command: Command) {
    return this.#running[peer]?.raft.start(command) ?? { index: -1, term: -1, isLeader: false };
  }

  /** The connected peer that leads in the latest term, if there is one. */
  leader(): number | undefined {
    const states = this.peers.map((peer) => ({ peer, state: this.#running[peer]?.raft.getState() }));
    const leaders = states.filter(({ peer, state }) => state?.isLeader && this.isConnected(peer));
    leaders.sort((a, b) => (b.state?.term ?? 0) - (a.state?.term ?? 0));
    return leaders[0]?.peer;
  }

  term(peer: number): number {
    return this.#running[peer]?.raft.getState().term ?? -1;
  }

  /** Waits for a leader. */
  async oneLeader(withinMs = 2000): Promise<number> {
    const limitMs = this.clock.nowMs() + withinMs;
    for (; this.clock.nowMs() <= limitMs; await this.clock.advance(5)) {
      const leader = this.leader();
      if (leader !== undefined) return leader;
    }
    throw new Error(`No leader within ${withinMs} ms`);
  }

  /**
   * The lab's `one`: submits `command`, again if need be, until `count` peers have applied it.
   * @returns the time it took, in milliseconds
   */
  async agree(command: Command, count: number, withinMs = 10_000): Promise<number> {
    const beganMs = this.clock.nowMs();
    while (this.clock.nowMs() < beganMs + withinMs) {
      const { index, isLeader } = this.start(this.leader() ?? 0, command);
      for (let waitedMs = 0; isLeader && waitedMs < 2000; waitedMs += 5) {
        const done = this.peers.filter((peer) => this.lastApplied(peer) >= index).length >= count;
        if (done && this.agreed[index] === command) return this.clock.nowMs() - beganMs;
        await this.clock.advance(5);
      }
      await this.clock.advance(isLeader ? 0 : 50);
    }
    throw new Error(`No agreement on ${command} among ${count} peers within ${withinMs} ms`);
  }

  #incarnation(peer: number, ends: readonly ClientEnd[]): Incarnation {
    const applyCh = { send: (message: ApplyMsg) => this.#apply(peer, incarnation, message) };
    const raft = make(ends, peer, this.#persister(peer), applyCh);
    const incarnation: Incarnation = { raft, lastApplied: 0 };
    const server = new Server();
    server.addService(new Service("Raft", raft));
    this.network.addServer(peer, this.#distant(peer, server, incarnation));
    return incarnation;
  }

  /** A server some way off. What a dead peer would have said is not heard. */
  #distant(peer: number, server: Server, incarnation: Incarnation): RpcServer {
    const replyTo = async (svcMeth: string, args: Uint8Array) => {
      await this.#hop();
      if (this.#running[peer] !== incarnation) return new Promise<never>(() => {});
      this.#see(peer, svcMeth, decode<AppendEntriesArgs>(args));
      const reply = await dispatched(server, svcMeth, args);
      await this.#hop();
      return reply;
    };
    return {
      dispatch: (svcMeth, args, { resolve, reject }) => void replyTo(svcMeth, args).then(resolve, reject),
    };
  }

  /** Election Safety: at most one leader in a term (Figure 3; §5.2). */
  #see(to: number, svcMeth: string, args: AppendEntriesArgs): void {
    this.rpcs.push({ atMs: this.clock.nowMs(), to, svcMeth, args });
    if (svcMeth !== "Raft.appendEntries") return;
    const leader = this.#leaderOfTerm.get(args.term) ?? args.leaderId;
    this.#leaderOfTerm.set(args.term, leader);
    if (leader !== args.leaderId) {
      this.violations.push(`${leader} and ${args.leaderId} both lead term ${args.term}`);
    }
  }

  /** State Machine Safety: all apply the same at an index, in order, nothing left out (Figure 3; §5.4.3). */
  async #apply(peer: number, incarnation: Incarnation, message: ApplyMsg): Promise<void> {
    const { command, commandIndex } = message;
    if (this.#running[peer] !== incarnation) {
      this.violations.push(`${peer} applied ${commandIndex} after it was killed`);
      return;
    }
    if (commandIndex !== incarnation.lastApplied + 1) {
      this.violations.push(`${peer} applied ${commandIndex} after ${incarnation.lastApplied}`);
    }
    if (commandIndex === this.agreed.length) this.agreed.push(command);
    if (this.agreed[commandIndex] !== command) {
      this.violations.push(
        `${peer} applied ${command} at ${commandIndex}, others ${this.agreed[commandIndex]}`,
      );
    }
    incarnation.lastApplied = commandIndex;
    await this.#hop();
  }

  #hop(): Promise<void> {
    return sleep(this.clock, this.#hops.int(20, 1000 * this.#hopMsMax) / 1000);
  }

  #persister(peer: number): MemoryPersister {
    const persister = this.#persisters[peer];
    if (!persister) throw new RangeError(`There is no peer ${peer} among ${this.#peerCount}`);
    return persister;
  }

  #enableEnds(peer: number): void {
    for (const other of this.peers) {
      const on = this.isConnected(peer) && this.isConnected(other);
      for (const [from, to] of [
        [peer, other],
        [other, peer],
      ] as const) {
        const end = this.#ends[from]?.[to];
        if (end !== undefined) this.network.enable(end, on);
      }
    }
  }
}
