import { columns } from "../../src/text/columns.js";
import { PARTS, type Part } from "./profile-parts.js";

/** A line per part, the fattest of the later suites first. Takes microseconds by part. */
export function sharesTable(first: ReadonlyMap<Part, number>, later: ReadonlyMap<Part, number>): string[] {
  const parts = (Object.keys(PARTS) as Part[]).sort((a, b) => (later.get(b) ?? 0) - (later.get(a) ?? 0));
  const rows = parts.map((part) => [part, share(first, part), share(later, part)]);
  const [head = "", ...lines] = columns([["part", "first suite", "later suites"], ...rows]);
  return [head, ...lines.map((line, i) => `${line}  ${PARTS[parts[i] as Part]}`)];
}

export function totalUs(times: ReadonlyMap<Part, number>): number {
  return [...times.values()].reduce((total, us) => total + us, 0);
}

function share(times: ReadonlyMap<Part, number>, part: Part): string {
  return `${((100 * (times.get(part) ?? 0)) / totalUs(times)).toFixed(1)} %`;
}
