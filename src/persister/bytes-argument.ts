import { isBytes, tagOf } from "../labgob/kinds.js";

/** A copy of the bytes that were handed to a method of a persister, in this realm's Uint8Array; else as `requireBytes`. */
export function copyOfBytes(value: unknown, method: string, name: string): Uint8Array {
  requireBytes(value, method, name);
  return new Uint8Array(value);
}

/**
 * @param method of a persister, and `name` of the parameter, for the error
 * @throws {TypeError} if `value` is no Uint8Array (of any realm; a Buffer is one)
 */
export function requireBytes(value: unknown, method: string, name: string): asserts value is Uint8Array {
  if (isBytes(value)) return;
  throw new TypeError(`${method}: ${name} must be a Uint8Array; got ${inWords(value)}. ${remedy(name)}`);
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const tag = tagOf(value);
  return tag === "Object" ? "an object" : `an object of type ${tag}`;
}

function remedy(name: string): string {
  return name === "snapshot"
    ? "Where there is no snapshot, pass new Uint8Array(0), or call saveRaftState(state) to keep the old one."
    : "Encode it first: const e = new LabEncoder(); e.encode(currentTerm); ... then pass e.bytes().";
}
