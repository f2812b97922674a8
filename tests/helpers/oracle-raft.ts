import type { CaseDefinition, RunResult } from "../../src/harness/case.js";
import type { Config } from "../../src/harness/config.js";
import { runCase } from "../../src/harness/runner.js";
import type { Command, StartResult } from "../../src/index.js";
import { encode } from "../../src/labgob/labgob.js";
import type { TraceEvent } from "../../src/trace/event.js";
import { type ScriptedPeer, ScriptedRuntime } from "./scripted-peers.js";

const TICK_MS = 10;
const HEARTBEAT_TICKS = 10;

/** Ways in which the oracle goes wrong, each for a check of a case to find. */
export interface Mistakes {
  readonly electsWithoutMajority?: boolean;
  readonly commitsWithoutMajority?: boolean;
  /** RPCs to each follower, where one with so many entries would do. */
  readonly rpcs?: (entries: number) => number;
  /** Ticks between heartbeats, when the log has so many entries. */
  readonly heartbeatTicks?: (logLength: number) => number;
  readonly firstTerm?: number;
  /** What stands in the log for a command that was accepted. */
  readonly enters?: (command: Command) => readonly Command[];
  readonly rejects?: (command: Command) => boolean;
  /** Where `start` says that a command will stand. */
  readonly says?: (index: number) => number;
  /** Forgets the last entry whenever a peer is restarted. */
  readonly forgets?: boolean;
  /** Goes to the next term every so many ticks, without any cause. */
  readonly termTicks?: number;
}

/**
 * What the peers of a cluster would do if they were told by an oracle: it elects a leader as soon as a
 * majority is on the network, and commits at the next tick. So a case shows what it does itself.
 */
export class OracleRaft {
  readonly runtime: ScriptedRuntime;
  readonly #mistakes: Mistakes;
  #ticks = 0;
  #term: number;
  #leader: number | undefined;
  #log: Command[] = [];
  readonly #applied = new WeakMap<ScriptedPeer, number>();
  /** What a leader has accepted and not committed. */
  readonly #accepted = new WeakMap<ScriptedPeer, Command[]>();

  constructor(seed: number, mistakes: Mistakes = {}) {
    this.#mistakes = mistakes;
    this.#term = (mistakes.firstTerm ?? 1) - 1;
    this.runtime = new ScriptedRuntime({ seed, script: (peer) => this.#script(peer) });
  }

  /** Tells the peers of `cfg` what to do, until its time ends. */
  attend(cfg: Config): void {
    const tick = (): void => {
      this.#tick(cfg);
      this.runtime.clock.after(TICK_MS, tick);
    };
    this.runtime.clock.after(TICK_MS, tick);
  }

  #script(peer: ScriptedPeer): void {
    if (this.#mistakes.forgets && peer.spec.incarnation > 1) this.#log.pop();
    peer.state = { term: Math.max(this.#term, 0), isLeader: false };
    peer.onStart = (command) => this.#start(peer, command);
  }

  #start(peer: ScriptedPeer, command: Command): StartResult {
    const { term, isLeader } = peer.state;
    if (!isLeader || this.#mistakes.rejects?.(command)) return { index: -1, term, isLeader: false };
    const accepted = this.#accepted.get(peer) ?? [];
    accepted.push(...(this.#mistakes.enters?.(command) ?? [command]));
    this.#accepted.set(peer, accepted);
    const index = this.#log.length + accepted.length;
    return { index: this.#mistakes.says?.(index) ?? index, term, isLeader };
  }

  #tick(cfg: Config): void {
    this.#ticks += 1;
    const live = Array.from({ length: cfg.n }, (_, i) => i).filter(
      (i) => cfg.isRunning(i) && cfg.isConnected(i),
    );
    const isMajority = live.length > cfg.n / 2;
    const hasLeader = this.#leader !== undefined && live.includes(this.#leader);
    const isRestless = this.#mistakes.termTicks !== undefined && this.#ticks % this.#mistakes.termTicks === 0;
    if ((isMajority || this.#mistakes.electsWithoutMajority) && (!hasLeader || isRestless)) this.#elect(live);
    if (isMajority || this.#mistakes.commitsWithoutMajority) this.#commit(live);
  }

  #elect(live: readonly number[]): void {
    this.#term += 1;
    this.#leader = live[0];
    for (const i of live) {
      const peer = this.runtime.peer(i);
      peer.state = { term: this.#term, isLeader: i === this.#leader };
      this.#accepted.delete(peer);
    }
    this.#tellOthers(live, []);
  }

  #commit(live: readonly number[]): void {
    if (this.#leader === undefined) return;
    const leader = this.runtime.peer(this.#leader);
    const accepted = this.#accepted.get(leader) ?? [];
    this.#accepted.delete(leader);
    this.#log.push(...accepted);
    const heartbeatTicks = this.#mistakes.heartbeatTicks?.(this.#log.length) ?? HEARTBEAT_TICKS;
    if (accepted.length > 0 || this.#ticks % heartbeatTicks === 0) this.#tellOthers(live, accepted);
    for (const i of live) this.#applyAll(this.runtime.peer(i));
  }

  /** A peer that comes back to the network follows whoever leads now. */
  #applyAll(peer: ScriptedPeer): void {
    peer.state = { term: this.#term, isLeader: peer.spec.peer === this.#leader };
    for (let index = (this.#applied.get(peer) ?? 0) + 1; index <= this.#log.length; index += 1) {
      peer.apply(index, this.#log[index - 1]);
    }
    this.#applied.set(peer, this.#log.length);
  }

  /** The RPCs that this would take. */
  #tellOthers(live: readonly number[], entries: readonly Command[]): void {
    if (this.#leader === undefined) return;
    const leader = this.runtime.peer(this.#leader);
    const args = encode({ entries });
    const rpcs = this.#mistakes.rpcs?.(entries.length) ?? 1;
    for (const i of live) {
      const end = leader.spec.ends[i];
      if (i === this.#leader || end === undefined) continue;
      for (let rpcId = 0; rpcId < rpcs; rpcId += 1) {
        leader.say({ kind: "call", rpcId, end, svcMeth: "Raft.appendEntries", args });
      }
    }
  }
}

export interface OracleRun {
  readonly result: RunResult;
  readonly events: readonly TraceEvent[];
  readonly warnings: readonly string[];
}

/** Runs a case over peers that an oracle tells what to do. */
export async function runWithOracle(
  definition: CaseDefinition,
  mistakes: Mistakes = {},
  seed = 1,
): Promise<OracleRun> {
  const oracle = new OracleRaft(seed, mistakes);
  const events: TraceEvent[] = [];
  let result: RunResult | undefined;
  const run = runCase(definition, {
    runtime: oracle.runtime,
    seed,
    trace: { record: (event) => events.push(event) },
    onConfig: (cfg) => oracle.attend(cfg),
  }).then((done) => {
    result = done;
  });
  while (!result) await oracle.runtime.clock.advance(1000);
  await run;
  return { result, events, warnings: result.warnings ?? [] };
}
