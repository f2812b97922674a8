import type { Program } from "../peer/program.js";
import { Lockstep } from "./lockstep.js";
import type { Mode, Runtime } from "./runtime.js";
import type { ScheduleName } from "./schedule.js";
import { type RealmSharing, Sim } from "./sim.js";
import { PeerThreads } from "./threads.js";
import type { TurnGauge } from "./turn-gauge.js";

/** Gives a program runtimes of any mode, and keeps between runs what a mode can use again. */
export class Runtimes {
  readonly #program: Program;
  readonly #gauge: TurnGauge | undefined;
  #threads: PeerThreads | undefined;
  #lockstep: Lockstep | undefined;
  #sim: Sim | undefined;

  /** @param gauge told of each turn of a peer on this thread, where another thread watches it */
  constructor(program: Program, gauge?: TurnGauge) {
    this.#program = program;
    this.#gauge = gauge;
  }

  /**
   * @param schedule of meaning in virtual time
   * @param sharing of meaning in `sim`
   */
  runtime(mode: Mode, seed: number, schedule: ScheduleName, sharing: RealmSharing): Runtime {
    switch (mode) {
      case "threads":
        this.#threads ??= new PeerThreads(this.#program);
        return this.#threads.runtime(seed);
      case "lockstep":
        this.#lockstep ??= new Lockstep(this.#program);
        return this.#lockstep.runtime(seed, schedule);
      case "sim":
        this.#sim ??= new Sim(this.#program, this.#gauge);
        return this.#sim.runtime(seed, schedule, sharing);
      default:
        return mode satisfies never;
    }
  }

  /** Ends every thread. Resolves when none is left. */
  async close(): Promise<void> {
    await Promise.all([this.#threads?.close(), this.#lockstep?.close()]);
  }
}
