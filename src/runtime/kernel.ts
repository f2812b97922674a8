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
  /** The peer's number. */
  readonly number: number;
  /** Turns that it has had. The kernel counts them. */
  turns: number;
  /** When the kernel last looked at how fast it has them. */
  lookedAtUs: number;
  /** Whether it runs on this thread, so that what nobody catches during its turn is of its making. */
  readonly isHere: boolean;
  /**
   * Ends the turn: nothing that it set off is left to run. Takes what was said and set during it.
   * @returns a promise if that takes real time; the kernel then waits for it
   */
  endTurn(): Promise<void> | undefined;
  /** An error of the turn that nobody caught. */
  fault(error: unknown): void;
}

/** Why a run comes to no end. */
export type Stall =
  /** Nothing can ever wake the tester again; `reason` says why, as a clause. */
  | { readonly kind: "deadlock"; readonly reason: string }
  /** Time hardly passes, for all that happens; `peer` has had the most `turns` of it. */
  | { readonly kind: "storm"; readonly events: number; readonly peer: number; readonly turns: number };

/** Who is asked and told when a run comes to no end. */
export interface StallWatch {
  /** Whether the tester waits for something that virtual time can bring. */
  isTesterWaiting(): boolean;
  /** Told once. */
  onStall(stall: Stall): void;
}

/** Turns asked of the event loop at a time: one by one they cost 15 times as much (findings, draining). */
const TURNS_AT_ONCE = 64;

/** What a run comes to an end at, though time passes. */
export interface Limits {
  /** Happenings of the run. */
  readonly events: number;
  /** Turns of one peer in a virtual second. */
  readonly turnsInSecond: number;
}

/**
 * The events are 35 times what the busiest case of the lab takes with the reference Raft. A peer that sets
 * immediates without end has a million turns in a second, and is stopped long before the end of its case: in
 * `lockstep` each turn costs some 6 µs of real time on a machine that is free, and the case would take minutes.
 */
const LIMITS: Limits = { events: 5_000_000, turnsInSecond: 500_000 };
const SECOND_US = 1_000_000;

/** The kernels of this thread that are not closed. */
const open = new Set<Kernel>();

/** The kernel that took the last step in this thread: what nobody caught is of its making. */
let lastStepped: Kernel | undefined;

function noteStep(kernel: Kernel): void {
  lastStepped = kernel;
}

/** Listens for errors that nobody caught, as long as a kernel of this thread is open. */
function noteOpen(kernel: Kernel): void {
  if (open.size === 0) {
    process.on("unhandledRejection", blame);
    process.on("uncaughtException", blameOrThrow);
  }
  open.add(kernel);
}

function noteClosed(kernel: Kernel): void {
  const wasOpen = open.delete(kernel);
  if (lastStepped === kernel) lastStepped = undefined;
  if (!wasOpen || open.size > 0) return;
  process.off("unhandledRejection", blame);
  process.off("uncaughtException", blameOrThrow);
}

function blame(error: unknown): void {
  ownerAtTurn()?.fault(error);
}

/** An exception in the turn of a peer is the peer's; all others end the process or thread, as without us. */
function blameOrThrow(error: unknown): void {
  const owner = ownerAtTurn();
  if (!owner) throw error;
  lastStepped?.drainOnceMore();
  owner.fault(error);
}

/** Whose turn runs on this thread: what is rejected or thrown now, and caught by nobody, is of its making. */
export function ownerAtTurn(): TurnOwner | undefined {
  const owner = lastStepped?.owner;
  return owner?.isHere ? owner : undefined;
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
  readonly #limits: Limits;
  readonly #queue: TinyQueue<Happening>;
  #nowUs = 0;
  #lastSeq = 0;
  #owner: TurnOwner | undefined;
  /** Who has had the most turns. */
  #busiest: TurnOwner | undefined;
  /** Who has had too many in a second. */
  #restless: TurnOwner | undefined;
  #stallWatch: StallWatch | undefined;
  #turnsAsked = 0;
  #isPaused = false;
  #isClosed = false;
  /** Whether the turn that goes on may have left something to run. */
  #isTorn = false;
  #events = 0;

  /**
   * @param tieSeed any 32 bits; decides the order of what is due at the same microsecond
   */
  constructor(tieSeed: number, limits = LIMITS) {
    this.#tieSeed = tieSeed;
    this.#limits = limits;
    this.#queue = new TinyQueue<Happening>(
      [],
      (a, b) => a.atUs - b.atUs || this.#tie(a) - this.#tie(b) || a.seq - b.seq,
    );
    noteOpen(this);
  }

  /** Whose turn it is, until it is quiescent. */
  get owner(): TurnOwner | undefined {
    return this.#owner;
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
    owner.turns += 1;
    if (owner.turns > (this.#busiest?.turns ?? 0)) this.#busiest = owner;
    if (owner.turns % this.#limits.turnsInSecond === 1) this.#lookAtPace(owner);
  }

  #lookAtPace(owner: TurnOwner): void {
    if (owner.turns > 1 && this.#nowUs - owner.lookedAtUs < SECOND_US) this.#restless = owner;
    owner.lookedAtUs = this.#nowUs;
  }

  /**
   * The turn that goes on was torn by an exception that nobody caught: Node leaves next-ticks and microtasks
   * for later, and they belong to this turn. It ends when they have run.
   */
  drainOnceMore(): void {
    this.#isTorn = true;
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
    this.#owner = undefined;
    noteClosed(this);
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
    if (this.#isTorn) {
      this.#isTorn = false; // Node runs what was left before the next turn of the event loop
      this.#askForTurns();
      return;
    }
    const waiting = this.#endTurn();
    if (waiting) {
      this.#isPaused = true;
      waiting.then(this.#resume);
      return;
    }
    try {
      this.#step();
    } finally {
      if (this.#queue.length > 0 || this.#owner) this.#askForTurns();
    }
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
    const stall = this.#stallBefore(next);
    if (stall) {
      if (next) this.#queue.push(next); // time stands while everyone hears of it
      this.#tellStall(stall);
      return;
    }
    if (!next) return;
    this.#nowUs = next.atUs;
    this.#events += 1;
    const { run } = next;
    next.run = undefined;
    run?.();
  }

  #stallBefore(next: Happening | undefined): Stall | undefined {
    if (!this.#stallWatch) return undefined;
    if (!next) return { kind: "deadlock", reason: NOTHING_PLANNED };
    const restless = this.#restless ?? (this.#events >= this.#limits.events ? this.#busiest : undefined);
    if (restless) {
      const { number, turns } = restless;
      return { kind: "storm", events: this.#events, peer: number, turns };
    }
    return this.#stallWatch.isTesterWaiting() ? undefined : { kind: "deadlock", reason: WAITS_IN_VAIN };
  }

  #next(): Happening | undefined {
    let next = this.#queue.pop();
    while (next && !next.run) next = this.#queue.pop();
    return next;
  }

  #tellStall(stall: Stall): void {
    const watch = this.#stallWatch;
    this.#stallWatch = undefined;
    watch?.onStall(stall);
  }

  /** A number that orders what is due at once, by seed: the finalizer of murmur3, 32 bits. */
  #tie({ seq }: Happening): number {
    let h = (seq ^ this.#tieSeed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  }
}

const NOTHING_PLANNED = "no message is under way and no timer is set";
const WAITS_IN_VAIN = "the case awaits something that neither time nor a peer will bring";
