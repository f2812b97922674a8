/** Where two runs that should have one history part. */
export interface Difference {
  /** The event's place in the run. */
  readonly seq: number;
  /** The events there, as JSON lines; absent where the run had ended. */
  readonly first: string | undefined;
  readonly second: string | undefined;
  /** The last events that both runs share, the latest last. */
  readonly before: readonly string[];
}

/** Events shown before the one that differs. */
const SHOWN_BEFORE = 5;

/** The first event in which two runs differ; `undefined` if they do not. @param first events as JSON lines */
export function firstDifference(first: readonly string[], second: readonly string[]): Difference | undefined {
  const longer = first.length >= second.length ? first : second;
  const seq = longer.findIndex((_, i) => first[i] !== second[i]);
  if (seq < 0) return undefined;
  const before = first.slice(Math.max(0, seq - SHOWN_BEFORE), seq);
  return { seq, first: first[seq], second: second[seq], before };
}

/** The difference in lines for a reader. @param names what to call the two runs */
export function showDifference(
  { seq, first, second, before }: Difference,
  names: readonly [first: string, second: string],
): string {
  const width = Math.max(...names.map((name) => name.length));
  return [
    `They part at event ${seq}:`,
    ...before.map((line) => `  ${"both".padEnd(width)}  ${line}`),
    `  ${names[0].padEnd(width)}  ${first ?? "(the run had ended)"}`,
    `  ${names[1].padEnd(width)}  ${second ?? "(the run had ended)"}`,
  ].join("\n");
}
