import { overlay, pick } from "./define.js";
import { DOMException } from "./dom-exception.js";
import type { Refusals } from "./forbidden.js";
import type { RandomBits } from "./random.js";
import type { Timers } from "./timers.js";

/** What of `node:crypto` is a plain function of its arguments. */
const PURE = [
  "constants",
  "createCipheriv",
  "createDecipheriv",
  "createHash",
  "createHmac",
  "createSecretKey",
  "getCiphers",
  "getHashes",
  "hash",
  "hkdfSync",
  "pbkdf2Sync",
  "scryptSync",
  "timingSafeEqual",
];

/** The most bytes of one `getRandomValues`, by the Web Crypto standard. */
const MAX_BYTES = 65_536;

const WHY_NOT_SUBTLE = "its answers come from another thread, in real time";
const WHY_NOT_CRYPTO = "it uses real randomness, or answers from another thread in real time";

/** The global `crypto` of virtual time: randomness from the peer's seed. */
export function webCrypto(bits: RandomBits, host: { readonly subtle: object }, refusals: Refusals): object {
  return {
    getRandomValues: (array: NodeJS.TypedArray) => fillChecked(bits, array),
    randomUUID: () => bits.uuid(),
    subtle: refusals.copyOf(host.subtle, "crypto.subtle", WHY_NOT_SUBTLE),
  };
}

/** Node's way to answer later: an error or `null` first. */
type Answer<T> = (error: null, value: T) => void;

/** `node:crypto` in virtual time: hashes as they are, randomness from the peer's seed, the rest refused. */
export function nodeCrypto(
  host: typeof import("node:crypto"),
  bits: RandomBits,
  web: object,
  timers: Timers,
  refusals: Refusals,
): object {
  const later = <T>(answer: Answer<T>, value: T) => void timers.setImmediate(answer, null, value);
  const randomBytes = (size: number) => {
    const bytes = Buffer.alloc(size);
    bits.fill(bytes);
    return bytes;
  };
  const randomFillSync = (target: NodeJS.ArrayBufferView, offset = 0, size?: number) => {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    bits.fill(bytes.subarray(offset, size === undefined ? undefined : offset + size));
    return target;
  };
  return overlay(refusals.copyOf(host, "crypto", WHY_NOT_CRYPTO), {
    ...pick(host, PURE),
    ...web,
    webcrypto: web,
    randomFillSync,
    randomBytes: (size: number, answer?: Answer<Buffer>) =>
      answer ? later(answer, randomBytes(size)) : randomBytes(size),
    randomFill: (target: NodeJS.ArrayBufferView, ...rest: [...number[], Answer<NodeJS.ArrayBufferView>]) => {
      const [offset, size] = rest.slice(0, -1) as number[];
      later(rest.at(-1) as Answer<NodeJS.ArrayBufferView>, randomFillSync(target, offset, size));
    },
    randomInt: (...rest: (number | Answer<number>)[]) => {
      const answer = typeof rest.at(-1) === "function" ? (rest.pop() as Answer<number>) : undefined;
      const [min, max] = (rest.length > 1 ? rest : [0, ...rest]) as [number, number];
      checkRange(min, max);
      const value = bits.int(min, max);
      return answer ? later(answer, value) : value;
    },
  });
}

function checkRange(min: number, max: number): void {
  if (Number.isSafeInteger(min) && Number.isSafeInteger(max) && min < max) return;
  throw new RangeError(
    `crypto.randomInt takes whole numbers, max greater than min; got min ${min} and max ${max}.`,
  );
}

function fillChecked(bits: RandomBits, array: NodeJS.TypedArray): NodeJS.TypedArray {
  if (!ArrayBuffer.isView(array) || !/^(?:Big)?(?:Ui|I)nt/.test(array[Symbol.toStringTag])) {
    throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
  }
  if (array.byteLength > MAX_BYTES) {
    throw new DOMException(`The requested length exceeds ${MAX_BYTES} bytes`, "QuotaExceededError");
  }
  bits.fill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return array;
}
