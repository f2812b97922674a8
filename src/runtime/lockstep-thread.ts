import { setTimeout as realSleep } from "node:timers/promises";
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { FrameReader, FrameWriter } from "../labrpc/frames.js";
import type { Fault, MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { Program } from "../peer/program.js";
import { FLOOD_LIMIT } from "./isolated-peer.js";
import { type FromLockstepPeer, type ToLockstepPeer, TurnCells } from "./lockstep-peer.js";
import { faultOf, peerWorker } from "./peer-thread.js";
import type { BootSpec } from "./runtime.js";
import { Standstill } from "./standstill.js";
import { ThreadGauges } from "./thread-gauges.js";
import { placeOfThread } from "./thread-place.js";
import type { SpareThread } from "./thread-pool.js";
import { floodFault, memoryFault, stuckFault } from "./turn-faults.js";
import { TurnGrowth } from "./turn-growth.js";
import type { TurnEnd, TurnInput, VirtualPeer } from "./virtual-process.js";
import { whereIsThread } from "./where-is-thread.js";

/** A turn takes microseconds. One that takes longer than this many ms is waited for with the event loop free. */
const SHORT_MS = 100;
/** How often a long turn is looked at, in ms of real time. */
const LOOK_MS = 20;
/** How long a turn may take. */
const STUCK_MS = 5000;

/** A worker thread in lockstep: a spare at first, then one incarnation of a peer, run a turn at a time. */
export class LockstepThread implements VirtualPeer, SpareThread {
  readonly ready: Promise<void>;
  readonly ended: Promise<void>;
  readonly #program: Program;
  readonly #heapMiB: number;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #writer = new FrameWriter();
  readonly #reader = new FrameReader<PeerToMain>();
  readonly #cells = new TurnCells();
  readonly #gauges = new ThreadGauges();
  #turnsBegun = 0;
  #isReady = false;
  /** Nothing is to come of it any more: it was terminated, or its last words were told. */
  #isOver = false;
  /** Why the thread ended by itself. */
  #lastBreath: Fault | undefined;

  /** @param heapMiB largest heap of the peer */
  constructor(program: Program, heapMiB: number) {
    this.#program = program;
    this.#heapMiB = heapMiB;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const gauges = this.#gauges.buffer;
    const turnCells = this.#cells.buffer;
    this.#worker = peerWorker(program, { port: port2, gauges, turnCells, probe: undefined }, heapMiB);
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
      this.#lastBreath ??= faultOf(error, heapMiB);
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
    this.#post({ nowUs, lead, frames: new Uint8Array(this.#writer.write(messages)) });
  }

  end(): TurnEnd | Promise<TurnEnd> {
    if (this.#isOver) return SILENT;
    const shortEndsAtMs = performance.now() + SHORT_MS;
    while (!this.#isTurnDone) {
      // A notify that comes late wakes the wait of the next turn: look again instead of trusting it.
      this.#cells.waitWhile((this.#turnsBegun - 1) | 0, SHORT_MS);
      if (performance.now() > shortEndsAtMs && !this.#isTurnDone) return this.#endLate();
    }
    return this.#answer();
  }

  terminate(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.close();
    void this.#worker.terminate();
  }

  get #isTurnDone(): boolean {
    return this.#cells.done() === this.#turnsBegun;
  }

  #post(message: ToLockstepPeer): void {
    this.#port.postMessage(message);
  }

  #answer(): TurnEnd {
    const answer = receiveMessageOnPort(this.#port);
    if (!answer) throw new Error("A thread in lockstep counted a turn as done that it did not answer.");
    const { frames, nextDueUs } = answer.message as FromLockstepPeer;
    return { said: this.#reader.read(frames), nextDueUs };
  }

  /** Waits for a turn that takes long, because the thread still boots, has ended, or is stuck. */
  async #endLate(): Promise<TurnEnd> {
    const growth = new TurnGrowth(this.#heapMiB);
    const place = (): string => placeOfThread(this.#gauges.osThread());
    const standstill = new Standstill({ limitMs: STUCK_MS, everyMs: LOOK_MS, place });
    for (let isSameTurn = false; !this.#isTurnDone; isSameTurn = this.#isReady) {
      if (this.#isOver) return SILENT;
      if (this.#lastBreath) return this.#lastTurn(this.#lastBreath);
      const grownMiB = growth.look(isSameTurn);
      if (grownMiB !== undefined) {
        return this.#lastTurn(memoryFault("its thread", grownMiB, this.#heapMiB, await this.#stack()));
      }
      // What boots has not begun its turn.
      if (standstill.look(!isSameTurn)) return this.#lastTurn(stuckFault(STUCK_MS, await this.#stack()));
      await realSleep(LOOK_MS);
    }
    return this.#isOver ? SILENT : this.#answer();
  }

  #stack(): Promise<string | undefined> {
    return whereIsThread(this.#worker.threadId, this.#program);
  }

  /** Its last words. What came of a flood, a thread that hangs or has no memory left, is not what is to be told. */
  #lastTurn(fault: Fault): TurnEnd {
    this.terminate();
    const told = this.#cells.hasFlood() ? floodFault(`${FLOOD_LIMIT}, which does not end`) : fault;
    return { ...SILENT, said: [{ kind: "fault", fault: told }] };
  }
}

const SILENT: TurnEnd = { said: [], nextDueUs: Number.POSITIVE_INFINITY };
