const HEAP_USED = 0;
const HEAP_HIGHEST = 1;
const QUICKEST_TO_PEER_MS = 2;
const BATCHES_TO_PEER = 3;
const LAST_TURN_MS = 4;
const COUNTS_FROM_MS = 5;
const CELLS = 6;

/** Single figures that a peer's thread keeps for the profiler, in memory that outlives the thread. */
export class PeerGauges {
  readonly #cells: Float64Array;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(CELLS * Float64Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Float64Array(buffer);
  }

  setHeap(bytes: number): void {
    this.#cells[HEAP_USED] = bytes;
    this.#cells[HEAP_HIGHEST] = Math.max(this.heapHighest, bytes);
  }

  /** Bytes of the thread's heap in use when it last looked. */
  get heapUsed(): number {
    return this.#cells[HEAP_USED] ?? 0;
  }

  get heapHighest(): number {
    return this.#cells[HEAP_HIGHEST] ?? 0;
  }

  /** The thread's event loop has turned, on the common clock. */
  turned(nowMs: number): void {
    this.#cells[LAST_TURN_MS] = nowMs;
  }

  /** When the event loop turned last, as far as it was looked at: every `TURN_LOOK_MS`. */
  get lastTurnMs(): number {
    return this.#cells[LAST_TURN_MS] ?? 0;
  }

  /** The main thread: what left it before this does not count. */
  countFrom(nowMs: number): void {
    this.#cells[COUNTS_FROM_MS] = nowMs;
  }

  get countsFromMs(): number {
    return this.#cells[COUNTS_FROM_MS] ?? 0;
  }

  /** A batch was on its way to the peer for `ms`, by the stamps of both threads. */
  cameIn(ms: number): void {
    const cells = this.#cells;
    cells[BATCHES_TO_PEER] = this.batchesToPeer + 1;
    const quickest = cells[QUICKEST_TO_PEER_MS] ?? 0;
    if (quickest === 0 || ms < quickest) cells[QUICKEST_TO_PEER_MS] = ms;
  }

  /** How many came in. */
  get batchesToPeer(): number {
    return this.#cells[BATCHES_TO_PEER] ?? 0;
  }

  /** The quickest way of a batch to the peer; 0 if none came. Below 0 if the clocks differ. */
  get quickestToPeerMs(): number {
    return this.#cells[QUICKEST_TO_PEER_MS] ?? 0;
  }
}
