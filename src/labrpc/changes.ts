/** Where bytes differ: from one place to before another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Shorter stretches are not looked into any further: what is equal in them is not worth another look. */
const SHORT = 128;
/**
 * So many looks at most that find a difference. A log that has grown differs in what counts its entries and at its end:
 * two looks for each halving. Where bytes differ in many places, it is better to take them whole.
 */
const MAX_LOOKS = 96;

/**
 * What has changed from `before` to `after`: all that is not within these stretches is in both, at the same place.
 * @returns in order, with something in common between each two
 */
export function changes(before: Uint8Array, after: Uint8Array): Stretch[] {
  const found: Stretch[] = [];
  let looks = 0;
  const add = (from: number, to: number): void => {
    const last = found.at(-1);
    if (last?.to === from) found[found.length - 1] = { from: last.from, to };
    else if (from < to) found.push({ from, to });
  };
  const look = (from: number, to: number): void => {
    if (looks < MAX_LOOKS && areEqual(before, after, from, to)) return;
    looks += 1;
    if (looks >= MAX_LOOKS || to - from <= SHORT) {
      add(from, to);
      return;
    }
    const middle = Math.floor((from + to) / 2);
    look(from, middle);
    look(middle, to);
  };
  const both = Math.min(before.length, after.length);
  look(0, both);
  add(both, after.length);
  return found;
}

/** Node's comparison, which the system makes, many bytes at a step. */
function areEqual(one: Uint8Array, other: Uint8Array, from: number, to: number): boolean {
  return Buffer.prototype.compare.call(one, other, from, to, from, to) === 0;
}
