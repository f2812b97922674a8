const MIB = 1024 * 1024;

/** Of its thread's heap, the part that a single turn may take. */
const SHARE_OF_HEAP = 1 / 3;

/**
 * What a single turn that goes on takes of memory, seen from another thread: by the memory of the whole
 * process, since a blocked thread tells nothing of its own. It must be stopped long before its heap is full:
 * when a worker's heap overflows, Node 20 as often as not ends the process instead of the thread.
 */
export class TurnGrowth {
  readonly #limitMiB: number;
  #atFirstMiB = 0;

  /** @param heapMiB largest heap of the thread */
  constructor(heapMiB: number) {
    this.#limitMiB = heapMiB * SHARE_OF_HEAP;
  }

  /**
   * A look at the process.
   * @param isSameTurn whether the turn is the one of the last look
   * @returns the MiB that the process has grown by in this turn, if that is too much
   */
  look(isSameTurn: boolean): number | undefined {
    const nowMiB = process.memoryUsage.rss() / MIB;
    if (!isSameTurn) this.#atFirstMiB = nowMiB;
    const grownMiB = Math.round(nowMiB - this.#atFirstMiB);
    return grownMiB > this.#limitMiB ? grownMiB : undefined;
  }
}
