import type { Program } from "../peer/program.js";
import { Lockstep } from "./lockstep.js";
import type { Mode, Runtime } from "./runtime.js";
import type { ScheduleName } from "./schedule.js";
import { Sim } from "./sim.js";
import { PeerThreads } from "./threads.js";

/** Gives a program runtimes of any mode, and keeps between runs what a mode can use again. */
export class Runtimes {
  readonly #program: Program;
  #threads: PeerThreads | undefined;
  #lockstep: Lockstep | undefined;
  #sim: Sim | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  /** @param schedule of meaning in virtual time */
  runtime(mode: Mode, seed: number, schedule: ScheduleName): Runtime {
    switch (mode) {
      case "threads":
        this.#threads ??= new PeerThreads(this.#program);
        return this.#threads.runtime(seed);
      case "lockstep":
        this.#lockstep ??= new Lockstep(this.#program);
        return this.#lockstep.runtime(seed, schedule);
      case "sim":
        this.#sim ??= new Sim(this.#program);
        return this.#sim.runtime(seed, schedule);
      default:
        return mode satisfies never;
    }
  }

  /** Ends every thread. Resolves when none is left. */
  async close(): Promise<void> {
    await Promise.all([this.#threads?.close(), this.#lockstep?.close()]);
  }
}
