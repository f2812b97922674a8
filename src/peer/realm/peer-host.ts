import { decode } from "../../labgob/labgob.js";
import type { Asker } from "../../labrpc/asker.js";
import { type Carrier, ClientEnd } from "../../labrpc/client-end.js";
import { type Codec, meteredCodec, type PeerMeter } from "../../labrpc/peer-meter.js";
import { HandlerError, Server, Service, UnknownMethodError } from "../../labrpc/server.js";
import type { FaultKind, LogLevel, MainToPeer, PeerToMain } from "../../labrpc/wire.js";
import { MemoryPersister } from "../../persister/memory-persister.js";
import type { BootSpec } from "../../runtime/runtime.js";
import { isThrown, stackOfThrown, textOfThrown, unwrapped } from "../../text/thrown.js";
import type { Command, RaftPeer, RaftState, StartResult } from "../raft-peer.js";
import { ApplyChannel } from "./apply-channel.js";
import { TesterApi, TesterCallError } from "./tester-api.js";

/** Methods of a RaftPeer that are the tester's, not RPC handlers. */
const TESTER_METHODS = ["start", "getState", "kill", "snapshot"];

/**
 * The host of one incarnation, inside the peer's realm: loads raft.ts, gives it its ends, Persister and
 * apply channel, and turns what comes over the link into calls and what the peer does into messages.
 */
export class PeerHost {
  readonly #spec: BootSpec;
  readonly #say: (message: PeerToMain) => void;
  readonly #meter: PeerMeter | undefined;
  readonly #codec: Codec;
  readonly #calls = new Map<number, (reply: Uint8Array | undefined) => void>();
  readonly #applyCh: ApplyChannel;
  #server = new Server();
  #raft: RaftPeer | undefined;
  #tester: TesterApi | undefined;
  #lastRpcId = 0;
  #isAskingState = false;

  /** @param meter told where the peer's time goes, where the run is profiled */
  constructor(spec: BootSpec, say: (message: PeerToMain) => void, meter?: PeerMeter) {
    this.#spec = spec;
    this.#say = say;
    this.#meter = meter;
    this.#codec = meteredCodec(meter);
    this.#applyCh = new ApplyChannel(say);
  }

  /** Evaluates raft.ts, calls its `make` and says `ready`; or says the `fault` that kept it from that. */
  boot(loadModule: () => unknown): void {
    try {
      const raft = this.#make(loadModule());
      this.#raft = raft;
      this.#server = servicesOf(raft, this.#meter);
      this.#tester = new TesterApi(raft, (error) => this.fault("start", error));
      this.#say({ kind: "ready" });
    } catch (error) {
      this.fault("load", error);
    }
  }

  /** Takes one message of the main thread. */
  hear(message: MainToPeer): void {
    switch (message.kind) {
      case "request":
        this.#serve(message.rpcId, message.svcMeth, message.args);
        break;
      case "outcome":
        this.#settle(message.rpcId, message.reply ?? undefined);
        break;
      case "taken":
        this.#applyCh.taken();
        break;
      case "start":
        this.#answer(message.askId, this.#tester?.start(decode<Command>(message.command)));
        break;
      case "get-state":
        this.#answer(message.askId, this.#tester?.getState());
        break;
      case "kill":
        this.#tester?.kill();
        break;
      default:
        message satisfies never;
    }
  }

  /** A line of the peer's console. */
  log(level: LogLevel, text: string): void {
    this.#say({ kind: "log", level, text, ...this.#stateForLog() });
  }

  /** Says that the case must fail, and why. */
  fault(kind: FaultKind, error: unknown): void {
    const thrown = unwrapped(error);
    const stack = stackOfThrown(thrown);
    const isOfOurs = isThrown(thrown, LoadError) || isThrown(thrown, TesterCallError);
    const message = isOfOurs ? thrown.message : told(thrown);
    this.#say({ kind: "fault", fault: stack === undefined ? { kind, message } : { kind, message, stack } });
  }

