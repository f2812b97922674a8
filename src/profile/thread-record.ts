import { type EventLoopUtilization, type Histogram, performance } from "node:perf_hooks";
import { summary } from "./histograms.js";
import { between, currentWaitMs, type OsFigures, OsThread, type ProcPlace } from "./os-thread.js";
import type { Figure, ThreadProfile } from "./profile.js";
import { LOOP_LOOK_MS, TURN_LOOK_MS } from "./thread-words.js";

type ReadLoop = (since?: EventLoopUtilization) => EventLoopUtilization;

/** Histograms that a thread keeps of itself. */
export interface OwnHistograms {
  readonly loop: Histogram;
  readonly collections: Histogram;
}

export interface Heap {
  readonly used: number;
  readonly highest: number;
}

/** One look at a thread from outside. */
export interface ThreadLook {
  readonly atMs: number;
  readonly figures: OsFigures;
}

const AT_BIRTH: OsFigures = {
  onCoreMs: 0,
  waitingMs: 0,
  wantedSwitches: 0,
  forcedSwitches: 0,
  isReady: false,
};
const BYTES_PER_MIB = 2 ** 20;

/**
 * What the system and the engine tell of one thread, from when it began to be watched until it ended or was
 * no longer watched. The last look holds when the thread ends without a word.
 */
export class ThreadRecord {
  /** Each look, the first when it began to count; filled where a trace is asked for. */
  readonly looks: ThreadLook[] = [];
  readonly #keepsLooks: boolean;
  #os: OsThread | undefined;
  #unavailable = "the thread ended before it was looked at";
  #histograms: OwnHistograms | undefined;
  #fromMs = performance.now();
  #toMs: number | undefined;
  #first: OsFigures = AT_BIRTH;
  #last: ThreadLook | undefined;
  /** For how long it had been waiting for a core at the last look. */
  #currentWaitMs = 0;
  #readLoop: ReadLoop = () => ({ idle: 0, active: 0, utilization: 0 });
  #loopAtFirst: EventLoopUtilization | undefined;
  #loop: EventLoopUtilization | undefined;

  constructor(keepsLooks: boolean) {
    this.#keepsLooks = keepsLooks;
  }

  /** The thread is there: `readLoop` tells its event loop's utilization. */
  spawned(readLoop: ReadLoop): void {
    this.#readLoop = readLoop;
  }

  /** The thread has told where the system tells of it, and what it keeps of itself. */
  introduced(place: ProcPlace, histograms: OwnHistograms): void {
    this.#histograms = histograms;
    try {
      if ("unavailable" in place) this.#unavailable = place.unavailable;
      else this.#os = new OsThread(place.path);
      this.begin(); // what it did before it could be looked at cannot be told apart by time
    } catch (error) {
      this.#unavailable = (error as Error).message;
    }
  }

  /** What happens from now on counts. */
  begin(): void {
    this.#fromMs = performance.now();
    this.#first = this.#os?.read() ?? AT_BIRTH;
    this.#loopAtFirst = this.#readLoop();
    this.#histograms?.loop.reset();
    this.#histograms?.collections.reset();
    this.looks.length = 0;
    if (this.#keepsLooks && this.#os) this.looks.push({ atMs: this.#fromMs, figures: this.#first });
    this.#last = undefined;
    this.#currentWaitMs = 0;
  }

  /** Looks at the thread: what it holds is the figures of the last look. */
  look(): void {
    if (this.#toMs !== undefined) return;
    const loop = this.#readLoop(this.#loopAtFirst);
    if (loop.idle + loop.active > 0) this.#loop = loop; // else the thread has ended
    const figures = this.#os?.read();
    if (!figures) return;
    const before = this.#last ?? { atMs: this.#fromMs, figures: this.#first };
    const atMs = performance.now();
    const meanwhile = between(before.figures, figures);
    this.#currentWaitMs = currentWaitMs(this.#currentWaitMs, atMs - before.atMs, meanwhile);
    this.#last = { atMs, figures };
    if (this.#keepsLooks) this.looks.push(this.#last);
  }

  /** The thread is about to end, or to be watched no more. */
  end(): void {
    this.look();
    this.#toMs ??= performance.now();
    this.#os?.close();
    this.#os = undefined;
  }

  get fromMs(): number {
    return this.#fromMs;
  }

  /** @param lastTurnMs when its event loop turned last, as far as it was looked at; left out for the own thread */
  profile(
    who: Pick<ThreadProfile, "name" | "peer" | "incarnation">,
    heap: Heap,
    lastTurnMs?: number,
  ): ThreadProfile {
    const toMs = this.#toMs ?? performance.now();
    const wallMs = toMs - this.#fromMs;
    const standstillMs = lastTurnMs === undefined ? 0 : standstill(toMs - Math.max(lastTurnMs, this.#fromMs));
    const loopDelay = summary(this.#histograms?.loop, LOOP_LOOK_MS);
    const os = this.#last && between(this.#first, this.#last.figures);
    const figure = (tell: (figures: OsFigures) => number): Figure =>
      os ? tell(os) : { unavailable: this.#unavailable };
    // A wait that had begun before counts as a whole when it ends, hence the limit.
    const waiting = ({ onCoreMs, waitingMs }: OsFigures): number =>
      Math.max(0, Math.min(waitingMs + this.#currentWaitMs, wallMs - onCoreMs));
    return {
      ...who,
      fromMs: this.#fromMs,
      wallMs,
      onCoreMs: figure(({ onCoreMs }) => onCoreMs),
      waitingMs: figure(waiting),
      asleepMs: figure((figures) => Math.max(0, wallMs - figures.onCoreMs - waiting(figures))),
      wantedSwitches: figure(({ wantedSwitches }) => wantedSwitches),
      forcedSwitches: figure(({ forcedSwitches }) => forcedSwitches),
      // Of a few ms Node's own figures, taken one after the other from another thread, give a little less than 0.
      loopUtilization: Math.min(1, Math.max(0, this.#loop?.utilization ?? 0)),
      // The loop's own histogram learns of a delay when it is over.
      loopDelay: { ...loopDelay, maxMs: Math.max(loopDelay.maxMs, standstillMs) },
      collections: summary(this.#histograms?.collections),
      standstillMs,
      heapMiB: heap.used / BYTES_PER_MIB,
      heapHighestMiB: heap.highest / BYTES_PER_MIB,
    };
  }
}

/** For how long an event loop has stood still for certain, which was last seen to turn `sinceMs` ago. */
function standstill(sinceMs: number): number {
  return sinceMs > 2 * TURN_LOOK_MS ? sinceMs - TURN_LOOK_MS : 0;
}
