import type { Worker } from "node:worker_threads";

/** The worker threads of this process that have not ended, of those made since this module was loaded. */
export const liveThreads = new Set<Worker>();

process.on("worker", (worker) => {
  liveThreads.add(worker);
  worker.once("exit", () => liveThreads.delete(worker));
});
