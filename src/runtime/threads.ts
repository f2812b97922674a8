import type { Program } from "../peer/program.js";
import { RealClock } from "./clock.js";
import { PeerThread } from "./peer-thread.js";
import { seededRandom } from "./random.js";
import type { BootSpec, PeerProcess, Runtime } from "./runtime.js";
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
export class PeerThreads {
  readonly #program: Program;
  readonly #options: Required<ThreadsOptions>;
  readonly #all = new Set<PeerThread>();
  #spares: PeerThread[] = [];
  #isClosed = false;

  constructor(program: Program, { spares = 3, peerHeapMiB = 512, probe }: ThreadsOptions = {}) {
    this.#program = program;
    this.#options = { spares, peerHeapMiB, probe };
    this.#refill();
  }

  /** Time, chance and peers for one run of one case. */
  runtime(seed: number): Runtime {
    return new ThreadsRuntime(this, seed);
  }

  /** A thread for a new incarnation: a spare, or a fresh one where there is none. */
  take(): PeerThread {
    const thread = this.#spares.shift() ?? this.#spawn();
    this.#refill();
    return thread;
  }

  /** Ends every thread. Resolves when none is left. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#spares = [];
    for (const thread of this.#all) thread.terminate();
    await Promise.all([...this.#all].map((thread) => thread.ended));
  }

  /** Boots spares one at a time: they must not take the cores from the peers at work. */
  #refill(): void {
    if (this.#isClosed || this.#spares.length >= this.#options.spares) return;
    const last = this.#spares.at(-1);
    if (last && !last.isReady) return;
    const spare = this.#spawn();
    this.#spares.push(spare);
    spare.ready.then(() => this.#refill());
    spare.ended.then(() => {
      this.#spares = this.#spares.filter((other) => other !== spare);
    });
  }

  #spawn(): PeerThread {
    const { peerHeapMiB, probe } = this.#options;
    const thread = new PeerThread(this.#program, peerHeapMiB, probe?.());
    this.#all.add(thread);
    thread.ended.then(() => this.#all.delete(thread));
    return thread;
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
