import type { TurnGauge } from "../runtime/turn-gauge.js";

/** Int32 cells, and where the one double begins. */
const BEATS = 0;
const THREAD = 1;
const PEER = 2;
const FLOODS = 3;
const TURNS = 4;
const OS_THREAD = 5;
const NOW_US_AT = 6 * Int32Array.BYTES_PER_ELEMENT; // a multiple of 8

/**
 * Tells the thread that asked for a run how the thread that makes it fares: whether it still comes round,
 * and at whose turn it is. In shared memory, for a blocked thread answers no message and a dead one tells
 * nothing.
 */
export class Pulse implements TurnGauge {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  readonly #nowUs: Float64Array;

  /** A view of the pulse behind `buffer`, or a new one. */
  constructor(buffer = new SharedArrayBuffer(NOW_US_AT + Float64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer, 0, NOW_US_AT / Int32Array.BYTES_PER_ELEMENT);
    this.#nowUs = new Float64Array(buffer, NOW_US_AT);
  }

  /**
   * The runner: it begins.
   * @param threadId Node's number of its thread, which is at least 1
   * @param osThread the system's (`osThreadId`)
   */
  begin(threadId: number, osThread: number): void {
    Atomics.store(this.#cells, OS_THREAD, osThread);
    Atomics.store(this.#cells, THREAD, threadId);
  }

  /** The runner: its event loop has come round once more. */
  beat(): void {
    Atomics.add(this.#cells, BEATS, 1);
  }

  /** The runner. Stores here and in `ends` are plain: this is done at each turn, and read long after. */
  begins(peer: number, nowUs: number): void {
    this.#cells[PEER] = peer + 1;
    this.#cells[TURNS] = ((this.#cells[TURNS] ?? 0) + 1) | 0;
    this.#nowUs[0] = nowUs;
  }

  ends(): void {
    this.#cells[PEER] = 0;
    this.#cells[FLOODS] = 0;
  }

  floods(): void {
    Atomics.store(this.#cells, FLOODS, 1);
  }

  /** How often it has beaten, modulo 2^32. */
  beats(): number {
    return Atomics.load(this.#cells, BEATS);
  }

  /** How many turns of peers have begun, modulo 2^32. */
  turns(): number {
    return Atomics.load(this.#cells, TURNS);
  }

  /** The runner's thread; 0 before it has begun. */
  threadId(): number {
    return Atomics.load(this.#cells, THREAD);
  }

  /** The same as the system knows it. */
  osThread(): number {
    return Atomics.load(this.#cells, OS_THREAD);
  }

  /** The peer at its turn; `undefined` between turns. */
  peer(): number | undefined {
    const peer = Atomics.load(this.#cells, PEER) - 1;
    return peer < 0 ? undefined : peer;
  }

  /** Virtual ms of the last turn of a peer. */
  nowMs(): number {
    return (this.#nowUs[0] ?? 0) / 1000;
  }

  /** Whether a peer has said more in one turn than its link bears. */
  hasFlood(): boolean {
    return Atomics.load(this.#cells, FLOODS) === 1;
  }
}
