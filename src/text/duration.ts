const UNITS = [
  { suffix: "h", seconds: 3600 },
  { suffix: "m", seconds: 60 },
  { suffix: "s", seconds: 1 },
] as const;

/** `1m 40s`, `8h`, `450ms`: a span of time in its two largest units, from its milliseconds. */
export function shownDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`;
  const total = Math.round(durationMs / 1000);
  const parts = UNITS.map(({ suffix, seconds }, i) => {
    const larger = UNITS[i - 1]?.seconds;
    const count = Math.floor((larger === undefined ? total : total % larger) / seconds);
    return { count, text: `${count}${suffix}` };
  });
  const first = parts.findIndex(({ count }) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(({ count }) => count > 0)
    .map(({ text }) => text)
    .join(" ");
}
