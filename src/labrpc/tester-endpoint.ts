import type { Endpoint } from "comlink";
import { decode, encode } from "../labgob/labgob.js";

type Hear = (event: { readonly data: unknown }) => void;

/**
 * comlink's way over a peer's one link, the same class at both of its ends: what comlink posts leaves as
 * bytes of labgob, what `hear` is given reaches comlink's listeners. So the tester's calls keep their place
 * in the order of all that the peer hears and says. Runs in a peer's realm: no port, no Node.
 */
export class TesterPort implements Endpoint {
  #post: (bytes: Uint8Array) => void;
  readonly #listeners = new Map<unknown, Hear>();

  /** @param post takes one encoded message for the other end */
  constructor(post: (bytes: Uint8Array) => void) {
    this.#post = post;
  }

  /** @throws {EncodeError} if an argument or a result holds what the encoding cannot carry */
  postMessage(message: unknown): void {
    this.#post(encode(message));
  }

  addEventListener(_type: string, listener: unknown): void {
    this.#listeners.set(listener, listenerFunction(listener));
  }

  removeEventListener(_type: string, listener: unknown): void {
    this.#listeners.delete(listener);
  }

  /** Takes one message of the other end. */
  hear(bytes: Uint8Array): void {
    const event = { data: decode<unknown>(bytes) };
    for (const listener of [...this.#listeners.values()]) listener(event);
  }

  /**
   * Lets go of both sides. comlink keeps an endpoint until the last of its proxies is collected; what the
   * endpoint leads to, a peer's whole realm, must not be kept with it.
   */
  close(): void {
    this.#post = () => {};
    this.#listeners.clear();
  }
}

function listenerFunction(listener: unknown): Hear {
  if (typeof listener === "function") return listener as Hear;
  const { handleEvent } = listener as { handleEvent: Hear };
  return (event) => handleEvent.call(listener, event);
}
