import { known, type Profile, STAGE_TITLES, STAGES, type ThreadProfile } from "../profile.js";
import { remarks, whyUnavailable } from "../table.js";

/** All that the page shows. Plain data: it stands in the page as JSON, and the page's script draws it. */
export interface PageData {
  readonly title: string;
  readonly facts: readonly string[];
  /** A row for each run. */
  readonly overview: TableData;
  readonly plots: readonly PlotData[];
  readonly runs: readonly RunData[];
}

export interface RunData {
  readonly name: string;
  readonly sentence: string;
  /** What must be known to read the figures, a sentence each. */
  readonly remarks: readonly string[];
  readonly threads: TableData;
  readonly messages: TableData;
}

export interface TableData {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Numbers are sorted as numbers; `null` is a figure that the system does not tell, or that is not there. */
  readonly rows: readonly (readonly Cell[])[];
}

export type Cell = string | number | null;

export interface PlotData {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly isLogarithmic: boolean;
  /** Ascending. */
  readonly x: readonly number[];
  readonly series: readonly { readonly name: string; readonly y: readonly (number | null)[] }[];
}

/** What the page of these runs shows. */
export function pageData(title: string, facts: readonly string[], profiles: readonly Profile[]): PageData {
  return {
    title,
    facts: [...facts, ...new Set(profiles.flatMap(whyUnavailable))],
    overview: overviewOf(profiles),
    plots: plotsOf(profiles),
    runs: profiles.map((profile) => ({
      name: profile.result.name,
      sentence: profile.bottleneck.sentence,
      remarks: remarks(profile),
      threads: threadsOf(profile),
      messages: messagesOf(profile),
    })),
  };
}

// --- Tables ---

/** One figure of a run, as a column of the overview. */
interface Column {
  readonly title: string;
  readonly cell: (profile: Profile) => Cell;
}

const OVERVIEW: readonly Column[] = [
  { title: "run", cell: ({ result }) => result.name },
  { title: "peers", cell: ({ result }) => result.peers },
  { title: "start()/s", cell: ({ load }) => load?.rate ?? null },
  { title: "committed/s", cell: ({ load }) => load?.throughput ?? null },
  { title: "commit p50 ms", cell: ({ load }) => load?.commitLatency.p50Ms ?? null },
  { title: "commit p99 ms", cell: ({ load }) => load?.commitLatency.p99Ms ?? null },
  { title: "bottleneck", cell: ({ bottleneck }) => bottleneck.cause },
  { title: "main on core %", cell: (profile) => mainShare(profile, "onCoreMs") },
  { title: "main waits for core %", cell: (profile) => mainShare(profile, "waitingMs") },
  { title: "peers on core %", cell: (profile) => peersShare(profile, "onCoreMs") },
  { title: "peers wait for core %", cell: (profile) => peersShare(profile, "waitingMs") },
  { title: "round trip p50 ms", cell: ({ messages }) => messages.roundTrip.p50Ms },
  { title: "round trip p99 ms", cell: ({ messages }) => messages.roundTrip.p99Ms },
  ...STAGES.map((stage) => ({
    title: `${STAGE_TITLES[stage]} p99 ms`,
    cell: ({ messages }: Profile) => messages.stages[stage].p99Ms,
  })),
];

function overviewOf(profiles: readonly Profile[]): TableData {
  const columns = OVERVIEW.filter(({ cell }) => profiles.some((profile) => cell(profile) !== null));
  return {
    caption: "Runs",
    columns: columns.map(({ title }) => title),
    rows: profiles.map((profile) => columns.map(({ cell }) => cell(profile))),
  };
}

function threadsOf({ threads }: Profile): TableData {
  return {
    caption: "Threads",
    columns: [
      "thread",
      "on core %",
      "waits for core %",
      "asleep %",
      "switches",
      "forced",
      "loop busy %",
      "loop late p50 ms",
      "p99 ms",
      "max ms",
      "pauses of the collector",
      "longest ms",
      "heap MiB",
    ],
    rows: threads.map((thread) => [
      thread.name,
      share(thread, "onCoreMs"),
      share(thread, "waitingMs"),
      share(thread, "asleepMs"),
      figure(thread, "wantedSwitches"),
      figure(thread, "forcedSwitches"),
      100 * thread.loopUtilization,
      thread.loopDelay.p50Ms,
      thread.loopDelay.p99Ms,
      thread.loopDelay.maxMs,
      thread.collections.count,
      thread.collections.maxMs,
      thread.heapHighestMiB,
    ]),
  };
}

