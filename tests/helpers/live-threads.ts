import type { Worker } from "node:worker_threads";

/**
 * The worker threads of this process that have not ended, of those made since this module was loaded. Node
 * tells of a thread only after the code that has made it: a new one is in here a turn later.
 */
export const liveThreads = new Set<Worker>();

process.on("worker", (worker) => {
  liveThreads.add(worker);
  worker.once("exit", () => liveThreads.delete(worker));
});
