import { once } from "node:events";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Calls } from "../fixtures/caller.js";

/** Two bare threads in the layout of two peers: all between them goes by the main thread, which passes it on. */
export class BarePair {
  readonly #caller: Worker;
  readonly #echo: Worker;

  /** @param message what they send each other */
  constructor(message: unknown) {
    const toCaller = new MessageChannel();
    const toEcho = new MessageChannel();
    this.#caller = spawn("caller", toCaller.port2, message);
    this.#echo = spawn("echo", toEcho.port2, message);
    toCaller.port1.on("message", (heard) => toEcho.port1.postMessage(heard));
    toEcho.port1.on("message", (heard) => toCaller.port1.postMessage(heard));
  }

  /** @returns milliseconds that the rounds took, on the caller's own clock */
  async call(calls: Calls): Promise<number> {
    const answer = once(this.#caller, "message");
    this.#caller.postMessage(calls);
    const [tookMs] = (await answer) as [number];
    return tookMs;
  }

  async close(): Promise<void> {
    await Promise.all([this.#caller.terminate(), this.#echo.terminate()]);
  }
}

function spawn(role: "caller" | "echo", port: MessagePort, message: unknown): Worker {
  return new Worker(new URL("../fixtures/bare-peer.js", import.meta.url), {
    workerData: { role, port, message },
    transferList: [port],
    execArgv: [], // plain JavaScript: it needs no loader
  });
}
