import { DecodeError } from "./errors.js";

/**
 * Stands, in a value about to be packed, for something that msgpackr would change on the way. It travels
 * as its `parts` and is revived at the other end.
 */
export class Escape {
  readonly parts: EscapeParts;

  constructor(parts: EscapeParts) {
    this.parts = parts;
  }
}

export type EscapeParts =
  /** The number -0, which msgpackr packs as 0. */
  | readonly ["-0"]
  /** A string that UTF-8 or msgpackr's reader of it would change, as its UTF-16 code units. */
  | readonly ["string", units: Uint16Array]
  /** An array with holes: which places hold something, and what. */
  | readonly ["array", length: number, places: readonly number[], elements: readonly unknown[]]
  /** A Map: msgpackr's maps are taken by plain objects. */
  | readonly ["map", keys: readonly unknown[], values: readonly unknown[]]
  /** An object with keys that msgpackr would change. */
  | readonly ["object", keys: readonly unknown[], values: readonly unknown[]];

/** What the escape stood for; by now its elements and values have been revived themselves. */
export function revived(parts: EscapeParts): unknown {
  switch (parts[0]) {
    case "-0":
      return -0;
    case "string":
      return Array.from(parts[1], (unit) => String.fromCharCode(unit)).join("");
    case "array":
      return sparseArray(parts[1], parts[2], parts[3]);
    case "map":
      return new Map(parts[1].map((key, i) => [key, parts[2][i]]));
    case "object":
      return Object.fromEntries(parts[1].map((key, i) => [key, parts[2][i]]));
    default:
      throw new DecodeError(`an escape of an unknown kind: ${String(parts[0] satisfies never)}`);
  }
}

function sparseArray(length: number, places: readonly number[], elements: readonly unknown[]): unknown[] {
  const array = new Array<unknown>(length);
  places.forEach((place, i) => {
    array[place] = elements[i];
  });
  return array;
}
