/** A worker thread that can become one incarnation of a peer, and ends with it. */
export interface SpareThread {
  /** Resolves when it could become a peer at once; or has ended. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone, however it went. */
  readonly ended: Promise<void>;
  readonly isReady: boolean;
  terminate(): void;
}

/** Threads for peers. Some are kept ready beyond those in use, so that a restart takes milliseconds. */
export class ThreadPool<Thread extends SpareThread> {
  readonly #spawnThread: () => Thread;
  readonly #spareCount: number;
  readonly #all = new Set<Thread>();
  #spares: Thread[] = [];
  #isClosed = false;

  constructor(spareCount: number, spawnThread: () => Thread) {
    this.#spareCount = spareCount;
    this.#spawnThread = spawnThread;
    this.#refill();
  }

  /** A thread for a new incarnation: a spare, or a fresh one where there is none. */
  take(): Thread {
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
    if (this.#isClosed || this.#spares.length >= this.#spareCount) return;
    const last = this.#spares.at(-1);
    if (last && !last.isReady) return;
    const spare = this.#spawn();
    this.#spares.push(spare);
    spare.ready.then(() => this.#refill());
    spare.ended.then(() => {
      this.#spares = this.#spares.filter((other) => other !== spare);
    });
  }

  #spawn(): Thread {
    const thread = this.#spawnThread();
    this.#all.add(thread);
    thread.ended.then(() => this.#all.delete(thread));
    return thread;
  }
}
