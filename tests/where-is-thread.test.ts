/** Where a thread stands whose event loop is blocked. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import test from "ava";
import type { Program } from "../src/peer/program.js";
import { RAFT_FILE } from "../src/peer/script-names.js";
import { whereIsThread } from "../src/runtime/where-is-thread.js";

/** No place of it maps to a file of the user's, so that lines are told as the bundle has them. */
const MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });

/** Runs `workerData` as raft.ts, in a turn of the event loop. */
const SCRIPT = `
  const { parentPort, workerData } = require("node:worker_threads");
  globalThis.process = process;
  setImmediate(() => {
    parentPort.postMessage("begins");
    new (require("node:vm").Script)(workerData, { filename: "${RAFT_FILE}" }).runInThisContext();
  });`;

/** Enough that a thread which is stopped at random is stopped between two jobs as well. */
const THREADS = 6;

for (const { name, text } of [
  { name: "a loop of awaits", text: "(async function spins() { for (;;) await null; })()" },
  { name: "next-ticks without end", text: "(function spins() { process.nextTick(spins); })()" },
]) {
  test.serial(`${name}: its line is told, wherever the thread is stopped`, async (t) => {
    for (let i = 0; i < THREADS; i += 1) {
      const worker = new Worker(SCRIPT, { eval: true, workerData: text });
      await once(worker, "message");
      await sleep(20); // until it spins
      const place = await whereIsThread(worker.threadId, { raftMap: MAP } as Program);
      await worker.terminate();
      t.regex(place ?? "", /^It stands\n {4}at spins \(raft\.ts/);
    }
  });
}
