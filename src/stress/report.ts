import { failureBlock } from "../harness/report.js";
import { columns } from "../text/columns.js";
import { counted } from "../text/counted.js";
import { printable } from "../text/printable.js";
import { replayBundle } from "./bundle.js";
import type { RunManner } from "./runner.js";
import type { CaseTally, FailureGroup, Tally, WarningTally } from "./tally.js";

const HEADINGS = ["case", "runs", "failed", "p50 s", "p95 s", "rpcs/run", "events/s"] as const;

export interface ReportOptions {
  readonly manner: Pick<RunManner, "mode" | "schedule">;
  /** Arguments that a replay needs beside case, mode, schedule and seed. */
  readonly replayArgs: readonly string[];
}

/** What a campaign came to: a table by case, an example of each kind of failure, and what it proves. */
export function campaignReport(tally: Tally, options: ReportOptions): string[] {
  const rows = [HEADINGS, ...tally.cases.map(row), ...(tally.cases.length > 1 ? [totalRow(tally)] : [])];
  return [
    ...columns(rows),
    ...tally.groups.flatMap((group, i) => ["", ...groupLines(group, i + 1, options)]),
    ...(tally.warnings.length > 0 ? ["", ...tally.warnings.map(warningLine)] : []),
    "",
    conclusion(tally),
  ];
}

/** The rule of three: with no failure in N independent runs, the rate is below 3/N with 95 % confidence. */
export function conclusion({ runs, failed, groups }: Pick<Tally, "runs" | "failed" | "groups">): string {
  if (runs === 0) return "no run was finished, so nothing is known";
  if (failed === 0) {
    const bound =
      runs > 3
        ? `the failure rate is below 3/${runs} = ${percent(3 / runs)} with 95 % confidence`
        : "too few to bound the failure rate";
    return `no failure in ${counted(runs, "run")}: ${bound}`;
  }
  const kinds = groups.length === 1 ? "of one kind" : `of ${groups.length} kinds`;
  return `${failed} of ${counted(runs, "run")} failed (${percent(failed / runs)}), ${kinds}`;
}

function row({ name, runs, failed, durationMs, rpcs, events, wallMs }: CaseTally): readonly string[] {
  return [
    name,
    String(runs),
    String(failed),
    ...[50, 95].map((percentile) => (durationMs.getValueAtPercentile(percentile) / 1000).toFixed(1)),
    (rpcs / runs).toFixed(0),
    wallMs === 0 ? "n/a" : ((1000 * events) / wallMs).toFixed(0),
  ];
}

function totalRow({ cases, runs, failed }: Tally): readonly string[] {
  const sum = (of: (tally: CaseTally) => number): number => cases.reduce((total, one) => total + of(one), 0);
  const wallMs = sum((one) => one.wallMs);
  const rate = wallMs === 0 ? "n/a" : ((1000 * sum((one) => one.events)) / wallMs).toFixed(0);
  return ["all", String(runs), String(failed), "", "", (sum((one) => one.rpcs) / runs).toFixed(0), rate];
}

function groupLines(
  { signature, count, example, bundle }: FailureGroup,
  number: number,
  options: ReportOptions,
): string[] {
  const { mode, schedule } = options.manner;
  const args = [...options.replayArgs, ...(mode === "threads" ? [] : ["--schedule", schedule])];
  return [
    `Failure ${number}, in ${counted(count, "run")}: ${printable(signature)}`,
    failureBlock(example, { mode, args }),
    ...(bundle === undefined ? [] : [`    or:     ${replayBundle(bundle)}`]),
  ];
}

function warningLine({ text, runs }: WarningTally): string {
  return printable(`Warning, in ${counted(runs, "run")}: ${text}`);
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}
