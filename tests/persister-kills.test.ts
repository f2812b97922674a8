/** Saves under kills: a thread may end at any instant, and what it saved is whole and not outdated. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import test from "ava";
import { loadProgram } from "../src/peer/program.js";
import { FilePersister } from "../src/persister/file-persister.js";
import { seededRandom } from "../src/runtime/random.js";
import { PeerThreads } from "../src/runtime/threads.js";
import type { SavingThreadData } from "./fixtures/saving-thread.js";
import { contentsOf, numberIn } from "./helpers/numbered-saves.js";
import { SAVING_PEER, SavingCluster } from "./helpers/saving-cluster.js";
import { workerText } from "./helpers/worker-text.js";

/** 1,000 kills in all. */
const SEEDS = [1, 2, 3, 4];
const PEER_COUNT = 5;
const KILLS_PER_PEER = 50;
const THREAD_KILLS = 200;

let threads: PeerThreads;
test.before(async () => {
  threads = new PeerThreads(await loadProgram(SAVING_PEER));
});
test.after.always(() => threads?.close());

for (const seed of SEEDS) {
  test.serial(
    `killed ${PEER_COUNT * KILLS_PER_PEER} times amid their saves, peers find whole states when they come back, none known to be outdated (seed ${seed})`,
    async (t) => {
      t.timeout(150_000);
      const cluster = new SavingCluster(threads.runtime(seed), PEER_COUNT);
      const peers = Array.from({ length: PEER_COUNT }, (_, i) => i + 1);
      try {
        await Promise.all(peers.map((peer) => cluster.killAgainAndAgain(peer, KILLS_PER_PEER)));
      } finally {
        await cluster.close();
      }
      t.deepEqual(cluster.wrong, []);
      t.is(cluster.births, PEER_COUNT * (KILLS_PER_PEER + 1));
      t.true(cluster.saves > cluster.births, `the outside was told of ${cluster.saves} saves`);
    },
  );
}

test.serial(
  `killed ${THREAD_KILLS} times amid its saves to disk, a thread leaves a whole state, no older than the last save that returned`,
  async (t) => {
    t.timeout(120_000);
    const directory = mkdtempSync(join(tmpdir(), "whitewater-persister-"));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const done = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    const workerData: SavingThreadData = { directory, done };
    const text = await workerText("saving-thread");
    const random = seededRandom(1);
    for (let kill = 1; kill <= THREAD_KILLS; kill += 1) {
      const worker = new Worker(text, { eval: true, workerData });
      await once(worker, "message");
      await sleep(random.int(0, 10));
      await worker.terminate();

      const warnings: string[] = [];
      const persister = new FilePersister(directory, { onWarning: (warning) => warnings.push(warning) });
      const [found, returned] = [numberIn(persister), Atomics.load(done, 0)];
      t.true(
        found === returned || found === returned + 1,
        `found save ${found}; save ${returned} returned last`,
      );
      const { state, snapshot } = contentsOf(found);
      t.deepEqual(persister.readRaftState(), state);
      t.deepEqual(persister.readSnapshot(), snapshot);
      t.deepEqual(warnings, []);
      Atomics.store(done, 0, found);
    }
    t.true(Atomics.load(done, 0) > THREAD_KILLS / 10, `${Atomics.load(done, 0)} saves`);
  },
);
