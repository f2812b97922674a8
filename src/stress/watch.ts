import type { RunError } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { whereIsThread } from "../runtime/where-is-thread.js";
import { Pulse } from "./pulse.js";

/** How often a running task is looked at, in ms of real time. */
const WATCH_MS = 500;
/** Looks without a beat until the run counts as stuck: 5 s. Looks, since this thread may stall too. */
const STUCK_LOOKS = 10;

/** Watches one run on another thread, and ends it when its event loop has stood still for 5 s. */
export class Watch {
  readonly pulse = new Pulse();
  readonly #program: Program;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #lastBeats = 0;
  #looks = 0;
  #stuck: RunError | undefined;

  constructor(program: Program) {
    this.#program = program;
    this.#timer = setInterval(() => this.#look(), WATCH_MS);
  }

  /** Aborted when the run is stuck. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why the run was ended, if it was ended from here. */
  get stuck(): RunError | undefined {
    return this.#stuck;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const beats = this.pulse.beats();
    this.#looks = beats === this.#lastBeats && this.pulse.threadId() > 0 ? this.#looks + 1 : 0;
    this.#lastBeats = beats;
    if (this.#looks === STUCK_LOOKS) void this.#end();
  }

  async #end(): Promise<void> {
    this.stop();
    const stack = await whereIsThread(this.pulse.threadId(), this.#program);
    this.#stuck = {
      kind: "stuck",
      message: this.pulse.peer() === undefined ? CASE_IS_STUCK : TURN_IS_STUCK,
      atMs: 0,
      ...(stack === undefined ? {} : { stack }),
    };
    this.#abort.abort();
  }
}

const CASE_IS_STUCK = `no peer is at its turn, and yet the thread of the run has been busy for ${(STUCK_LOOKS * WATCH_MS) / 1000} s of real time: does the case itself loop?`;
