import type { RunError } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { FLOOD_LIMIT } from "../runtime/isolated-peer.js";
import { Standstill } from "../runtime/standstill.js";
import { placeOfThread } from "../runtime/thread-place.js";
import { floodFault, memoryFault, stuckFault } from "../runtime/turn-faults.js";
import { TurnGrowth } from "../runtime/turn-growth.js";
import { whereIsThread } from "../runtime/where-is-thread.js";
import { caseIsStuck } from "./broken-off.js";
import { Pulse } from "./pulse.js";

/** How often a running task is looked at, in ms of real time. */
const WATCH_MS = 100;
/** How long the event loop of a run may stand still. */
const STUCK_MS = 5000;

export interface WatchOptions {
  readonly program: Program;
  /** Largest heap of the thread that runs, in MiB. */
  readonly heapMiB: number;
}

/**
 * Watches one run on another thread, and ends it when its event loop has stood still for 5 s, or when a
 * single turn takes much memory: left to itself, Node would as a rule end the process with the thread.
 */
export class Watch {
  readonly pulse = new Pulse();
  readonly #options: WatchOptions;
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #growth: TurnGrowth;
  readonly #standstill: Standstill;
  #lastBeats = 0;
  #lastTurns = 0;
  #broken: RunError | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#growth = new TurnGrowth(options.heapMiB);
    const place = (): string => placeOfThread(this.pulse.osThread());
    this.#standstill = new Standstill({ limitMs: STUCK_MS, everyMs: WATCH_MS, place });
    this.#timer = setInterval(() => this.#look(), WATCH_MS);
  }

  /** Aborted when the run is to end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why the run was ended, if it was ended from here. */
  get broken(): RunError | undefined {
    return this.#broken;
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

  /** Ends the run. */
  end(why: Omit<RunError, "atMs">): void {
    this.stop();
    this.#broken = this.atTurn(why);
    this.#abort.abort();
  }

  #look(): void {
    if (this.pulse.threadId() === 0) return;
    const [beats, turns] = [this.pulse.beats(), this.pulse.turns()];
    const isStill = beats === this.#lastBeats;
    const isSameTurn = isStill && turns === this.#lastTurns && this.pulse.peer() !== undefined;
    this.#lastBeats = beats;
    this.#lastTurns = turns;
    const grownMiB = this.#growth.look(isSameTurn);
    if (grownMiB !== undefined) {
      void this.#endWhereItIs((stack) => memoryFault("the run", grownMiB, this.#options.heapMiB, stack));
    } else if (this.#standstill.look(!isStill)) {
      void this.#endWhereItIs((stack) =>
        this.pulse.peer() === undefined ? caseIsStuck(STUCK_MS) : stuckFault(STUCK_MS, stack),
      );
    }
  }

  /** Ends the run. @param why given where in raft.ts the thread stands, if that is known */
  async #endWhereItIs(why: (stack: string | undefined) => Omit<RunError, "atMs">): Promise<void> {
    this.stop();
    this.end(why(await whereIsThread(this.pulse.threadId(), this.#options.program)));
  }
}
