import TinyQueue from "tinyqueue";
import type { Clock } from "./clock.js";

/** Something that is to happen at a virtual time, in whole microseconds since the run began. */
export interface Happening {
  readonly atUs: number;
  /** Counts what was ever planned, in the order planned. */
  readonly seq: number;
  /** Absent once it has happened or was cancelled. */
  run: (() => void) | undefined;
}

/** One whose turn it is from the moment a happening is handed to it until it is quiescent. */
export interface TurnOwner {
  /**
   * Ends the turn: nothing that it set off is left to run. Takes what was said and set during it.
   * @returns a promise if that takes real time; the kernel then waits for it
   */
  endTurn(): Promise<void> | undefined;
  /** An error of the turn that nobody caught. */
  fault(error: unknown): void;
}

/** Who is asked and told when nothing can happen any more. */
export interface StallWatch {
  /** Whether the tester waits for something that virtual time can bring. */
  isTesterWaiting(): boolean;
  /** Told once: nothing can ever wake the tester again. */
  onStall(reason: string): void;
}

/** Turns asked of the event loop at a time: one by one they cost 15 times as much (findings, draining). */
const TURNS_AT_ONCE = 64;

/** More than the longest case needs a hundred times over: a peer that asks for turns without end. */
export const MAX_EVENTS = 20_000_000;

/** The kernel that took the last step in this thread: an unhandled rejection is of its making. */
let lastStepped: Kernel | undefined;

function noteStep(kernel: Kernel): void {
  lastStepped = kernel;
}

/**
 * The discrete-event kernel: it owns virtual time. It takes the happening that is first, moves the clock,
 * lets it run until nothing that it set off is left to run, and goes on (design 6). Order is by time, then
 * by a tie-break that the seed decides, so that no code comes to rely on who asked first.
 *
 * A happening runs in a turn of the event loop of its own. Between two turns Node runs all next-ticks and
 * microtasks, of every realm, and tells of unhandled rejections: that is quiescence, by public means.
 */
export class Kernel implements Clock {
  readonly #tieSeed: number;
  readonly #queue: TinyQueue<Happening>;
  #nowUs = 0;
  #lastSeq = 0;
  #owner: TurnOwner | undefined;
  #stallWatch: StallWatch | undefined;
  #turnsAsked = 0;
  #isPaused = false;
  #isClosed = false;
  #events = 0;

  /** @param tieSeed any 32 bits; decides the order of what is due at the same microsecond */
  constructor(tieSeed: number) {
    this.#tieSeed = tieSeed;
    this.#queue = new TinyQueue<Happening>(
      [],
      (a, b) => a.atUs - b.atUs || this.#tie(a) - this.#tie(b) || a.seq - b.seq,
    );
    process.on("unhandledRejection", this.#blameOwner);
  }

  get nowUs(): number {
    return this.#nowUs;
  }

  /** Happenings that have run so far. */
  get events(): number {
    return this.#events;
  }

  nowMs(): number {
    return this.#nowUs / 1000;
  }

  after(delayMs: number, callback: () => void): () => void {
    const happening = this.at(this.#nowUs + Math.round(delayMs * 1000), callback);
    return () => {
      happening.run = undefined; // stays in the queue and is passed over when its time comes
    };
  }

  /** Plans `run` for the virtual time `atUs`, not before now. */
  at(atUs: number, run: () => void): Happening {
    this.#lastSeq += 1;
    const happening: Happening = { atUs: Math.max(atUs, this.#nowUs), seq: this.#lastSeq, run };
    if (this.#isClosed) return happening;
    this.#queue.push(happening);
    this.#askForTurns();
    return happening;
  }

  /** What runs now is a turn of `owner`, until it is quiescent. Called from within a happening. */
  give(owner: TurnOwner): void {
    this.#owner = owner;
  }

  /** Watches for the moment from which nothing can happen any more. */
  watchForStall(watch: StallWatch): void {
    this.#stallWatch = watch;
  }

  /** Ends time here: nothing that is planned happens. */
  close(): void {
    this.#isClosed = true;
    this.#queue.data = [];
    this.#queue.length = 0;
    process.off("unhandledRejection", this.#blameOwner);
  }

  #askForTurns(): void {
    if (this.#turnsAsked > 0 || this.#isPaused) return;
    this.#turnsAsked = TURNS_AT_ONCE;
    for (let i = 0; i < TURNS_AT_ONCE; i += 1) setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnsAsked -= 1;
    if (this.#isPaused || this.#isClosed) return;
    noteStep(this);
    const waiting = this.#endTurn();
    if (waiting) {
      this.#isPaused = true;
      waiting.then(this.#resume);
      return;
    }
    this.#step();
    if (this.#queue.length > 0 || this.#owner) this.#askForTurns();
  };

  readonly #resume = (): void => {
    this.#isPaused = false;
    this.#askForTurns();
  };

  #endTurn(): Promise<void> | undefined {
    const owner = this.#owner;
    this.#owner = undefined;
    return owner?.endTurn();
  }

  #step(): void {
    const next = this.#next();
    const stalled = this.#whyStalled(next);
    if (stalled !== undefined) this.#stall(stalled);
    if (!next) return;
    this.#nowUs = next.atUs;
    this.#events += 1;
    const { run } = next;
    next.run = undefined;
    run?.();
  }

  #whyStalled(next: Happening | undefined): string | undefined {
    if (!this.#stallWatch) return undefined;
    if (!next) return NOTHING_PLANNED;
    if (this.#events >= MAX_EVENTS) return tooManyEvents(this.#nowUs);
    return this.#stallWatch.isTesterWaiting() ? undefined : TESTER_WAITS_IN_VAIN;
  }

  #next(): Happening | undefined {
    let next = this.#queue.pop();
    while (next && !next.run) next = this.#queue.pop();
    return next;
  }

  #stall(reason: string): void {
    const watch = this.#stallWatch;
    this.#stallWatch = undefined;
    watch?.onStall(reason);
  }

  /** A number that orders what is due at once, by seed: the finalizer of murmur3, 32 bits. */
  #tie({ seq }: Happening): number {
    let h = (seq ^ this.#tieSeed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  }

  readonly #blameOwner = (reason: unknown): void => {
    if (lastStepped === this) this.#owner?.fault(reason);
  };
}

const NOTHING_PLANNED = "no message is under way and no timer is set";
const TESTER_WAITS_IN_VAIN = "the case awaits something that neither time nor a peer will bring";

function tooManyEvents(nowUs: number): string {
  return `${MAX_EVENTS.toExponential(0)} events have come to pass and it is only ${(nowUs / 1e6).toFixed(3)} s: who asks for turn after turn?`;
}
