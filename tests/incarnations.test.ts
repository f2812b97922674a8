/** A peer that is crashed and started again hears nothing that was meant for the incarnation before. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test from "ava";
import { Cluster } from "../src/harness/cluster.js";
import { Server, Service } from "../src/labrpc/server.js";
import { loadProgram, type Program } from "../src/peer/program.js";
import { PeerThreads } from "../src/runtime/threads.js";

const PEER = 1;

let program: Program;
test.before(async () => {
  program = await loadProgram(fileURLToPath(new URL("fixtures/asking-peer.ts", import.meta.url)));
});

/** A cluster whose server 1 asks, at each birth, and whose server 0 answers when the test says so. */
class AskingCluster {
  /** Answers the questions, in the order asked. */
  readonly answer: ((answer: string) => void)[] = [];
  /** The answers that the peer has told it got. */
  readonly got: string[] = [];
  readonly network;
  readonly #threads = new PeerThreads(program, { spares: 1 });
  readonly #cluster: Cluster;

  constructor(seed: number) {
    this.#cluster = new Cluster({ n: 2, runtime: this.#threads.runtime(seed) });
    this.network = this.#cluster.network;
    const ask = () => new Promise<string>((resolve) => this.answer.push(resolve));
    const gotAnswer = (answer: string) => this.got.push(answer);
    const outside = new Server();
    outside.addService(new Service("Outside", { ask, gotAnswer }));
    this.network.addServer(0, outside);
    this.#cluster.connect(0);
  }

  /** Boots the peer, anew if it runs. Resolves when it has asked. */
  async startAndAsk(): Promise<void> {
    const asked = this.answer.length;
    const started = this.#cluster.start1(PEER);
    this.#cluster.connect(PEER); // now, for it asks before it is ready
    await started;
    await until(() => this.answer.length > asked);
  }

  async close(): Promise<void> {
    this.#cluster.cleanup();
    await this.#cluster.runtime.close();
    await this.#threads.close();
  }
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1);
}

/** Time for an answer to reach the peer and for the peer to tell. */
const ANSWER_MS = 100;

test.serial(
  "an answer that comes after the crash is no answer to the next incarnation's question",
  async (t) => {
    const cluster = new AskingCluster(1);
    t.teardown(() => cluster.close());
    await cluster.startAndAsk();
    await cluster.startAndAsk();
    cluster.answer[0]?.("to the first");
    await sleep(ANSWER_MS);
    t.deepEqual(cluster.got, []);
    cluster.answer[1]?.("to the second");
    await until(() => cluster.got.length > 0);
    t.deepEqual(cluster.got, ["to the second"]);
  },
);

test.serial(
  "nor is one that the network held back, though it delivers what it holds (lab-spec 2.4 step 10)",
  async (t) => {
    const cluster = new AskingCluster(1); // a seed under which the first reply is held
    t.teardown(() => cluster.close());
    const { network } = cluster;
    network.setLongReordering(true);
    await cluster.startAndAsk();
    const bytesOfQuestion = network.getTotalBytes();
    cluster.answer[0]?.("to the first");
    await sleep(ANSWER_MS);
    t.is(network.getTotalBytes(), bytesOfQuestion, "the reply is held");
    network.setLongReordering(false);

    await cluster.startAndAsk();
    const bytesAskedAgain = network.getTotalBytes();
    await until(() => network.getTotalBytes() > bytesAskedAgain);
    await sleep(ANSWER_MS);
    t.deepEqual(cluster.got, []);
    cluster.answer[1]?.("to the second");
    await until(() => cluster.got.length > 0);
    t.deepEqual(cluster.got, ["to the second"]);
  },
);
