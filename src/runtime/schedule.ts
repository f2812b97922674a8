import type { Random } from "./random.js";

/**
 * How long things take in virtual time, where handlers take none. Without it every reliable network would
 * be the friendliest of schedules (design 6).
 */
export type ScheduleName = "calm" | "lively" | "rough";

export const SCHEDULES: readonly ScheduleName[] = ["calm", "lively", "rough"];

/** The pace of one incarnation of a peer and its link. All times are whole microseconds. */
export interface Pace {
  /** How long the next message takes over the link, at least 1. */
  hopUs(): number;
  /** How much too late the timer that is due fires. */
  timerLateUs(): number;
  /** When a peer that would run at `atUs` comes to run: later if it is frozen then. Asked in order of time. */
  runsAtUs(atUs: number): number;
}

/** @param random a stream of this incarnation's own */
export function paceOf(schedule: ScheduleName, random: Random): Pace {
  switch (schedule) {
    case "calm":
      return { ...ON_TIME, hopUs: () => random.int(2, 10) };
    case "lively":
      return { ...ON_TIME, hopUs: () => livelyHopUs(random) };
    case "rough":
      return new RoughPace(random);
    default:
      return schedule satisfies never;
  }
}

const ON_TIME = { timerLateUs: () => 0, runsAtUs: (atUs: number) => atUs };

/** Doublings from 20 µs to 2560 µs. */
const OCTAVES = 7;
const SHORTEST_US = 20;
const LONGEST_US = 2000;
/** One hop in so many takes up to 10 ms. */
const RARELY = 100;

/**
 * 20 µs to 2 ms, each doubling equally likely, as real hops spread; at times up to 10 ms. In whole numbers
 * throughout, since the last bit of a logarithm is not the same on every machine.
 */
function livelyHopUs(random: Random): number {
  if (random.int(1, RARELY) === 1) return random.int(LONGEST_US, 10_000);
  const base = SHORTEST_US << random.int(0, OCTAVES - 1);
  return Math.min(random.int(base, 2 * base - 1), LONGEST_US);
}

/** An overloaded machine: hops as under lively, timers that fire late, and every few seconds a peer that freezes. */
class RoughPace implements Pace {
  readonly #random: Random;
  readonly #freezes: Random;
  #frozenFromUs = 0;
  #frozenUntilUs = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#freezes = random.fork("freezes");
    this.#planFreeze(0);
  }

  hopUs(): number {
    return livelyHopUs(this.#random);
  }

  /** One timer in ten is late, up to 20 ms. */
  timerLateUs(): number {
    return this.#random.int(1, 10) === 1 ? this.#random.int(0, 20_000) : 0;
  }

  runsAtUs(atUs: number): number {
    while (atUs >= this.#frozenUntilUs) this.#planFreeze(this.#frozenUntilUs);
    return atUs < this.#frozenFromUs ? atUs : this.#frozenUntilUs;
  }

  #planFreeze(afterUs: number): void {
    this.#frozenFromUs = afterUs + this.#freezes.int(100_000, 8_000_000);
    this.#frozenUntilUs = this.#frozenFromUs + this.#freezes.int(1_000, 300_000);
  }
}
