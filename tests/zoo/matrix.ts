import type { Bug } from "./bug.js";
import type { CampaignResult, Catch } from "./campaign.js";

/** A bug and what came of the campaigns against it. */
export interface Row {
  readonly bug: Bug;
  /** Empty if the process that ran them died; then `died` says of what. */
  readonly campaigns: readonly CampaignResult[];
  readonly died?: string;
}

/** Whether all is as it should be: what breaks a promise is caught each time, what breaks none is never reported. */
export type Verdict = "caught" | "missed" | "false alarm" | "quiet";

export function verdictOf({ bug, campaigns, died }: Row): Verdict {
  const caught = campaigns.filter((campaign) => campaign.caught).length;
  if (bug.breaks === "nothing") return caught > 0 || died !== undefined ? "false alarm" : "quiet";
  return campaigns.length > 0 && caught === campaigns.length ? "caught" : "missed";
}

/** The matrix as text: a line for each bug, and the counts below. */
export function showMatrix(rows: readonly Row[]): string {
  const nameWidth = Math.max(...rows.map(({ bug }) => bug.name.length));
  const head = `${"bug".padEnd(nameWidth)}  breaks    caught  runs  CPU s  by`;
  return [head, ...rows.map((row) => showRow(row, nameWidth)), "", ...showCounts(rows)].join("\n");
}

export function showRow({ bug, campaigns, died }: Row, nameWidth: number): string {
  const start = `${bug.name.padEnd(nameWidth)}  ${bug.breaks.padEnd(8)}`;
  if (died !== undefined) return `${start}  ${died}`;
  const caught = campaigns.filter((campaign) => campaign.caught);
  const fraction = `${caught.length}/${campaigns.length}`.padStart(6);
  const runs = caught.length > 0 ? String(median(caught.map((campaign) => campaign.runs))) : "-";
  const seconds = caught.length > 0 ? median(caught.map((campaign) => campaign.cpuSeconds)).toFixed(2) : "-";
  return `${start}  ${fraction}  ${runs.padStart(4)}  ${seconds.padStart(5)}  ${catchersOf(campaigns)}`.trimEnd();
}

/** What caught it, the most frequent first. */
function catchersOf(campaigns: readonly CampaignResult[]): string {
  const counts = new Map<string, number>();
  for (const { caught } of campaigns) {
    if (!caught) continue;
    const catcher = showCatcher(caught);
    counts.set(catcher, (counts.get(catcher) ?? 0) + 1);
  }
  const ordered = [...counts].sort(([, a], [, b]) => b - a);
  return ordered.map(([catcher, count]) => (count > 1 ? `${catcher} (${count})` : catcher)).join(", ");
}

function showCatcher({ kind, caseName }: Catch): string {
  return `${kind} in ${caseName.replace(/^Test/, "")}`;
}

function showCounts(rows: readonly Row[]): string[] {
  const named = (verdict: Verdict): string[] =>
    rows.filter((row) => verdictOf(row) === verdict).map(({ bug }) => `${bug.name} (${bug.breaks})`);
  const list = (title: string, names: readonly string[]): string =>
    names.length === 0 ? `${title}: none` : `${title}: ${names.length}\n  ${names.join("\n  ")}`;
  return [
    `caught in every campaign: ${named("caught").length}`,
    list("missed in some campaign", named("missed")),
    `harmless and left alone: ${named("quiet").length}`,
    list("harmless and reported", named("false alarm")),
  ];
}

function median(values: readonly number[]): number {
  const ascending = [...values].sort((a, b) => a - b);
  const middle = (ascending.length - 1) / 2;
  const [low, high] = [ascending[Math.floor(middle)] ?? 0, ascending[Math.ceil(middle)] ?? 0];
  return (low + high) / 2;
}
