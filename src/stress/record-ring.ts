import type { TraceRecord } from "../trace/event.js";

/** The last events of a run in real time, which cannot be made again: a failure keeps them. */
export class RecordRing {
  readonly #records: TraceRecord[] = [];
  readonly #capacity: number;

  /** @param capacity how many events it keeps */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  readonly see = (record: TraceRecord): void => {
    this.#records[record.seq % this.#capacity] = record;
  };

  /** What it holds, in order. */
  records(): readonly TraceRecord[] {
    return [...this.#records].sort((a, b) => a.seq - b.seq);
  }
}
