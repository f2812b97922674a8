import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Calls } from "../fixtures/caller.js";
import type { Talk } from "../fixtures/three-threads.js";

/** Threads that talk, in a process of their own (three-threads.ts). */
export class OwnProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(talk: Talk) {
    this.#child = fork(new URL("../fixtures/three-threads.js", import.meta.url), [talk]);
    this.#ended = once(this.#child, "exit");
  }

  /**
   * @returns milliseconds that the calls took, on the caller's own clock
   * @throws {Error} if the process has ended
   */
  async call(calls: Calls): Promise<number> {
    const answer = once(this.#child, "message");
    this.#child.send(calls);
    const [tookMs] = await Promise.race([answer, this.#ended.then(() => [])]);
    if (tookMs === undefined) throw new Error("The threads that talk have ended before their time.");
    return tookMs as number;
  }

  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }
}
