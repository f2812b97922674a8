import { decode } from "../labgob/labgob.js";
import type { TraceEvent, TraceRecord } from "./event.js";

/**
 * An event as one line of JSON: `seq`, `atUs`, `kind` and the fields of the kind (docs/trace.md). Arguments,
 * replies and applied messages are decoded. What JSON lacks is an object with one `$` key: `{"$undefined":true}`,
 * `{"$number":"NaN"}`, `{"$bigint":"1"}`, `{"$bytes":"base64"}`, `{"$date":"..."}`, `{"$map":[[key,value]]}`,
 * `{"$set":[]}`; and an object of the author's that looks like one of these is `{"$object":{...}}`.
 */
export function jsonLine({ seq, atUs, event }: TraceRecord): string {
  return JSON.stringify({ seq, atUs, ...shown(event) });
}

function shown(event: TraceEvent): object {
  switch (event.kind) {
    case "send":
      return { ...event, args: decoded(event.args) };
    case "handled":
      return { ...event, reply: decoded(event.reply) };
    case "apply":
      return { ...event, message: plain(event.message) };
    case "save":
      // The author's own encoding: only raft.ts knows how many values to decode from it.
      return { ...event, state: plain(event.state), snapshot: plain(event.snapshot) };
    case "start":
      return { ...event, command: plain(event.command) };
    default:
      return event;
  }
}

function decoded(bytes: Uint8Array): unknown {
  try {
    return plain(decode(bytes));
  } catch {
    return plain(bytes);
  }
}

/** The value with what JSON lacks written as objects with a `$` key. Labgob's values are trees. */
function plain(value: unknown): unknown {
  if (value === undefined) return { $undefined: true };
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") return isInJson(value) ? value : { $number: showNumber(value) };
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { $bytes: base64(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return { $map: [...value].map(([key, item]) => [plain(key), plain(item)]) };
  if (value instanceof Set) return { $set: [...value].map(plain) };
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  const record = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  const keys = Object.keys(record);
  return keys.length === 1 && keys[0]?.startsWith("$") ? { $object: record } : record;
}

function isInJson(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

function showNumber(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function base64(bytes: ArrayBufferView | ArrayBuffer): string {
  const view = ArrayBuffer.isView(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.from(bytes);
  return view.toString("base64");
}
