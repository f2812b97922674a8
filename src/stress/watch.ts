import type { RunError } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { FLOOD_LIMIT } from "../runtime/isolated-peer.js";
import { floodFault, stuckFault } from "../runtime/turn-faults.js";
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

  /** `error` with what can be told of the turn that the run ended in: whose it was, and when. */
  atTurn(error: Omit<RunError, "atMs">): RunError {
    const atMs = this.pulse.nowMs();
    const peer = this.pulse.peer();
    if (peer === undefined) return { ...error, atMs };
    // What came of a flood, a thread that hangs or has no memory left, is not what the author has to mend.
    return this.pulse.hasFlood()
      ? { ...error, ...floodFault(`${FLOOD_LIMIT}, which does not end`), peer, atMs }
      : { ...error, peer, atMs };
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
    const isPeers = this.pulse.peer() !== undefined;
    this.#stuck = this.atTurn(isPeers ? stuckFault(STUCK_S, stack) : CASE_IS_STUCK);
    this.#abort.abort();
  }
}

/** Real seconds without a beat. */
const STUCK_S = (STUCK_LOOKS * WATCH_MS) / 1000;

const CASE_IS_STUCK = {
  kind: "stuck",
  message: `the case has kept its thread busy for ${STUCK_S} s of real time, and no peer is at its turn: what does it loop over?`,
};
