import { columns } from "../../src/text/columns.js";

/** What one run of a case took. */
export interface RunCost {
  readonly hasPassed: boolean;
  /** In the mode's own time, real or virtual. */
  readonly seconds: number;
  /** Real, boot and clean-up included. */
  readonly wallMs: number;
  /** On a core, all threads of the process together. */
  readonly cpuMs: number;
  /** Of its trace. */
  readonly events: number;
}

/** One case: in `sim` suite after suite, and once on threads, where that was asked for. */
export interface CaseRuns {
  readonly name: string;
  readonly inSim: readonly RunCost[];
  readonly onThreads: RunCost | undefined;
}

/** Those that passed whenever they ran: one that fails early costs too little to be compared. */
export function soundCases(runs: readonly CaseRuns[]): CaseRuns[] {
  return runs.filter(({ inSim, onThreads }) =>
    [...inSim, onThreads].every((cost) => cost?.hasPassed !== false),
  );
}

export function wallMsOf(costs: readonly (RunCost | undefined)[]): number {
  return sum(costs.map((cost) => cost?.wallMs ?? 0));
}

export function cpuMsOf(costs: readonly (RunCost | undefined)[]): number {
  return sum(costs.map((cost) => cost?.cpuMs ?? 0));
}

const HEAD = [
  "case",
  "virtual s",
  "wall ms",
  "virtual s/wall s",
  "events",
  "events/s",
  "cpu ms",
  "first ms",
  "threads s",
  "times less",
];

/**
 * A line per case and one for all. Figures of `sim` are means over the suites but the first; `first ms` is
 * the wall time in the first.
 */
export function caseTable(runs: readonly CaseRuns[]): string[] {
  return columns([HEAD, ...runs.map((one) => row(one.name, [one])), row(`all ${runs.length}`, runs)]);
}

function row(name: string, runs: readonly CaseRuns[]): string[] {
  const mean = (figure: (cost: RunCost) => number): number =>
    sum(runs.map(({ inSim }) => sum(inSim.slice(1).map(figure)) / Math.max(1, inSim.length - 1)));
  const seconds = mean((cost) => cost.seconds);
  const wallMs = mean((cost) => cost.wallMs);
  const events = mean((cost) => cost.events);
  const threadsMs = wallMsOf(runs.map(({ onThreads }) => onThreads));
  const hasThreads = runs.every(({ onThreads }) => onThreads !== undefined);
  return [
    name,
    seconds.toFixed(1),
    wallMs.toFixed(1),
    ((seconds / wallMs) * 1000).toFixed(0),
    events.toFixed(0),
    ((events / wallMs) * 1000).toFixed(0),
    mean((cost) => cost.cpuMs).toFixed(1),
    wallMsOf(runs.map(({ inSim }) => inSim[0])).toFixed(1),
    hasThreads ? (threadsMs / 1000).toFixed(1) : "",
    hasThreads ? (threadsMs / wallMs).toFixed(0) : "",
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
