import type { Random } from "../runtime/random.js";

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** `length` random characters of the base64url alphabet (lab-spec 6.13 `randstring`). */
export function randomString(random: Random, length: number): string {
  let text = "";
  for (let i = 0; i < length; i += 1) text += BASE64URL[random.int(0, BASE64URL.length - 1)];
  return text;
}
