/** What an object is, whichever realm made it: `instanceof` knows only the objects of its own realm. */
export type Kind = "record" | "array" | "map" | "set" | "date" | "view" | "buffer" | "other";

/** `record` is a plain object. Subclasses are `other`, but for Node's Buffer, a `view` like its bytes. */
export function kindOf(value: object): Kind {
  const steps = stepsToRoot(value);
  if (steps === 0) return "record";
  if (ArrayBuffer.isView(value)) return isBuiltInView(value, steps) ? "view" : "other";
  if (steps !== 1) return "other";
  if (Array.isArray(value)) return "array";
  if (answers(mapSize, value)) return "map";
  if (answers(setSize, value)) return "set";
  if (answers(dateTime, value)) return "date";
  if (answers(bufferLength, value)) return "buffer";
  return "other";
}

/** `Map`, `Uint8Array`, `Promise`: what the object says it is, as a rule its built-in type. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

/** True for a Uint8Array of any realm, and for a Node Buffer, which is one. */
export function isBytes(value: unknown): value is Uint8Array {
  return Reflect.apply(typedArrayName, value, []) === "Uint8Array";
}

/** Every type of view on bytes that can be sent, of this realm. */
export const viewTypes = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
];

/** The name of the class that the object says it is of; empty where it does not say. */
export function classNameOf(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" ? name : "";
}

const mapSize = getterOf(Map.prototype, "size");
const setSize = getterOf(Set.prototype, "size");
const bufferLength = getterOf(ArrayBuffer.prototype, "byteLength");
const dateTime = Date.prototype.getTime;
/** Of anything but a typed array, it reads `undefined`. */
const typedArrayName = getterOf(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/** A getter that reads an internal slot: it works on objects of every realm that have the slot. */
function getterOf(prototype: object, property: PropertyKey): (this: unknown) => unknown {
  const getter = Object.getOwnPropertyDescriptor(prototype, property)?.get;
  if (getter === undefined) throw new TypeError(`this JavaScript has no getter ${String(property)}`);
  return getter;
}

function answers(read: (this: never) => unknown, value: object): boolean {
  try {
    Reflect.apply(read, value, []);
    return true;
  } catch {
    return false;
  }
}

/**
 * How many prototypes stand between `value` and its realm's `Object.prototype` (or null): none for a plain
 * object, 1 for a Map, 2 for an instance of a subclass of Map and for a Uint8Array; -1 where the chain
 * ends in something else.
 */
function stepsToRoot(value: object): number {
  let prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return 0;
  for (let steps = 0; ; steps++) {
    const next: unknown = Object.getPrototypeOf(prototype);
    if (next === null) return Object.hasOwn(prototype as object, "isPrototypeOf") ? steps : -1;
    prototype = next;
  }
}

function isBuiltInView(value: ArrayBufferView, steps: number): boolean {
  const expected = tagOf(value) === "DataView" ? 1 : 2;
  return steps === expected || (steps === 3 && classNameOf(value) === "Buffer");
}
