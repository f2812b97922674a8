/**
 * Most values that peers send are short and plain. These are packed in the same walk that checks them, into the very
 * bytes that msgpackr would make: of an RPC between threads, to check first and then to pack took a sixth of the time.
 */
import { hasNoMore, isDense } from "./checks.js";
import { OBJECTS_BY_KEY } from "./codec.js";

/** Bytes from which on it is no short value any more. Fewer than `MAX_DEPTH`: what is nested too deep is not short. */
const LONGEST = 256;
/** Units of a string whose length takes one byte. */
const STRING_LIMIT = 0x100;
/** Elements of an array, or keys of an object, whose count stands in the same byte as the kind. */
const COUNT_LIMIT = 0x10;
const UNDERSCORE = 0x5f;

/** Where a value ends that is not to be packed here. Some of it may have been written. */
const NOWHERE = -1;

/** Room for what is begun before `LONGEST` is reached: an object and its first key. */
const out = new Uint8Array(LONGEST + 2 * STRING_LIMIT);
const view = new DataView(out.buffer);
/** Plain objects in `out`. */
let objects = 0;
/** How often `packShort` was called. */
let calls = 0;

/**
 * `value` as msgpackr packs it, in memory that the next call overwrites: copy it.
 * @returns `undefined` if it is long, or holds something rare: that is no verdict, but for others to pack or to refuse
 * @throws whatever a getter of `value` throws
 */
export function packShort(value: unknown): Uint8Array | undefined {
  calls += 1;
  const call = calls;
  objects = 0;
  const end = write(value, 0);
  if (end === NOWHERE || call !== calls) return undefined; // or a getter has encoded something meanwhile
  return new Uint8Array(out.buffer, 0, end); // `subarray` takes longer
}

/** Writes from `at` on. @returns where it ends, or `NOWHERE`; as do all below */
function write(value: unknown, at: number): number {
  if (at > LONGEST) return NOWHERE;
  switch (typeof value) {
    case "number":
      return writeNumber(value, at);
    case "string":
      return writeString(value, at);
    case "boolean":
      out[at] = value ? 0xc3 : 0xc2;
      return at + 1;
    case "undefined":
      out[at] = 0xd4;
      out[at + 1] = 0;
      out[at + 2] = 0;
      return at + 3;
    case "object":
      if (value !== null) return writeObject(value, at);
      out[at] = 0xc0;
      return at + 1;
    default:
      return NOWHERE;
  }
}

function writeNumber(value: number, at: number): number {
  if (value >>> 0 === value) return writeWhole(value, at);
  if (value >> 0 === value) {
    if (value < -0x20) return NOWHERE;
    out[at] = value;
    return at + 1;
  }
  out[at] = 0xcb;
  view.setFloat64(at + 1, value);
  return at + 9;
}

/** A whole number of 0 to 2^32 - 1. */
function writeWhole(value: number, at: number): number {
  if (value < 0x40) {
    if (Object.is(value, -0)) return NOWHERE;
    out[at] = value;
    return at + 1;
  }
  if (value < 0x100) {
    out[at] = 0xcc;
    out[at + 1] = value;
    return at + 2;
  }
  if (value < 0x10000) {
    out[at] = 0xcd;
    view.setUint16(at + 1, value);
    return at + 3;
  }
  out[at] = 0xce;
  view.setUint32(at + 1, value);
  return at + 5;
}

function writeString(text: string, at: number): number {
  const units = text.length;
  let next = at;
  if (units < 0x20) {
    out[next++] = 0xa0 | units;
  } else {
    if (units >= STRING_LIMIT) return NOWHERE;
    out[next++] = 0xd9;
    out[next++] = units;
  }
  for (let i = 0; i < units; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return NOWHERE; // not ASCII
    out[next++] = unit;
  }
  return next;
}

function writeObject(value: object, at: number): number {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return writeRecord(value as Record<string, unknown>, at);
  return prototype === Array.prototype && Array.isArray(value) ? writeArray(value, at) : NOWHERE;
}

function writeRecord(value: Record<string, unknown>, at: number): number {
  objects += 1;
  if (objects > OBJECTS_BY_KEY) return NOWHERE;
  let keys = 0;
  let next = at + 1;
  for (const key in value) {
    // Some keys that begin with an underscore are special, here or to msgpackr.
    if (key.charCodeAt(0) === UNDERSCORE) return NOWHERE;
    next = writeString(key, next);
    if (next === NOWHERE) return NOWHERE;
    next = write(value[key], next);
    if (next === NOWHERE) return NOWHERE;
    keys += 1;
  }
  out[at] = 0x80 | keys;
  return keys < COUNT_LIMIT && hasNoMore(value, keys) ? next : NOWHERE;
}

function writeArray(value: readonly unknown[], at: number): number {
  const count = value.length;
  if (count >= COUNT_LIMIT) return NOWHERE;
  out[at] = 0x90 | count;
  let next = at + 1;
  for (let i = 0; i < count; i++) {
    const element = value[i];
    if (element === undefined) return NOWHERE; // it may be a hole
    next = write(element, next);
    if (next === NOWHERE) return NOWHERE;
  }
  return isDense(value) ? next : NOWHERE;
}
