import { setTimeout as realSleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { decodeFrames, encodeFrames } from "../labrpc/frames.js";
import type { Fault, MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { Program } from "../peer/program.js";
import type { FromLockstepPeer, ToLockstepPeer } from "./lockstep-peer.js";
import { faultOf, PEER_HEAP_MIB, peerWorker } from "./peer-thread.js";
import type { BootSpec } from "./runtime.js";
import { ThreadGauges } from "./thread-gauges.js";
import type { SpareThread } from "./thread-pool.js";
import type { TurnEnd, TurnInput, VirtualPeer } from "./virtual-process.js";
import { whereIsThread } from "./where-is-thread.js";

/** A turn takes microseconds. One that takes longer than this many ms is waited for with the event loop free. */
const SHORT_MS = 100;
/** How often a long turn is looked at, in ms of real time. */
const LOOK_MS = 20;
/** A single turn that takes this long in real time is stuck. */
const STUCK_MS = 5000;

/** A worker thread in lockstep: a spare at first, then one incarnation of a peer, run a turn at a time. */
export class LockstepThread implements VirtualPeer, SpareThread {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #program: Program;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #turnsBegun = 0;
  #isReady = false;
  #isTerminated = false;
  /** Why the thread ended by itself. */
  #lastBreath: Fault | undefined;

  constructor(program: Program) {
    this.#program = program;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const gauges = new ThreadGauges().buffer;
    const turnsDone = this.#done.buffer as SharedArrayBuffer;
    this.#worker = peerWorker({ program, port: port2, gauges, turnsDone, probe: undefined }, PEER_HEAP_MIB);
    this.ready = new Promise((resolve) => {
      this.#worker.once("online", () => {
        this.#isReady = true;
        resolve();
      });
      this.#worker.once("exit", () => resolve());
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        this.#lastBreath ??= { kind: "exit", message: `its thread ended by itself, with exit code ${code}.` };
        resolve();
      });
    });
    this.#worker.on("error", (error) => {
      this.#lastBreath ??= faultOf(error, PEER_HEAP_MIB);
    });
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Turns the spare into an incarnation of a peer. */
  become(spec: BootSpec): void {
    this.#post({ spec });
  }

  begin(nowUs: number, inputs: readonly TurnInput[]): void {
    const [first] = inputs;
    const lead = first?.kind === "boot" || first?.kind === "timer" ? first.kind : undefined;
    const messages = (lead === undefined ? inputs : inputs.slice(1)) as readonly MainToPeer[];
    this.#turnsBegun = (this.#turnsBegun + 1) | 0;
    this.#post({ nowUs, lead, frames: encodeFrames(messages) });
  }

  end(): TurnEnd | Promise<TurnEnd> {
    const shortEndsAtMs = performance.now() + SHORT_MS;
    while (!this.#isTurnDone) {
      // A notify that comes late wakes the wait of the next turn: look again instead of trusting it.
      Atomics.wait(this.#done, 0, (this.#turnsBegun - 1) | 0, SHORT_MS);
      if (performance.now() > shortEndsAtMs && !this.#isTurnDone) return this.#endLate();
    }
    return this.#answer();
  }

  /** What nobody caught, its own thread tells. */
  fault(): void {}

  terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    this.#port.close();
    void this.#worker.terminate();
  }

  get #isTurnDone(): boolean {
    return Atomics.load(this.#done, 0) === this.#turnsBegun;
  }

  #post(message: ToLockstepPeer): void {
    this.#port.postMessage(message);
  }

  #answer(): TurnEnd {
    const answer = receiveMessageOnPort(this.#port);
    if (!answer) throw new Error("A thread in lockstep counted a turn as done that it did not answer.");
    const { frames, nextDueUs } = answer.message as FromLockstepPeer;
    return { said: decodeFrames<PeerToMain>(frames), nextDueUs };
  }

  /** Waits for a turn that takes long, because the thread still boots, has ended, or is stuck. */
  async #endLate(): Promise<TurnEnd> {
    const stuckAtMs = performance.now() + STUCK_MS;
    while (!this.#isTurnDone) {
      if (this.#isTerminated) return SILENT;
      if (this.#lastBreath) return lastTurn(this.#lastBreath);
      if (performance.now() > stuckAtMs) return lastTurn(await this.#stuck());
      await realSleep(LOOK_MS);
    }
    return this.#answer();
  }

  async #stuck(): Promise<Fault> {
    const stack = await whereIsThread(this.#worker.threadId, this.#program);
    this.terminate();
    const message =
      `a single turn has run for ${STUCK_MS / 1000} s of real time. A handler, a timer or start() must return, or ` +
      "await something that takes time; a loop that waits for Date.now() to change never ends in virtual time.";
    return { kind: "stuck", message, ...(stack === undefined ? {} : { stack }) };
  }
}

const SILENT: TurnEnd = { said: [], nextDueUs: Number.POSITIVE_INFINITY };

function lastTurn(fault: Fault): TurnEnd {
  return { ...SILENT, said: [{ kind: "fault", fault }] };
}
