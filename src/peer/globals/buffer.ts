import { define, overlay, pick } from "./define.js";
import type { Refusals } from "./forbidden.js";

/** What of `node:buffer` stays as it is. */
const PURE = [
  "constants",
  "isAscii",
  "isUtf8",
  "kMaxLength",
  "kStringMaxLength",
  "transcode",
  "INSPECT_MAX_BYTES",
];

/**
 * `Buffer` for a realm in virtual time. Its instances are the host's, but none is unfilled and none shares
 * memory with another: the pool of the host is shared by all realms of a thread, and what an
 * `allocUnsafe` or a `buffer.byteOffset` shows depends on what ran before.
 */
export function realmBuffer(HostBuffer: typeof Buffer): typeof Buffer {
  function RealmBuffer(value: unknown, ...rest: unknown[]): Buffer {
    return typeof value === "number" ? HostBuffer.alloc(value) : from(value, ...rest);
  }
  const from = (value: unknown, ...rest: unknown[]): Buffer => {
    const buffer = Reflect.apply(HostBuffer.from, HostBuffer, [value, ...rest]) as Buffer;
    return isMemory(value) ? buffer : unpooled(buffer);
  };
  const unpooled = (buffer: Buffer): Buffer => {
    if (buffer.byteLength === buffer.buffer.byteLength) return buffer;
    const copy = HostBuffer.alloc(buffer.length);
    copy.set(buffer);
    return copy;
  };
  const unpooling =
    (make: (...args: never[]) => Buffer) =>
    (...args: never[]) =>
      unpooled(Reflect.apply(make, HostBuffer, args));
  const zeroed = (size: number) => HostBuffer.alloc(size);
  const statics = {
    ...Object.fromEntries(Object.entries(HostBuffer)),
    from,
    of: unpooling(HostBuffer.of),
    concat: unpooling(HostBuffer.concat),
    copyBytesFrom: unpooling(HostBuffer.copyBytesFrom),
    alloc: HostBuffer.alloc,
    allocUnsafe: zeroed,
    allocUnsafeSlow: zeroed,
  };
  for (const [name, value] of Object.entries(statics)) define(RealmBuffer, name, value);
  define(RealmBuffer, "name", "Buffer");
  Object.defineProperty(RealmBuffer, "prototype", { writable: false, value: HostBuffer.prototype });
  return RealmBuffer as unknown as typeof Buffer;
}

/** `node:buffer` with the realm's globals. */
export function nodeBuffer(
  host: object,
  { Buffer, atob, btoa }: typeof globalThis,
  refusals: Refusals,
): object {
  const SlowBuffer = (size: number) => Buffer.alloc(size);
  const refused = refusals.copyOf(host, "buffer", "what it holds is read in real time");
  return overlay(refused, { ...pick(host, PURE), Buffer, SlowBuffer, atob, btoa });
}

/** An ArrayBuffer is what the Buffer is to look upon, not what it is to copy. */
function isMemory(value: unknown): boolean {
  const tag = Object.prototype.toString.call(value);
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}
