/**
 * msgpackr, set up for labgob, in its build without `new Function`. That is also the faster one to decode
 * up to some 40 log entries, at half the time for 5; the other compiles a reader of objects for each
 * message, which pays from there on (a third less time for 100).
 */
import { addExtension, Packr, RESET_BUFFER_MODE } from "msgpackr/index-no-eval";
import { Escape, revived } from "./escape.js";

/** The extension code of an `Escape` on the wire: `W`, which msgpackr leaves to its users. */
const ESCAPE_CODE = 0x57;

addExtension({
  Class: Escape,
  type: ESCAPE_CODE,
  write: (oddity: Escape) => oddity.parts,
  read: revived,
});

/**
 * Plain objects of a value that are written key by key; those after them are written as records, which name
 * the keys of a shape once. A record costs more to begin than to repeat: a message with its few objects is
 * read and written in half the time without, a log of 20 entries and more with.
 */
export const OBJECTS_BY_KEY = 4;

/** Of the value that is being packed. */
let objects = 0;

const packr = new Packr({
  // The types of the structured clone algorithm, but a tree as in gob: no table of references.
  moreTypes: true,
  useRecords: () => ++objects > OBJECTS_BY_KEY,
  variableMapSize: true, // without, an object has at most 65,535 keys
  mapsAsObjects: true, // so a Map goes as an Escape
  structuredClone: false,
  copyBuffers: true,
  useToJSON: false,
});

/**
 * Packs a value that `travelsAsIs`, or that has been rewritten.
 * @returns a view on a buffer that the next `pack` overwrites: copy it
 */
export function pack(value: unknown): Uint8Array {
  objects = 0;
  return packr.pack(value, RESET_BUFFER_MODE);
}

/**
 * The value packed in `bytes[start, end)`, sharing nothing with `bytes`.
 * @throws whatever msgpackr throws at bytes that it cannot read
 */
export function unpack(bytes: Uint8Array, start: number, end: number): unknown {
  const isWhole = start === 0 && end === bytes.length;
  const body = isWhole ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
  if (body.length > desk.length) return unpackAlone(body);
  desk.set(body);
  try {
    return packr.unpack(desk, body.length);
  } catch {
    // A reader that strays past the end has seen what other messages left on the desk. Alone, the same
    // bytes always give the same error.
    return unpackAlone(body);
  }
}

/**
 * Messages of up to this size are read from one place: for each array that it reads from, msgpackr makes
 * a DataView, which takes longer than to copy a small message.
 */
const desk = new Uint8Array(4096);

function unpackAlone(body: Uint8Array): unknown {
  // A view of our own, because msgpackr leaves its DataView on the array as a property; and of this
  // realm's Uint8Array, so that bytes inside the value are of this realm as well.
  return packr.unpack(new Uint8Array(body.buffer, body.byteOffset, body.length));
}
