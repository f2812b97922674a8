/**
 * The rules of the trace-event format ("Trace Event Format", the Chromium project's document) for the phases
 * that a profile uses, each with what Perfetto does where it is broken.
 */

interface Event {
  readonly ph: string;
  readonly name: string;
  readonly cat: string;
  readonly id: string;
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What breaks the format in the JSON `text`, a line each; nothing if all is well. */
export function traceFormatErrors(text: string): string[] {
  const file = JSON.parse(text) as { traceEvents?: unknown; displayTimeUnit?: unknown };
  if (!Array.isArray(file.traceEvents)) return ["there is no array traceEvents"];
  const events = file.traceEvents as Event[];
  return [
    ...(["ms", "ns", undefined].includes(file.displayTimeUnit as string)
      ? []
      : ["displayTimeUnit is neither ms nor ns"]),
    ...events.flatMap((event, i) => fieldErrors(event).map((error) => `event ${i} (${event.ph}): ${error}`)),
    ...nestingErrors(events),
    ...asyncErrors(events),
    ...flowErrors(events),
  ];
}

/** Fields that an event of its phase must have. */
function fieldErrors({ ph, name, cat, id, ts, dur, pid, tid, args }: Event): string[] {
  const need = (isThere: boolean, what: string): string[] => (isThere ? [] : [`has no ${what}`]);
  const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
  const isTime = (value: unknown): boolean =>
    typeof value === "number" && Number.isFinite(value) && value >= 0;
  const values = Object.values(args ?? {});
  return [
    ...need("XMCbestf".includes(ph) && ph.length === 1, "known phase"),
    ...need(isText(name), "name"),
    ...need(Number.isInteger(pid) && Number.isInteger(tid), "pid and tid"),
    ...need(isTime(ts), "ts"),
    ...(ph === "X" ? need(isTime(dur), "dur") : []),
    ...("bestf".includes(ph) ? need(isText(cat) && isText(id), "cat and id") : []),
    ...(ph === "C"
      ? need(values.length > 0 && values.every((value) => typeof value === "number"), "numbers to count")
      : []),
    ...(ph === "M"
      ? need(["thread_name", "thread_sort_index", "process_name"].includes(name), "known metadata")
      : []),
  ];
}

/** Slices of one track contain each other or keep apart: others are shown wrongly, or dropped. */
function nestingErrors(events: readonly Event[]): string[] {
  const errors: string[] = [];
  for (const slices of byTrack(events).values()) {
    const open: Event[] = [];
    for (const slice of slices) {
      while (open.length > 0 && endOf(open.at(-1)) <= slice.ts) open.pop();
      const around = open.at(-1);
      if (around && endOf(slice) > endOf(around)) {
        errors.push(`track ${slice.tid}: ${slice.name} at ${slice.ts} outlasts ${around.name} around it`);
      }
      open.push(slice);
    }
  }
  return errors;
}

/** What begins ends, later, under the same name and id. */
function asyncErrors(events: readonly Event[]): string[] {
  const begun = new Map<string, Event>();
  const errors: string[] = [];
  for (const event of events) {
    const key = `${event.cat} ${event.id} ${event.name}`;
    if (event.ph === "b") begun.set(key, event);
    if (event.ph !== "e") continue;
    const begin = begun.get(key);
    if (!begin || begin.ts > event.ts) errors.push(`${key} ends without having begun`);
    begun.delete(key);
  }
  return [...errors, ...[...begun.keys()].map((key) => `${key} never ends`)];
}

/** An arrow begins once, ends once, never goes back in time, and each of its steps stands in a slice. */
function flowErrors(events: readonly Event[]): string[] {
  const errors: string[] = [];
  const slices = byTrack(events);
  for (const steps of groupBy(
    events.filter(({ ph }) => "stf".includes(ph)),
    ({ cat, id }) => `${cat} ${id}`,
  ).values()) {
    const phases = steps.map(({ ph }) => ph).join("");
    const what = `arrow ${steps[0]?.id}`;
    if (!/^st*f$/.test(phases)) errors.push(`${what} goes ${phases}`);
    if (new Set(steps.map(({ name }) => name)).size > 1) errors.push(`${what} changes its name`);
    for (const [i, step] of steps.entries()) {
      if (step.ts < (steps[i - 1]?.ts ?? 0)) errors.push(`${what} goes back in time at step ${i}`);
      const around = slices.get(step.tid)?.find(({ ts, dur }) => ts <= step.ts && step.ts <= ts + dur);
      if (!around) errors.push(`${what}: no slice on track ${step.tid} at ${step.ts}`);
    }
  }
  return errors;
}

/** Slices by track, in the order in which they begin, the longer first. */
function byTrack(events: readonly Event[]): Map<number, Event[]> {
  const tracks = groupBy(
    events.filter(({ ph }) => ph === "X"),
    ({ tid }) => tid,
  );
  for (const slices of tracks.values()) slices.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  return tracks;
}

/** Where a slice ends, to the nanosecond, which is what the file keeps. */
function endOf(slice: Event | undefined): number {
  return slice ? Math.round((slice.ts + slice.dur) * 1000) / 1000 : 0;
}

/** Items that share a key, by key, in the order given. */
export function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
