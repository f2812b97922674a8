/** What a thread notes for the trace. Each has a beginning and an end on the common clock, in ms. */
export const EVENT = {
  /** A batch of messages was read. */
  batch: 0,
  /** A call was encoded and said; `id` is its number in the incarnation. */
  call: 1,
  /** The fate of a call was heard; `id` as above. */
  outcome: 2,
  /** A handler ran, until it gave a reply or a promise of one; `id` is the request's number. */
  handler: 3,
  /** The rest of a handler that promised its reply. */
  promised: 4,
  /** The collector held the thread. */
  collection: 5,
} as const;

export type EventKind = (typeof EVENT)[keyof typeof EVENT];

export interface ThreadEvent {
  readonly kind: EventKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly id: number;
  /** The place of its name in a table of the thread's; 0 where it has none. */
  readonly name: number;
}

const FIELDS = 5;
/** The place of `toMs` among them. */
const TO_FIELD = 2;
/** Events that a thread keeps: minutes of a peer of the lab's cases, seconds of one that calls as fast as it can. */
const SLOTS = 1 << 16;

/** The last events of one thread, in memory that outlives it. One thread writes. */
export class EventRing {
  readonly #cells: Float64Array;

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer((1 + SLOTS * FIELDS) * Float64Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Float64Array(buffer);
  }

  /** Events noted so far, those that later ones have replaced included. */
  get count(): number {
    return this.#cells[0] ?? 0;
  }

  note(kind: EventKind, fromMs: number, toMs: number, id = 0, name = 0): void {
    const cells = this.#cells;
    const at = 1 + (this.count % SLOTS) * FIELDS;
    cells[at] = kind;
    cells[at + 1] = fromMs;
    cells[at + 2] = toMs;
    cells[at + 3] = id;
    cells[at + 4] = name;
    cells[0] = this.count + 1;
  }

  /** Events that began before this may be missing. */
  get keptFromMs(): number {
    if (this.count <= SLOTS) return Number.NEGATIVE_INFINITY;
    // Events are noted at their ends, so one that is kept may have begun long before one that is not.
    return this.#cells[1 + (this.count % SLOTS) * FIELDS + TO_FIELD] ?? 0;
  }

  /** The events kept that began at `sinceMs` or later, in the order noted. */
  *events(sinceMs: number): Generator<ThreadEvent> {
    for (let n = Math.max(0, this.count - SLOTS); n < this.count; n += 1) {
      const at = 1 + (n % SLOTS) * FIELDS;
      const [kind, fromMs = 0, toMs = 0, id = 0, name = 0] = this.#cells.subarray(at, at + FIELDS);
      if (fromMs < sinceMs) continue;
      yield { kind: kind as EventKind, fromMs, toMs, id, name };
    }
  }
}
