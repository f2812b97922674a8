import type { Program } from "../peer/program.js";
import { RealClock } from "./clock.js";
import { PEER_HEAP_MIB, PeerThread } from "./peer-thread.js";
import { seededRandom } from "./random.js";
import type { BootSpec, PeerProcess, Runtime } from "./runtime.js";
import { ThreadPool } from "./thread-pool.js";
import type { ThreadProbe } from "./thread-probe.js";

export interface ThreadsOptions {
  /** Threads kept ready beyond those in use, so that a restart takes milliseconds. */
  readonly spares?: number;
  /** Largest heap of a peer's thread, in MiB. */
  readonly peerHeapMiB?: number;
  /** Makes what watches a thread, one for each; without it nothing is measured. */
  readonly probe?: (() => ThreadProbe) | undefined;
}

/**
 * The mode `threads`: every peer on a worker thread of its own, in real time. One pool of threads serves
 * all the runs of one program, one after another or at once.
 */
export class PeerThreads extends ThreadPool<PeerThread> {
  constructor(program: Program, { spares = 3, peerHeapMiB = PEER_HEAP_MIB, probe }: ThreadsOptions = {}) {
    super(spares, () => new PeerThread(program, peerHeapMiB, probe?.()));
  }

  /** Time, chance and peers for one run of one case. */
  runtime(seed: number): Runtime {
    return new ThreadsRuntime(this, seed);
  }
}

class ThreadsRuntime implements Runtime {
  readonly mode = "threads";
  readonly clock = new RealClock();
  readonly random;
  readonly #threads: PeerThreads;
  readonly #running = new Set<PeerThread>();

  constructor(threads: PeerThreads, seed: number) {
    this.#threads = threads;
    this.random = seededRandom(seed);
  }

  boot(spec: BootSpec): PeerProcess {
    const thread = this.#threads.take();
    thread.become(spec);
    this.#running.add(thread);
    thread.ended.then(() => this.#running.delete(thread));
    return thread;
  }

  async close(): Promise<void> {
    this.clock.close();
    const running = [...this.#running];
    for (const thread of running) thread.terminate();
    await Promise.all(running.map((thread) => thread.ended));
  }
}
