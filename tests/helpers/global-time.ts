import type { Clock } from "../../src/runtime/clock.js";
import { seededRandom } from "../../src/runtime/random.js";

/** Makes a `Math.random` that gives the same numbers for the same seed. */
export function seededMathRandom(seed: number): () => number {
  const dice = seededRandom(seed).fork("Math.random");
  return () => dice.int(0, 2 ** 32 - 1) / 2 ** 32;
}

/**
 * Runs the global `setTimeout` on `clock`, and `Math.random` on `random`. There is one set of globals in a
 * process: tests that do so run one after another (`test.serial`).
 * @returns puts the real ones back
 */
export function installGlobalTime(clock: Clock, random: () => number): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  const realRandom = Math.random;
  Math.random = random;
  Object.assign(globalThis, {
    setTimeout: (callback: () => void, delayMs: number) => clock.after(delayMs, callback),
    clearTimeout: (cancel: (() => void) | undefined) => cancel?.(),
  });
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Math.random = realRandom;
  };
}
