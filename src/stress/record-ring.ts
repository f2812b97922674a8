import { withOwnState } from "../labrpc/own-state.js";
import type { TraceRecord } from "../trace/event.js";

export interface RingLimits {
  /** How many events it keeps. */
  readonly events: number;
  /** How many bytes of messages, saved states and logged lines these may hold. */
  readonly bytes: number;
}

/**
 * The last events of a run in real time, which cannot be made again. Of too many bytes, those of saved states go
 * first, the oldest before the others: in a long run they are nearly all, and no rule of Raft looks into them.
 */
export class RecordRing {
  readonly #limits: RingLimits;
  readonly #records: TraceRecord[] = [];
  /** Where what it holds begins: the places before are given back now and then, many at once. */
  #first = 0;
  /** Before this place, no saved state is kept. */
  #firstWithState = 0;
  #bytes = 0;

  constructor(limits: RingLimits) {
    this.#limits = limits;
  }

  readonly see = (record: TraceRecord): void => {
    const event = withOwnState(record.event);
    this.#records.push(event === record.event ? record : { ...record, event });
    this.#bytes += bytesOf(record);
    const { events, bytes } = this.#limits;
    while (this.#bytes > bytes && this.#firstWithState < this.#records.length) this.#dropState();
    while (this.#records.length - this.#first > events || this.#bytes > bytes) this.#drop();
  };

  /** Whether it holds all that it has seen, be it without saved states. */
  get isWhole(): boolean {
    return (this.records()[0]?.seq ?? 0) === 0;
  }

  /** What it holds, in order. */
  records(): readonly TraceRecord[] {
    this.#tidy();
    return this.#records;
  }

  #dropState(): void {
    const place = this.#firstWithState;
    const record = this.#records[place];
    this.#firstWithState += 1;
    if (record?.event.kind !== "save") return;
    this.#bytes -= bytesOf(record);
    this.#records[place] = { ...record, event: { ...record.event, state: NO_BYTES, snapshot: null } };
  }

  #drop(): void {
    const oldest = this.#records[this.#first];
    if (oldest) this.#bytes -= bytesOf(oldest);
    this.#first += 1;
    if (this.#first > this.#limits.events) this.#tidy();
  }

  #tidy(): void {
    this.#records.splice(0, this.#first);
    this.#firstWithState = Math.max(0, this.#firstWithState - this.#first);
    this.#first = 0;
  }
}

const NO_BYTES = new Uint8Array();

function bytesOf({ event }: TraceRecord): number {
  switch (event.kind) {
    case "send":
      return event.args.byteLength;
    case "handled":
      return event.reply.byteLength;
    case "save":
      return event.state.byteLength + (event.snapshot?.byteLength ?? 0);
    case "log":
      return event.text.length;
    default:
      return 0;
  }
}
