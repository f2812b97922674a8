import type { FaultKind, PeerToMain } from "../labrpc/wire.js";
import { CompiledProgram, type Isolate } from "../peer/isolate.js";
import type { Program } from "../peer/program.js";
import type { BootSpec } from "./runtime.js";
import type { ScheduleName } from "./schedule.js";
import type { TurnEnd, TurnInput, VirtualPeer } from "./virtual-process.js";
import { VirtualRuntime } from "./virtual-runtime.js";

/**
 * The mode `sim`: all peers on this thread, each in an isolate of its own, in virtual time. Made once per
 * program and thread; each run gets a runtime of its own.
 *
 * A peer that loops for ever blocks this thread: run it where another thread can end it.
 */
export class Sim {
  readonly #program: CompiledProgram;

  constructor(program: Program) {
    this.#program = new CompiledProgram(program);
  }

  /** Time, chance and peers for one run of one case. */
  runtime(seed: number, schedule: ScheduleName = "lively"): VirtualRuntime {
    const newPeer = (spec: BootSpec): VirtualPeer => new IsolatedPeer(this.#program, spec);
    return new VirtualRuntime({ mode: "sim", seed, schedule, newPeer });
  }
}

/** One incarnation in an isolate on this thread. */
export class IsolatedPeer implements VirtualPeer {
  readonly #isolate: Isolate;
  #said: PeerToMain[] = [];

  constructor(program: CompiledProgram, spec: BootSpec) {
    this.#isolate = program.open({ spec, time: "virtual", say: (message) => this.#said.push(message) });
  }

  begin(nowUs: number, inputs: readonly TurnInput[]): void {
    const { time } = this.#isolate;
    time?.setNowUs(nowUs);
    for (const input of inputs) {
      if (input.kind === "boot") this.#isolate.boot();
      else if (input.kind !== "timer") this.#isolate.hear(input);
      else if (time && time.nextDueUs() <= nowUs) time.fireNext();
    }
  }

  end(): TurnEnd {
    const said = this.#said;
    this.#said = [];
    return { said, nextDueUs: this.#isolate.time?.nextDueUs() ?? Number.POSITIVE_INFINITY };
  }

  fault(kind: FaultKind, error: unknown): void {
    this.#isolate.fault(kind, error);
  }

  /** Nobody gives it a turn any more; its realm is collected. */
  terminate(): void {}
}
