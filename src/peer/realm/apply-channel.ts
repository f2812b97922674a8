import { encode } from "../../labgob/labgob.js";
import type { PeerToMain } from "../../labrpc/wire.js";
import type { ApplyMsg, Channel } from "../raft-peer.js";

/** More sends than this waiting for the tester means a peer that sends without ever waiting. */
const MAX_WAITING_SENDS = 100_000;

/**
 * `applyCh` on the peer's side of the link. One message at a time is on its way; the next leaves when the
 * tester has taken it, as on Go's unbuffered channel (lab-spec 9.2).
 */
export class ApplyChannel implements Channel<ApplyMsg> {
  readonly #say: (message: PeerToMain) => void;
  readonly #waiting: { readonly message: PeerToMain; readonly taken: () => void }[] = [];

  constructor(say: (message: PeerToMain) => void) {
    this.#say = say;
  }

  /**
   * Encodes `message` at once and hands it over when its turn comes.
   * @throws {TypeError} (as a rejection) if `message` is no `ApplyMsg`
   * @throws {EncodeError} (as a rejection) if the command cannot travel
   */
  async send(message: ApplyMsg): Promise<void> {
    checkApplyMsg(message);
    if (this.#waiting.length >= MAX_WAITING_SENDS) {
      throw new RangeError(
        `applyCh.send: ${MAX_WAITING_SENDS} messages wait for the tester. Await each send before the next one.`,
      );
    }
    const encoded = encodedForTester(message);
    await new Promise<void>((taken) => {
      this.#waiting.push({ message: encoded, taken });
      if (this.#waiting.length === 1) this.#say(encoded);
    });
  }

  /** The tester has taken the message on its way. */
  taken(): void {
    this.#waiting.shift()?.taken();
    const next = this.#waiting[0];
    if (next) this.#say(next.message);
  }
}

function encodedForTester(message: ApplyMsg): PeerToMain {
  const { commandValid, commandIndex, command } = message;
  return commandValid
    ? { kind: "apply", index: commandIndex, command: encode(command, "applyMsg.command") }
    : { kind: "apply-other", message: encode(message, "applyMsg") };
}

function checkApplyMsg(message: ApplyMsg): void {
  if (typeof message !== "object" || message === null) {
    throw new TypeError(`applyCh.send takes an ApplyMsg object; got ${String(message)}.`);
  }
  const { commandValid, commandIndex } = message;
  if (commandValid && !(Number.isSafeInteger(commandIndex) && commandIndex >= 0)) {
    throw new TypeError(
      `applyCh.send: commandIndex must be a whole number, the entry's place in the log; got ${String(commandIndex)}.`,
    );
  }
}
