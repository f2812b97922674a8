/** What `performance.mark` and `measure` make. All times in ms on the scale of `performance.now()`. */
interface PerformanceEntry {
  readonly name: string;
  readonly entryType: "mark" | "measure";
  readonly startTime: number;
  readonly duration: number;
  readonly detail: unknown;
}

interface MeasureOptions {
  readonly start?: string | number;
  readonly end?: string | number;
  readonly duration?: number;
  readonly detail?: unknown;
}

/** `performance` in virtual time. Event-loop figures do not exist there: handlers take no virtual time. */
export class VirtualPerformance {
  /** Unix time in ms at which virtual time began. */
  readonly timeOrigin: number;
  /** Virtual milliseconds since the run began, in steps of a microsecond. */
  readonly now: () => number;
  #entries: PerformanceEntry[] = [];

  constructor(nowMs: () => number, timeOrigin: number) {
    this.timeOrigin = timeOrigin;
    this.now = nowMs;
  }

  mark(name: string, options: { readonly startTime?: number; readonly detail?: unknown } = {}) {
    const { startTime = this.now(), detail = null } = options;
    return this.#add({ name: String(name), entryType: "mark", startTime, duration: 0, detail });
  }

  measure(name: string, startOrOptions: string | number | MeasureOptions = {}, endMark?: string) {
    const options: MeasureOptions =
      typeof startOrOptions === "object" ? startOrOptions : { start: startOrOptions };
    const endTime = this.#timeOf(options.end ?? endMark) ?? this.now();
    const startTime = this.#timeOf(options.start) ?? 0;
    const duration = options.duration ?? endTime - startTime;
    const { detail = null } = options;
    return this.#add({ name: String(name), entryType: "measure", startTime, duration, detail });
  }

  getEntries(): PerformanceEntry[] {
    return [...this.#entries].sort((a, b) => a.startTime - b.startTime);
  }

  getEntriesByName(name: string, type?: string): PerformanceEntry[] {
    return this.getEntries().filter(
      (entry) => entry.name === name && (type === undefined || entry.entryType === type),
    );
  }

  getEntriesByType(type: string): PerformanceEntry[] {
    return this.getEntries().filter((entry) => entry.entryType === type);
  }

  clearMarks(name?: string): void {
    this.#clear("mark", name);
  }

  clearMeasures(name?: string): void {
    this.#clear("measure", name);
  }

  eventLoopUtilization() {
    return { idle: 0, active: 0, utilization: 0 };
  }

  toJSON() {
    return { timeOrigin: this.timeOrigin, now: this.now() };
  }

  #add(entry: PerformanceEntry): PerformanceEntry {
    this.#entries.push(entry);
    return entry;
  }

  #clear(type: string, name: string | undefined): void {
    this.#entries = this.#entries.filter(
      (entry) => entry.entryType !== type || (name !== undefined && entry.name !== name),
    );
  }

  #timeOf(markOrMs: string | number | undefined): number | undefined {
    if (typeof markOrMs !== "string") return markOrMs;
    const mark = this.getEntriesByName(markOrMs, "mark").at(-1);
    if (!mark) throw new SyntaxError(`The "${markOrMs}" performance mark has not been set`);
    return mark.startTime;
  }
}
