import type { MessagePort } from "node:worker_threads";
import { FrameReader, FrameWriter } from "../labrpc/frames.js";
import type { MainToPeer } from "../labrpc/wire.js";
import type { CompiledProgram } from "../peer/isolate.js";
import { IsolatedPeer } from "./isolated-peer.js";
import type { BootSpec } from "./runtime.js";
import type { TurnGauge } from "./turn-gauge.js";
import type { TurnInput } from "./virtual-process.js";

/** What the main thread says to a thread in lockstep. */
export type ToLockstepPeer =
  /** Which incarnation it becomes; nothing of raft.ts runs yet. */
  | { readonly spec: BootSpec }
  /** A turn: what leads it, then the messages. */
  | {
      readonly nowUs: number;
      readonly lead: "boot" | "timer" | undefined;
      readonly frames: Uint8Array<ArrayBuffer>;
    };

/** What the thread says at the end of a turn. */
export interface FromLockstepPeer {
  readonly frames: Uint8Array<ArrayBuffer>;
  /** `Infinity` where no timer is set. */
  readonly nextDueUs: number;
}

/** What a thread in lockstep and the main thread share. Read and written with `Atomics`. */
export class TurnCells {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  /** A view of the cells behind `buffer`, or new ones. */
  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** The thread: one more turn is done, and its answer posted. */
  countDone(): void {
    Atomics.add(this.#cells, 0, 1);
    Atomics.notify(this.#cells, 0);
  }

  /** The thread: it has said more in this turn than its link bears. */
  flood(): void {
    Atomics.store(this.#cells, 1, 1);
  }

  /** Turns done, modulo 2^32. */
  done(): number {
    return Atomics.load(this.#cells, 0);
  }

  hasFlood(): boolean {
    return Atomics.load(this.#cells, 1) === 1;
  }

  /** The main thread: blocks while just `done` turns are done, for `ms` at most. It may wake for nothing. */
  waitWhile(done: number, ms: number): void {
    Atomics.wait(this.#cells, 0, done, ms);
  }
}

/**
 * The thread's side of the mode `lockstep`: the same isolate as in `sim`, a turn at a time. It answers when
 * nothing that the turn set off is left to run, and counts the turn as done.
 */
export function lockstepPeer(port: MessagePort, cells: TurnCells, program: CompiledProgram): void {
  const writer = new FrameWriter();
  const reader = new FrameReader<MainToPeer>();
  let peer: IsolatedPeer | undefined;
  /** Whether an exception that nobody caught has left next-ticks and microtasks of this turn for later. */
  let isTorn = false;
  const gauge: TurnGauge = { begins: () => {}, ends: () => {}, floods: () => cells.flood() };
  const endTurn = (): void => {
    if (!peer) return;
    if (isTorn) {
      isTorn = false;
      setImmediate(endTurn);
      return;
    }
    const { said, nextDueUs } = peer.end();
    const answer: FromLockstepPeer = { frames: new Uint8Array(writer.write(said)), nextDueUs };
    port.postMessage(answer);
    cells.countDone();
  };
  port.on("message", (message: ToLockstepPeer) => {
    if ("spec" in message) {
      peer = new IsolatedPeer(program, message.spec, gauge);
    } else {
      setImmediate(endTurn); // microtasks, next-ticks and rejections come before it (findings, draining)
      peer?.begin(message.nowUs, inputsOf(message.lead, reader.read(message.frames)));
    }
  });
  const blame = (error: unknown): void => peer?.fault("unhandled", error);
  process.on("unhandledRejection", blame);
  process.on("uncaughtException", (error) => {
    isTorn = true;
    blame(error);
  });
}

function inputsOf(lead: "boot" | "timer" | undefined, messages: MainToPeer[]): readonly TurnInput[] {
  return lead === undefined ? messages : [{ kind: lead }, ...messages];
}
