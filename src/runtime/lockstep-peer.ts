import type { MessagePort } from "node:worker_threads";
import { decodeFrames, encodeFrames } from "../labrpc/frames.js";
import type { MainToPeer } from "../labrpc/wire.js";
import type { CompiledProgram } from "../peer/isolate.js";
import { IsolatedPeer } from "./isolated-peer.js";
import type { BootSpec } from "./runtime.js";
import type { TurnInput } from "./virtual-process.js";

/** What the main thread says to a thread in lockstep. */
export type ToLockstepPeer =
  /** Which incarnation it becomes; nothing of raft.ts runs yet. */
  | { readonly spec: BootSpec }
  /** A turn: what leads it, then the messages. */
  | { readonly nowUs: number; readonly lead: "boot" | "timer" | undefined; readonly frames: Uint8Array };

/** What the thread says at the end of a turn. */
export interface FromLockstepPeer {
  readonly frames: Uint8Array;
  /** `Infinity` where no timer is set. */
  readonly nextDueUs: number;
}

/**
 * The thread's side of the mode `lockstep`: the same isolate as in `sim`, a turn at a time. It answers when
 * nothing that the turn set off is left to run, and counts the turn as done.
 */
export function lockstepPeer(
  port: MessagePort,
  turnsDone: SharedArrayBuffer,
  program: CompiledProgram,
): void {
  const done = new Int32Array(turnsDone);
  let peer: IsolatedPeer | undefined;
  const endTurn = (): void => {
    if (!peer) return;
    const { said, nextDueUs } = peer.end();
    const answer: FromLockstepPeer = { frames: encodeFrames(said), nextDueUs };
    port.postMessage(answer);
    Atomics.add(done, 0, 1);
    Atomics.notify(done, 0);
  };
  port.on("message", (message: ToLockstepPeer) => {
    if ("spec" in message) {
      peer = new IsolatedPeer(program, message.spec);
    } else {
      setImmediate(endTurn); // microtasks, next-ticks and rejections come before it (findings, draining)
      peer?.begin(message.nowUs, inputsOf(message.lead, message.frames));
    }
  });
  const blame = (error: unknown): void => peer?.fault("unhandled", error);
  process.on("unhandledRejection", blame);
  process.on("uncaughtException", blame);
}

function inputsOf(lead: "boot" | "timer" | undefined, frames: Uint8Array): readonly TurnInput[] {
  const messages = decodeFrames<MainToPeer>(frames);
  return lead === undefined ? messages : [{ kind: lead }, ...messages];
}
