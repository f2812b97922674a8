import { Kernel, type StallWatch } from "./kernel.js";
import { MAX_SEED, type Random, seededRandom } from "./random.js";
import type { BootSpec, PeerProcess, Runtime } from "./runtime.js";
import { paceOf, type ScheduleName } from "./schedule.js";
import { type VirtualPeer, VirtualProcess } from "./virtual-process.js";

export interface VirtualRuntimeOptions {
  readonly mode: "lockstep" | "sim";
  readonly seed: number;
  readonly schedule: ScheduleName;
  /** Makes the peer of one incarnation; nothing of raft.ts runs before its first turn. */
  readonly newPeer: (spec: BootSpec) => VirtualPeer;
  /** Ends what `newPeer` needed. Resolves when nothing of it is left. */
  readonly close?: () => Promise<void>;
}

/** Virtual time for one run: the kernel is its clock, and peers run when the kernel says so. */
export class VirtualRuntime implements Runtime {
  readonly mode: "lockstep" | "sim";
  readonly clock: Kernel;
  readonly random: Random;
  readonly #options: VirtualRuntimeOptions;
  /** The latest incarnation of each peer; an older one would keep its realm. */
  readonly #processes = new Map<number, VirtualProcess>();

  constructor(options: VirtualRuntimeOptions) {
    this.mode = options.mode;
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.clock = new Kernel(this.random.fork("ties").int(0, MAX_SEED));
  }

  boot(spec: BootSpec): PeerProcess {
    const { schedule, newPeer } = this.#options;
    const pace = paceOf(schedule, this.random.fork(`pace:${spec.peer}:${spec.incarnation}`));
    const process = new VirtualProcess(this.clock, pace, spec.peer, newPeer(spec));
    this.#processes.set(spec.peer, process);
    return process;
  }

  watchForStall(watch: StallWatch): void {
    this.clock.watchForStall(watch);
  }

  async close(): Promise<void> {
    this.clock.close();
    for (const process of this.#processes.values()) process.terminate();
    await this.#options.close?.();
  }
}
