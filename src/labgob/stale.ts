import { countError, errorCount } from "./errors.js";

/**
 * The lab's "default check" (lab-spec 4.1) of an object about to be decoded into: counts each of its fields
 * that already holds something, and warns of the first that labgob finds fault with in this realm.
 */
export function checkTarget(target: object): void {
  for (const [field, content] of Object.entries(target)) {
    if (!isScalar(content) || isZero(content)) continue;
    if (errorCount() === 0) {
      warn(
        `labgob: decodeInto found target.${field} = ${String(content)} there before. What is not in the encoded ` +
          "value would stay as it is: decode into a fresh object, or use decode().",
      );
    }
    countError();
  }
}

function isScalar(content: unknown): boolean {
  return ["boolean", "number", "bigint", "string"].includes(typeof content);
}

function isZero(content: unknown): boolean {
  return content === false || content === 0 || content === 0n || content === "";
}

/** A bare realm may have no console. */
function warn(text: string): void {
  if (typeof console !== "undefined") console.warn(text);
}
