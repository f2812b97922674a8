import { decode } from "../labgob/labgob.js";

let lastBytes: Uint8Array | undefined;
let lastMessage: unknown;

/**
 * The message in the `bytes` of an `apply` event; nobody may change it. Tester and checkers read each of
 * them, one right after the other: it is decoded for the first.
 * @throws {DecodeError} if `bytes` cannot be read
 */
export function applyMessageIn<Message>(bytes: Uint8Array): Message {
  if (bytes !== lastBytes) {
    lastMessage = decode<unknown>(bytes);
    lastBytes = bytes;
  }
  return lastMessage as Message;
}
