import { Worker } from "node:worker_threads";

/** How often it is looked whether the parent lives, in ms. */
const LOOK_MS = 1000;

/** Text, not a file: a thread that needs nothing of ours boots in a few ms. */
const WATCH = `
  const { workerData: { parent, lookMs } } = require("node:worker_threads");
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  }, lookMs);`;

/**
 * Ends this process soon after its parent is gone, even while its main thread is in a loop and hears of nothing:
 * a campaign that was killed must leave no process behind that keeps a core busy for ever.
 */
export function endWithParent(): void {
  new Worker(WATCH, { eval: true, workerData: { parent: process.ppid, lookMs: LOOK_MS } }).unref();
}