  #make(module: unknown): RaftPeer {
    const make = (module as { make?: unknown } | undefined)?.make;
    if (typeof make !== "function") {
      const exports = Object.keys(module ?? {}).map((name) =>
        name === "make" ? `make, which is of type ${typeof make}` : name,
      );
      throw new LoadError(
        `it exports no function make (it exports ${exports.length > 0 ? exports.join(", ") : "nothing"}). ` +
          "Write: export function make(peers, me, persister, applyCh) { ... }",
      );
    }
    const ends = this.#spec.ends.map((name) => new ClientEnd(name, this.#carry, this.#codec));
    const persister = new MemoryPersister(this.#spec.state, this.#spec.snapshot, (state, snapshot) =>
      this.#say({ kind: "save", state, snapshot }),
    );
    const raft: unknown = make(Object.freeze(ends), this.#spec.peer, persister, this.#applyCh);
    checkRaftPeer(raft);
    return raft;
  }

  readonly #carry: Carrier = (end, svcMeth, args, { resolve, reject }) => {
    if (typeof svcMeth !== "string" || !svcMeth.includes(".")) {
      const error = new UnknownMethodError(
        `call takes service and method, such as "Raft.requestVote"; got ${JSON.stringify(svcMeth)}.`,
      );
      this.fault("unknown-method", error);
      reject(error);
      return;
    }
    const rpcId = ++this.#lastRpcId;
    this.#say({ kind: "call", rpcId, end, svcMeth, args });
    this.#calls.set(rpcId, resolve);
  };

  /** The answer leaves as a handler's reply does: behind what the peer says at once on being asked. */
  #answer(askId: number, answer: StartResult | RaftState | undefined): void {
    if (!answer) return; // it has never been made, and its fault ends the case
    const index = "index" in answer ? answer.index : -1;
    this.#say({ kind: "answer", askId, index, term: answer.term, isLeader: answer.isLeader });
  }

  #settle(rpcId: number, reply: Uint8Array | undefined): void {
    const settle = this.#calls.get(rpcId);
    this.#calls.delete(rpcId);
    settle?.(reply);
  }

  #serve(rpcId: number, svcMeth: string, args: Uint8Array): void {
    const asker: Asker<Uint8Array> = {
      resolve: (reply) => this.#say({ kind: "reply", rpcId, reply }),
      reject: (error) => this.fault(faultKindOf(error), error),
    };
    this.#server.dispatch(svcMeth, args, asker, rpcId);
  }

  /** What `getState` says right now, for a log line; `getState` itself may log, which must not recurse. */
  #stateForLog(): { term: number; isLeader: boolean } {
    if (!this.#raft || this.#isAskingState) return { term: 0, isLeader: false };
    this.#isAskingState = true;
    try {
      const { term, isLeader } = this.#raft.getState();
      return { term: Number(term), isLeader: Boolean(isLeader) };
    } catch {
      return { term: 0, isLeader: false }; // told when the tester asks, with its cause
    } finally {
      this.#isAskingState = false;
    }
  }
}

/** Words for what was thrown, or what a promise was rejected with. */
function told(error: unknown): string {
  const text = textOfThrown(error);
  return isThrown(error, Error) ? text : `what was thrown is ${text}`;
}

/** raft.ts does not do what `make` promises. */
class LoadError extends Error {
  override readonly name = "LoadError";
}

function checkRaftPeer(raft: unknown): asserts raft is RaftPeer {
  if (typeof raft !== "object" || raft === null) {
    throw new LoadError(
      `make returned ${String(raft)}; it must return the peer: an object with start, getState and kill`,
    );
  }
  if (typeof (raft as { then?: unknown }).then === "function") {
    throw new LoadError("make returned a promise; it must return the peer itself, at once");
  }
  const missing = ["start", "getState", "kill"].filter(
    (name) => typeof (raft as Record<string, unknown>)[name] !== "function",
  );
  if (missing.length > 0)
    throw new LoadError(`the peer that make returned has no method ${missing.join(", ")}`);
}

function servicesOf(raft: RaftPeer, meter: PeerMeter | undefined): Server {
  const server = new Server(meter);
  server.addService(new Service("Raft", raft, { exclude: TESTER_METHODS }));
  for (const [name, receiver] of Object.entries(raft.services ?? {})) {
    if (receiver !== raft) server.addService(new Service(name, receiver));
  }
  return server;
}

function faultKindOf(error: unknown): FaultKind {
  if (isThrown(error, UnknownMethodError)) return "unknown-method";
  if (isThrown(error, HandlerError)) return "handler";
  return "usage";
}
