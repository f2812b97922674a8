import type { ExecutionContext } from "ava";
import { Config, type ConfigOptions } from "../../src/harness/config.js";
import { decode, encode } from "../../src/labgob/labgob.js";
import type { MainToPeer, PeerToMain } from "../../src/labrpc/wire.js";
import type { Command, RaftState, StartResult } from "../../src/peer/raft-peer.js";
import type { Link } from "../../src/runtime/link.js";
import { seededRandom } from "../../src/runtime/random.js";
import type { BootSpec, PeerProcess, Runtime } from "../../src/runtime/runtime.js";
import type { TraceEvent } from "../../src/trace/event.js";
import { ManualClock } from "./manual-clock.js";

/**
 * An incarnation of a peer that a test plays: it says what the test has it say, and answers the tester by
 * `state` and `onStart`. Its link takes no time, and keeps the order.
 */
export class ScriptedPeer implements PeerProcess {
  readonly spec: BootSpec;
  readonly link: Link<MainToPeer, PeerToMain>;
  /** All that it heard, the tester's calls left out. */
  readonly heard: MainToPeer[] = [];
  /** The tester's calls, by name, in the order heard. */
  readonly asked: string[] = [];
  isTerminated = false;
  isStandingStill = false;
  /** Whether it says that it is ready, right after its boot. */
  getsReady = true;
  /** Whether the tester's calls, and requests, are answered. */
  isAnswering = true;
  state: RaftState = { term: 1, isLeader: false };
  onStart: (command: Command) => StartResult = () => ({ index: -1, ...this.state });
  onRequest: (svcMeth: string, args: Uint8Array) => Uint8Array = () => encode({});
  #toTester: (message: PeerToMain) => void = () => {};

  constructor(spec: BootSpec) {
    this.spec = spec;
    this.link = {
      post: (message) => queueMicrotask(() => this.#hear(message)),
      onMessage: (hear) => {
        this.#toTester = hear;
      },
      close: () => this.terminate(),
    };
  }

  /** Says one message to the main thread. What a terminated peer says is not heard. */
  say(message: PeerToMain): void {
    queueMicrotask(() => {
      if (!this.isTerminated) this.#toTester(message);
    });
  }

  /** As `say`, past the end of its link: what was under way when it was terminated. */
  sayLate(message: PeerToMain): void {
    this.#toTester(message);
  }

  apply(commandIndex: number, command: Command): void {
    this.say({ kind: "apply", index: commandIndex, command: encode(command) });
  }

  save(text: string): void {
    this.say(saving(text));
  }

  terminate(): void {
    this.isTerminated = true;
  }

  #hear(message: MainToPeer): void {
    if (this.isTerminated) return;
    switch (message.kind) {
      case "start":
        this.#ask("start", message.askId, () => this.onStart(decode(message.command)));
        break;
      case "get-state":
        this.#ask("getState", message.askId, () => ({ index: -1, ...this.state }));
        break;
      case "kill":
        this.asked.push("kill");
        break;
      case "request":
        this.heard.push(message);
        if (this.isAnswering) this.#reply(message.rpcId, this.onRequest(message.svcMeth, message.args));
        break;
      default:
        this.heard.push(message);
    }
  }

  #reply(rpcId: number, reply: Uint8Array): void {
    this.say({ kind: "reply", rpcId, reply });
  }

  #ask(name: string, askId: number, answer: () => StartResult): void {
    if (!this.isAnswering) return;
    this.asked.push(name);
    this.say({ kind: "answer", askId, ...answer() });
  }
}

/** A save of `text` as Raft state. */
export function saving(text: string): PeerToMain {
  return { kind: "save", state: new TextEncoder().encode(text), snapshot: null };
}

type Call = Extract<PeerToMain, { kind: "call" }>;

/** A call of `caller` on its end to server `to`. */
export function calling(caller: ScriptedPeer, to: number, given: Partial<Call> = {}): PeerToMain {
  const end = caller.spec.ends[to] ?? "none";
  return { kind: "call", rpcId: 1, end, svcMeth: "Raft.appendEntries", args: encode({}), ...given };
}

export interface ScriptOptions
  extends Partial<Pick<ConfigOptions, "n" | "unreliable" | "onLog" | "onWarning" | "patience">> {
  readonly seed?: number;
  /** Sets up each incarnation before it boots. */
  readonly script?: (peer: ScriptedPeer) => void;
}

/** A runtime whose peers are played by a test, in time moved by hand. */
export class ScriptedRuntime implements Runtime {
  readonly mode = "sim";
  readonly clock = new ManualClock();
  readonly random;
  /** Every incarnation ever booted, in order. */
  readonly booted: ScriptedPeer[] = [];
  isClosed = false;
  readonly #script: NonNullable<ScriptOptions["script"]>;

  constructor({ seed = 1, script = () => {} }: ScriptOptions = {}) {
    this.random = seededRandom(seed);
    this.#script = script;
  }

  boot(spec: BootSpec): PeerProcess {
    const peer = new ScriptedPeer(spec);
    this.booted.push(peer);
    this.#script(peer);
    if (peer.getsReady) peer.say({ kind: "ready" });
    return peer;
  }

  /** The incarnation of `peer` that was booted last. */
  peer(peer: number): ScriptedPeer {
    const latest = this.booted.findLast(({ spec }) => spec.peer === peer);
    if (!latest) throw new Error(`peer ${peer} was never booted`);
    return latest;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    for (const peer of this.booted) peer.terminate();
  }
}

/** A tester over scripted peers, booted and connected; it ends with the test. */
export async function startTester(t: ExecutionContext, options: ScriptOptions = {}): Promise<Tester> {
  const runtime = new ScriptedRuntime(options);
  const events: TraceEvent[] = [];
  const trace = { record: (event: TraceEvent) => void events.push(event) };
  const cfg = new Config({ n: 3, unreliable: false, ...options, runtime, trace });
  t.teardown(() => cfg.cleanup());
  await cfg.boot();
  return { cfg, runtime, events, clock: runtime.clock };
}

export interface Tester {
  readonly cfg: Config;
  readonly runtime: ScriptedRuntime;
  readonly clock: ManualClock;
  /** The trace. */
  readonly events: readonly TraceEvent[];
}

/** What came of a promise, and when. */
export interface Outcome<Value> {
  readonly value?: Value;
  readonly error?: Error;
  readonly atMs?: number;
}

/** Moves time on by `ms`, and tells what came of `promise` by then; nothing if it is still open. */
export async function outcomeWithin<Value>(
  clock: ManualClock,
  ms: number,
  promise: Promise<Value>,
): Promise<Outcome<Value>> {
  let outcome: Outcome<Value> = {};
  promise.then(
    (value) => {
      outcome = { value, atMs: clock.nowMs() };
    },
    (error: Error) => {
      outcome = { error, atMs: clock.nowMs() };
    },
  );
  await clock.advance(ms);
  return outcome;
}
