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
    const seconds = (STUCK_LOOKS * WATCH_MS) / 1000;
    const stack = await whereIsThread(this.pulse.threadId(), this.#program);
    this.#stuck = {
      kind: "stuck",
      message:
        `a single turn has run for ${seconds} s of real time. A handler, a timer or start() must return, or ` +
        "await something that takes time; a loop that waits for Date.now() to change never ends in virtual time.",
      atMs: 0,
      ...(stack === undefined ? {} : { stack }),
    };
    this.#abort.abort();
  }
}
