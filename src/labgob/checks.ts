/**
 * The first look at a value, on the path of every message: does it travel as it stands? A "no" is no
 * verdict yet: `rewritten` then looks closely, and finds the way to carry it or the reason not to.
 */
import { viewTypes } from "./kinds.js";

/**
 * Objects may be nested this deep: far more than a message needs, and few enough for the stack of any
 * thread. Something deeper is a cycle, or a linked list that should be an array.
 */
export const MAX_DEPTH = 500;

const BYTE_ORDER_MARK = 0xfeff;
const UNDERSCORE = 0x5f;

const bytePrototypes: ReadonlySet<object> = new Set(
  [...viewTypes, ArrayBuffer].map((type) => type.prototype),
);

/** Whether msgpackr carries `value`, found under `depth` objects, whole and unchanged. */
export function travelsAsIs(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "number":
      return value !== 0 || 1 / value > 0; // not -0
    case "string":
      return stringTravels(value);
    case "object":
      return value === null || objectTravels(value, depth + 1);
    case "boolean":
    case "bigint":
    case "undefined":
      return true;
    default:
      return false;
  }
}

/** Half a surrogate pair is lost in UTF-8, and a leading byte order mark in TextDecoder. */
export function stringTravels(text: string): boolean {
  return (text as string & WellFormed).isWellFormed() && text.charCodeAt(0) !== BYTE_ORDER_MARK;
}

/** `__proto__` would set the prototype; `__keys__` is a name that msgpackr uses among the keys. */
export function keyTravels(key: string): boolean {
  if (key.charCodeAt(0) === UNDERSCORE)
    return key !== "__proto__" && key !== "__keys__" && stringTravels(key);
  return stringTravels(key);
}

function objectTravels(value: object, depth: number): boolean {
  if (depth > MAX_DEPTH) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return recordTravels(value as Record<string, unknown>, depth);
  }
  if (Array.isArray(value)) return prototype === Array.prototype && arrayTravels(value, depth);
  if (prototype === Set.prototype) return setTravels(value as Set<unknown>, depth);
  if (prototype === Date.prototype) return hasNoProperties(value);
  return bytePrototypes.has(prototype as object) && bytesTravel(value as ArrayBuffer | ArrayBufferView);
}

function recordTravels(value: Record<string, unknown>, depth: number): boolean {
  let keys = 0;
  for (const key in value) {
    if (!keyTravels(key) || !travelsAsIs(value[key], depth)) return false;
    keys += 1;
  }
  return hasNoMore(value, keys);
}

/**
 * Whether an object has no properties but the `keys` that `for … in` has met, the fastest walk there is: those that are
 * not enumerable, and symbols, would be left behind. Where it has met one that `Object.prototype` was given, the counts
 * differ too.
 */
export function hasNoMore(value: object, keys: number): boolean {
  return (
    Object.getOwnPropertyNames(value).length === keys && Object.getOwnPropertySymbols(value).length === 0
  );
}

function arrayTravels(value: readonly unknown[], depth: number): boolean {
  if (!isDense(value)) return false;
  for (let i = 0; i < value.length; i++) {
    const element = value[i];
    if (element === undefined ? !(i in value) : !travelsAsIs(element, depth)) return false;
  }
  return true;
}

/**
 * As many keys as elements: no holes and no properties beside the elements; or one for the other, which a look at each
 * undefined element finds.
 */
export function isDense(value: readonly unknown[]): boolean {
  return Object.keys(value).length === value.length && Object.getOwnPropertySymbols(value).length === 0;
}

function setTravels(value: Set<unknown>, depth: number): boolean {
  for (const member of value) {
    if (!travelsAsIs(member, depth)) return false;
  }
  return hasNoProperties(value);
}

function bytesTravel(value: ArrayBuffer | ArrayBufferView): boolean {
  const buffer = "buffer" in value ? value.buffer : value;
  return Object.getPrototypeOf(buffer) === ArrayBuffer.prototype; // neither shared nor of another realm
}

function hasNoProperties(value: object): boolean {
  return Reflect.ownKeys(value).length === 0;
}

/** `String.prototype.isWellFormed` of ES2024, which every Node that we support has. */
interface WellFormed {
  isWellFormed(): boolean;
}
