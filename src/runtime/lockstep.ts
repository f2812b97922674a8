import type { Program } from "../peer/program.js";
import { LockstepThread } from "./lockstep-thread.js";
import { PEER_HEAP_MIB } from "./peer-thread.js";
import type { BootSpec } from "./runtime.js";
import type { ScheduleName } from "./schedule.js";
import { ThreadPool } from "./thread-pool.js";
import type { VirtualPeer } from "./virtual-process.js";
import { VirtualRuntime } from "./virtual-runtime.js";

/** Threads kept ready: as many as peers of the smallest case, since no peer runs while another boots. */
const SPARES = 3;

/**
 * The mode `lockstep`: every peer on a worker thread of its own, in virtual time, one turn of one peer at a
 * time. The kernel, and with it the history, is that of `sim`.
 */
export class Lockstep extends ThreadPool<LockstepThread> {
  /** @param peerHeapMiB largest heap of a peer's thread */
  constructor(program: Program, peerHeapMiB = PEER_HEAP_MIB) {
    super(SPARES, () => new LockstepThread(program, peerHeapMiB));
  }

  /** Time, chance and peers for one run of one case. */
  runtime(seed: number, schedule: ScheduleName = "lively"): VirtualRuntime {
    const running: LockstepThread[] = [];
    const newPeer = (spec: BootSpec): VirtualPeer => {
      const thread = this.take();
      thread.become(spec);
      running.push(thread);
      return thread;
    };
    const close = async (): Promise<void> => {
      for (const thread of running) thread.terminate();
      await Promise.all(running.map((thread) => thread.ended));
    };
    return new VirtualRuntime({ mode: "lockstep", seed, schedule, newPeer, close });
  }
}