function messagesOf({ messages, handlers }: Profile): TableData {
  const rows = [
    ...STAGES.map((stage) => [STAGE_TITLES[stage], messages.stages[stage]] as const),
    ...handlers.map(({ svcMeth, handled }) => [`handled: ${svcMeth}`, handled] as const),
    ["a round trip in all", messages.roundTrip] as const,
  ];
  return {
    caption: "A message of an RPC",
    columns: ["stage", "count", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
    rows: rows.map(([title, { count, p50Ms, p99Ms, p999Ms, maxMs }]) =>
      count > 0 ? [title, count, p50Ms, p99Ms, p999Ms, maxMs] : [title, 0, null, null, null, null],
    ),
  };
}

type Told = "onCoreMs" | "waitingMs" | "asleepMs" | "wantedSwitches" | "forcedSwitches";

function figure(thread: ThreadProfile, which: Told): number | null {
  const value = thread[which];
  return typeof value === "number" ? value : null;
}

/** Percent of the time that the thread was watched. */
function share(thread: ThreadProfile, which: Told): number | null {
  const value = figure(thread, which);
  return value === null ? null : Math.min(100, (100 * value) / thread.wallMs);
}

function mainShare({ threads }: Profile, which: Told): number | null {
  const main = threads.find(({ peer }) => peer === undefined);
  return main ? share(main, which) : null;
}

/** Of all peers together, in the mean. */
function peersShare({ threads }: Profile, which: Told): number | null {
  const peers = threads.filter(({ peer }) => peer !== undefined);
  if (peers.some((peer) => figure(peer, which) === null)) return null;
  const wallMs = peers.reduce((sum, peer) => sum + peer.wallMs, 0);
  return wallMs === 0 ? null : (100 * peers.reduce((sum, peer) => sum + known(peer[which], 0), 0)) / wallMs;
}

// --- Plots ---

/** A load, as one point of a curve. */
interface Point {
  readonly peers: number;
  readonly rate: number;
  readonly profile: Profile;
}

/** What a curve runs along, and what tells its lines apart. */
interface Along {
  readonly xTitle: string;
  readonly xOf: (point: Point) => number;
  readonly groupOf: (point: Point) => string;
}

const ALONG_PEERS: Along = {
  xTitle: "peers",
  xOf: ({ peers }) => peers,
  groupOf: ({ rate }) => `${rate}/s`,
};

const ALONG_LOAD: Along = {
  xTitle: "start() a second",
  xOf: ({ rate }) => rate,
  groupOf: ({ peers }) => `${peers} peers`,
};

/** The curves of a list of loads: against peers, against load, or both, as far as they vary. */
function plotsOf(profiles: readonly Profile[]): PlotData[] {
  const points = profiles.flatMap((profile) =>
    profile.load ? [{ peers: profile.result.peers, rate: profile.load.rate, profile }] : [],
  );
  const varies = ({ xOf }: Along): boolean => new Set(points.map(xOf)).size > 1;
  return [ALONG_PEERS, ALONG_LOAD].filter(varies).flatMap((along) => curves(points, along));
}

function curves(points: readonly Point[], along: Along): PlotData[] {
  const x = [...new Set(points.map(along.xOf))].sort((a, b) => a - b);
  const groups = [...new Set(points.map(along.groupOf))];
  const line = (group: string, name: string, value: (profile: Profile) => number | null) => ({
    name,
    y: x.map((at) => {
      const point = points.find((each) => along.xOf(each) === at && along.groupOf(each) === group);
      return point ? value(point.profile) : null;
    }),
  });
  const plot = (
    title: string,
    yTitle: string,
    series: PlotData["series"],
    isLogarithmic = false,
  ): PlotData => ({
    title: `${title} against ${along.xTitle}`,
    xTitle: along.xTitle,
    yTitle,
    isLogarithmic,
    x,
    series,
  });
  return [
    plot(
      "Throughput",
      "committed/s",
      groups.map((group) => line(group, group, ({ load }) => load?.throughput ?? null)),
    ),
    plot(
      "Commit latency",
      "ms",
      groups.flatMap((group) => [
        line(group, `${group} p50`, ({ load }) => load?.commitLatency.p50Ms ?? null),
        line(group, `${group} p99`, ({ load }) => load?.commitLatency.p99Ms ?? null),
      ]),
      true,
    ),
    ...groups.map((group) =>
      plot(
        `Waits (p99) at ${group}`,
        "ms",
        STAGES.map((stage) =>
          line(group, STAGE_TITLES[stage], ({ messages }) => aboveZero(messages.stages[stage].p99Ms)),
        ).filter(({ y }) => y.some((value) => value !== null)),
        true,
      ),
    ),
    ...groups.map((group) =>
      plot(`Threads at ${group}`, "% of the time", [
        line(group, "main on core", (profile) => mainShare(profile, "onCoreMs")),
        line(group, "main waits for core", (profile) => mainShare(profile, "waitingMs")),
        line(group, "peers on core", (profile) => peersShare(profile, "onCoreMs")),
        line(group, "peers wait for core", (profile) => peersShare(profile, "waitingMs")),
      ]),
    ),
  ];
}

/** A logarithmic axis has no place for less than a microsecond. */
function aboveZero(ms: number): number | null {
  return ms >= 0.001 ? ms : null;
}
