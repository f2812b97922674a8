import type { Kernel } from "./kernel.js";
import type { Pace } from "./schedule.js";

/** One direction of a link in virtual time: a message arrives after its hop, and never before an earlier one. */
export class Lane<Message> {
  readonly #kernel: Kernel;
  readonly #pace: Pace;
  readonly #arrive: (messages: readonly Message[]) => void;
  /** On their way, in order. Those in one slot arrive at the same microsecond, in one turn. */
  readonly #slots: Message[][] = [];
  #lastArrivalUs = -1;

  /** @param arrive takes what arrives at one time, at least one message */
  constructor(kernel: Kernel, pace: Pace, arrive: (messages: readonly Message[]) => void) {
    this.#kernel = kernel;
    this.#pace = pace;
    this.#arrive = arrive;
  }

  push(message: Message): void {
    const arrivalUs = this.#kernel.nowUs + this.#pace.hopUs();
    const lastSlot = this.#slots.at(-1);
    if (lastSlot && arrivalUs <= this.#lastArrivalUs) {
      lastSlot.push(message);
      return;
    }
    this.#slots.push([message]);
    this.#lastArrivalUs = arrivalUs;
    this.#kernel.at(arrivalUs, this.#deliver);
  }

  /** What is on its way arrives nowhere. */
  close(): void {
    this.#slots.length = 0;
  }

  /** Slots and plans are as many and in the same order, so the first slot is the one whose time has come. */
  readonly #deliver = (): void => {
    const messages = this.#slots.shift();
    if (messages) this.#arrive(messages);
  };
}
