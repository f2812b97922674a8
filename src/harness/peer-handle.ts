import { decode, encode } from "../labgob/labgob.js";
import type { Asker } from "../labrpc/asker.js";
import { LinkServer } from "../labrpc/link-server.js";
import type { Network } from "../labrpc/network.js";
import type { Fault, MainToPeer, Name, PeerToMain } from "../labrpc/wire.js";
import type { ApplyMsg, Command, RaftState, StartResult } from "../peer/raft-peer.js";
import type { MemoryPersister } from "../persister/memory-persister.js";
import type { Clock } from "../runtime/clock.js";
import type { PeerProcess } from "../runtime/runtime.js";

/** What `start` on a crashed peer answers: not leader, of no term (lab-spec 9.1). */
export const NOT_LEADER: StartResult = { index: -1, term: -1, isLeader: false };

/** What `getState` on a crashed peer answers: term unknown, not leader (lab-spec 9.1). */
export const UNKNOWN_STATE: RaftState = { term: -1, isLeader: false };

/** What a peer says with a line of its console. */
export type SaidLine = Omit<Extract<PeerToMain, { kind: "log" }>, "kind">;

/** What a peer says that concerns the tester. */
export interface PeerListener {
  /** `state` and `snapshot` are in the Persister already. */
  onSave(state: Uint8Array, snapshot: Uint8Array | null): void;
  /** It counts as taken. */
  onApply(message: ApplyMsg): void;
  onLog(line: SaidLine): void;
  onFault(fault: Fault): void;
}

export interface PeerHandleOptions {
  readonly peer: number;
  readonly process: PeerProcess;
  readonly network: Network;
  readonly clock: Clock;
  /** Takes this incarnation's saves. The tester replaces it by a copy when it crashes the peer. */
  readonly persister: Pick<MemoryPersister, "adopt">;
  readonly listener: PeerListener;
}

/**
 * One running incarnation of a peer, seen from the main thread: it takes what the peer says on its link to
 * where it belongs, and the tester's calls to the peer.
 */
export class PeerHandle {
  /** Puts the peer's handlers on the network. */
  readonly server: LinkServer;
  /** True when `make` has returned; false when the peer was crashed before. */
  readonly ready: Promise<boolean>;
  readonly #options: PeerHandleOptions;
  readonly #process: PeerProcess;
  /** The tester's calls without an answer yet: each takes it, or learns that the peer is crashed. */
  readonly #asked = new Map<number, (answer: StartResult | undefined) => void>();
  #lastAskId = 0;
  #settleReady: (isReady: boolean) => void = () => {};
  #isReady = false;
  #isCrashed = false;

  constructor(options: PeerHandleOptions) {
    this.#options = options;
    this.#process = options.process;
    const { link } = this.#process;
    this.server = new LinkServer(link, options.clock);
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve;
    });
    link.onMessage((message) => this.#hear(message));
  }

  /** Whether `make` has returned and the peer has not been crashed since. */
  get isRunning(): boolean {
    return this.#isReady && !this.#isCrashed;
  }

  /** Whether its event loop had not come round when it was last looked at. */
  get isStandingStill(): boolean {
    return this.#process.isStandingStill ?? false;
  }

  /**
   * Asks the peer to begin agreement. Calls arrive in the order made.
   * @returns the peer's answer; `NOT_LEADER` if it is crashed before it answers
   * @throws {EncodeError} if the command cannot travel
   */
  start(command: Command): Promise<StartResult> {
    const bytes = encode(command, "command");
    return new Promise((resolve) => {
      const take = (answer: StartResult = NOT_LEADER): void => resolve(answer);
      this.#ask((askId) => ({ kind: "start", askId, command: bytes }), take);
    });
  }

  /** @returns the peer's answer; `UNKNOWN_STATE` if it is crashed before it answers */
  getState(): Promise<RaftState> {
    return new Promise((resolve) => {
      const take = (answer: StartResult | undefined): void =>
        resolve(answer ? { term: answer.term, isLeader: answer.isLeader } : UNKNOWN_STATE);
      this.#ask((askId) => ({ kind: "get-state", askId }), take);
    });
  }

  /** Ends the peer at this instant. Nothing of it is heard any more, and nobody waits for it. */
  crash(): void {
    if (this.#isCrashed) return;
    this.#isCrashed = true;
    // The lab asks the peer to stop and does not wait for that (lab-spec 6.4). Here it has no time left to.
    this.#process.link.post({ kind: "kill" });
    this.#process.terminate();
    for (const take of this.#asked.values()) take(undefined);
    this.#asked.clear();
    this.#settleReady(false);
  }

  #hear(message: PeerToMain): void {
    if (this.#isCrashed) return;
    const { listener, persister } = this.#options;
    switch (message.kind) {
      case "ready":
        this.#isReady = true;
        this.#settleReady(true);
        break;
      case "call":
        this.#call(message.rpcId, message.end, message.svcMeth, message.args);
        break;
      case "reply":
        this.server.settle(message.rpcId, message.reply);
        break;
      case "save":
        // No copy: the state is often the largest thing that a peer says, and stands until the next one comes.
        persister.adopt(message.state, message.snapshot);
        listener.onSave(message.state, message.snapshot);
        break;
      case "apply":
        this.#take({ commandValid: true, commandIndex: message.index, command: decode(message.command) });
        break;
      case "apply-other":
        this.#take(decode(message.message));
        break;
      case "log":
        listener.onLog(message);
        break;
      case "answer":
        this.#answered(message);
        break;
      case "fault":
        listener.onFault(message.fault);
        break;
      default:
        message satisfies never;
    }
  }

  /** Taken first, dealt with after: the sender waits for no more than the taking (lab-spec 9.2). */
  #take(message: ApplyMsg): void {
    this.#process.link.post({ kind: "taken" });
    this.#options.listener.onApply(message);
  }

  #call(rpcId: number, end: Name, svcMeth: string, args: Uint8Array): void {
    const { network, peer } = this.#options;
    const asker: Asker<Uint8Array | undefined> = {
      resolve: (reply) => this.#process.link.post({ kind: "outcome", rpcId, reply: reply ?? null }),
      reject: (error) => this.#options.listener.onFault({ kind: "handler", message: String(error) }),
    };
    network.call(end, svcMeth, args, asker, peer);
  }

  #ask(question: (askId: number) => MainToPeer, take: (answer: StartResult | undefined) => void): void {
    if (this.#isCrashed) {
      take(undefined);
      return;
    }
    this.#lastAskId += 1;
    this.#asked.set(this.#lastAskId, take);
    this.#process.link.post(question(this.#lastAskId));
  }

  #answered({ askId, index, term, isLeader }: Extract<PeerToMain, { kind: "answer" }>): void {
    const take = this.#asked.get(askId);
    this.#asked.delete(askId);
    take?.({ index, term, isLeader });
  }
}
