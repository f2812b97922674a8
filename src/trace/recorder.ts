import type { Clock } from "../runtime/clock.js";
import type { TraceEvent, TraceRecord, TraceSink } from "./event.js";

/** Hears each event of a run, in their order. */
export type TraceListener = (record: TraceRecord) => void;

/** Gives each event of a run its place and its time, and tells all that listen. */
export class Recorder implements TraceSink {
  readonly #clock: Clock;
  readonly #listeners: readonly TraceListener[];
  #lastSeq = -1;

  constructor(clock: Clock, listeners: readonly TraceListener[]) {
    this.#clock = clock;
    this.#listeners = listeners;
  }

  record(event: TraceEvent): void {
    this.#lastSeq += 1;
    const record: TraceRecord = { seq: this.#lastSeq, atUs: Math.round(this.#clock.nowMs() * 1000), event };
    for (const listener of this.#listeners) listener(record);
  }

  /** Events so far. */
  get count(): number {
    return this.#lastSeq + 1;
  }
}
