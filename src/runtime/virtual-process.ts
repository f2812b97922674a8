import type { FaultKind, MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { Happening, Kernel, TurnOwner } from "./kernel.js";
import { Lane } from "./lane.js";
import type { Link } from "./link.js";
import type { PeerProcess } from "./runtime.js";
import type { Pace } from "./schedule.js";

/** What a turn of a peer begins with: its boot, its next timer, or a message. */
export type TurnInput = { readonly kind: "boot" } | { readonly kind: "timer" } | MainToPeer;

/** What came of a turn. */
export interface TurnEnd {
  /** All that the peer said, in the order said. */
  readonly said: readonly PeerToMain[];
  /** When its next timer is due, in µs; `Infinity` where none is set. */
  readonly nextDueUs: number;
}

/** One incarnation of a peer as virtual time drives it: on this thread, or on one of its own. */
export interface VirtualPeer {
  /**
   * Begins a turn: the inputs in their order, at the virtual time `nowUs`. A `timer` for which none is due
   * any more is passed over.
   */
  begin(nowUs: number, inputs: readonly TurnInput[]): void;
  /** Ends the turn, when nothing that it set off is left to run. A promise if that takes real time. */
  end(): TurnEnd | Promise<TurnEnd>;
  /** Makes the peer say a fault that was noticed outside its realm. Absent where its own thread notices. */
  fault?(kind: FaultKind, error: unknown): void;
  terminate(): void;
}

/**
 * An incarnation of a peer in virtual time: what is said to it and by it takes the time that the pace
 * gives, each way in order; and it has a turn for each arrival and each timer, one at a time.
 */
export class VirtualProcess implements PeerProcess, TurnOwner {
  readonly number: number;
  turns = 0;
  lookedAtUs = 0;
  readonly link: Link<MainToPeer, PeerToMain>;
  readonly #kernel: Kernel;
  readonly #pace: Pace;
  readonly #peer: VirtualPeer;
  readonly #toPeer: Lane<TurnInput>;
  readonly #toMain: Lane<PeerToMain>;
  #hear: (message: PeerToMain) => void = () => {};
  /** What came since the peer froze. */
  readonly #frozen: TurnInput[] = [];
  #isDead = false;
  #nextDueUs = Number.POSITIVE_INFINITY;
  #timer: Happening | undefined;
  /** Whether the timer planned is one that was due and fires late. */
  #isLate = false;

  /** @param number the peer's */
  constructor(kernel: Kernel, pace: Pace, number: number, peer: VirtualPeer) {
    this.number = number;
    this.#kernel = kernel;
    this.#pace = pace;
    this.#peer = peer;
    this.#toPeer = new Lane(kernel, pace, (inputs) => this.#run(inputs));
    this.#toMain = new Lane(kernel, pace, (messages) => this.#tell(messages));
    this.link = {
      post: (message) => this.#toPeer.push(message),
      onMessage: (hear) => {
        this.#hear = hear;
      },
      close: () => this.terminate(),
    };
    this.#toPeer.push({ kind: "boot" });
  }

  terminate(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.#toPeer.close();
    this.#toMain.close();
    if (this.#timer) this.#timer.run = undefined;
    this.#peer.terminate();
  }

  endTurn(): Promise<void> | undefined {
    if (this.#isDead) return undefined;
    const end = this.#peer.end();
    if (end instanceof Promise) return end.then((late) => this.#take(late));
    this.#take(end);
    return undefined;
  }

  get isHere(): boolean {
    return this.#peer.fault !== undefined;
  }

  fault(error: unknown): void {
    this.#peer.fault?.("unhandled", error);
  }

  #run(inputs: readonly TurnInput[]): void {
    const { nowUs } = this.#kernel;
    const runsAtUs = this.#pace.runsAtUs(nowUs);
    if (this.#isDead) return;
    if (runsAtUs > nowUs) {
      this.#freeze(inputs, runsAtUs);
    } else {
      this.#kernel.give(this);
      this.#peer.begin(nowUs, inputs);
    }
  }

  /** Keeps what comes while the peer is frozen. It wakes to all of it at once, its timer first, as in Node. */
  #freeze(inputs: readonly TurnInput[], untilUs: number): void {
    const isFirst = this.#frozen.length === 0;
    if (inputs[0] === TIMER) this.#frozen.unshift(TIMER);
    else this.#frozen.push(...inputs);
    if (isFirst) this.#kernel.at(untilUs, () => this.#run(this.#frozen.splice(0)));
  }

  #take({ said, nextDueUs }: TurnEnd): void {
    if (this.#isDead) return;
    for (const message of said) this.#toMain.push(message);
    this.#nextDueUs = nextDueUs;
    this.#setTimer();
  }

  #tell(messages: readonly PeerToMain[]): void {
    for (const message of messages) {
      if (this.#isDead) return; // the tester ended it on hearing the last one
      this.#hear(message);
    }
  }

  /**
   * Plans the peer's next timer. One that was put off is left planned: it finds nothing due and plans the
   * next, which costs less than to plan anew at each heartbeat. One that is late stays late: a message that
   * comes meanwhile does not hurry it.
   */
  #setTimer(): void {
    if (this.#nextDueUs === Number.POSITIVE_INFINITY) return;
    if (this.#timer?.run && (this.#isLate || this.#timer.atUs <= this.#nextDueUs)) return;
    if (this.#timer) this.#timer.run = undefined;
    this.#timer = this.#kernel.at(this.#nextDueUs, () => this.#fire());
  }

  #fire(): void {
    const { nowUs } = this.#kernel;
    const wasLate = this.#isLate;
    this.#isLate = false;
    if (this.#nextDueUs > nowUs) this.#setTimer();
    else if (wasLate) this.#run([TIMER]);
    else this.#fireLateOrNow(nowUs + this.#pace.timerLateUs());
  }

  #fireLateOrNow(atUs: number): void {
    this.#isLate = atUs > this.#kernel.nowUs;
    if (this.#isLate) this.#timer = this.#kernel.at(atUs, () => this.#fire());
    else this.#run([TIMER]);
  }
}

const TIMER: TurnInput = { kind: "timer" };
