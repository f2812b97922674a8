import { createHash, randomInt } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/**
 * All chance in Whitewater comes from a `Random`, and all of those from one seed. A part that needs dice
 * of its own forks a stream, so a draw added in one part leaves the history of the others unchanged.
 */
export interface Random {
  /** A uniform whole number from `min` to `max`, both included (lab-spec's `rnd(min..max)`). */
  int(min: number, max: number): number;
  /** True in `percent` of 100 draws, in steps of a tenth: the lab's `rnd(0..999) < 10 * percent`. */
  percent(percent: number): boolean;
  /** A stream of its own, the same for the same seed and label, whatever was drawn before. */
  fork(label: string): Random;
}

/** The largest seed: seeds are unsigned 32-bit whole numbers, short enough to type. */
export const MAX_SEED = 0xffffffff;

/** A seed nobody chose: the one place where real chance enters. It is printed before the run. */
export function drawSeed(): number {
  return randomInt(MAX_SEED + 1);
}

/** Largest integer of the tester's commands: the lab's `rnd63()`, kept within a double (lab-spec 9.7). */
export const MAX_COMMAND = Number.MAX_SAFE_INTEGER;

/** The root of a run's randomness. The same `seed` (0 to `MAX_SEED`) gives the same streams everywhere. */
export function seededRandom(seed: number): Random {
  return new Stream(`seed:${seed}`);
}

class Stream implements Random {
  readonly #path: string;
  readonly #generator;

  constructor(path: string) {
    this.#path = path;
    this.#generator = xoroshiro128plus(createHash("sha256").update(path).digest().readInt32LE());
  }

  int(min: number, max: number): number {
    return uniformInt(this.#generator, min, max);
  }

  percent(percent: number): boolean {
    return this.int(0, 999) < 10 * percent;
  }

  fork(label: string): Random {
    return new Stream(`${this.#path}/${label}`);
  }
}
