import type { Durations } from "../histograms.js";
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
  /** Why it failed, if it did. */
  readonly failure?: string;
  readonly sentence: string;
  /** What must be known to read the figures, a sentence each. */
  readonly remarks: readonly string[];
  readonly tables: readonly TableData[];
}

export interface TableData {
  readonly caption: string;
  readonly columns: readonly string[];
  /** Numbers are sorted as numbers. */
  readonly rows: readonly (readonly Cell[])[];
}

/** `null` is a figure that the system does not tell; `NONE`, one of which there is nothing to tell. */
export type Cell = string | number | null;

export const NONE = "";

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
      ...(profile.result.error ? { failure: profile.result.error.message } : {}),
      sentence: profile.bottleneck.sentence,
      remarks: remarks(profile),
      tables: [coresOf(profile), loopsOf(profile), messagesOf(profile)],
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
  { title: "result", cell: ({ result }) => result.error?.kind ?? result.status },
  { title: "peers", cell: ({ result }) => result.peers },
  { title: "start()/s", cell: ({ load }) => load?.rate ?? NONE },
  { title: "committed/s", cell: ({ load }) => load?.throughput ?? NONE },
  { title: "commit p50 ms", cell: ({ load }) => percentile(load?.commitLatency, "p50Ms") },
  { title: "commit p99 ms", cell: ({ load }) => percentile(load?.commitLatency, "p99Ms") },
  { title: "bottleneck", cell: ({ bottleneck }) => bottleneck.cause },
  { title: "main on core %", cell: (profile) => mainShare(profile, "onCoreMs") },
  { title: "main waits for core %", cell: (profile) => mainShare(profile, "waitingMs") },
  { title: "peers on core %", cell: (profile) => peersShare(profile, "onCoreMs") },
  { title: "peers wait for core %", cell: (profile) => peersShare(profile, "waitingMs") },
  { title: "round trip p50 ms", cell: ({ messages }) => percentile(messages.roundTrip, "p50Ms") },
  { title: "round trip p99 ms", cell: ({ messages }) => percentile(messages.roundTrip, "p99Ms") },
];

function overviewOf(profiles: readonly Profile[]): TableData {
  const columns = OVERVIEW.filter(({ cell }) => profiles.some((profile) => cell(profile) !== NONE));
  return {
    caption: "Runs",
    columns: columns.map(({ title }) => title),
    rows: profiles.map((profile) => columns.map(({ cell }) => cell(profile))),
  };
}

function coresOf({ threads, otherThreadsOnCoreMs, otherProgramsOnCoreMs, wallMs }: Profile): TableData {
  const others = [
    ["helpers of Node", otherThreadsOnCoreMs],
    ["other programs", otherProgramsOnCoreMs],
  ] as const;
  return {
    caption: "Threads and cores",
    columns: ["thread", "on core %", "waits for core %", "asleep %", "switches", "forced"],
    rows: [
      ...threads.map((thread) => [
        thread.name,
        share(thread, "onCoreMs"),
        share(thread, "waitingMs"),
        share(thread, "asleepMs"),
        figure(thread, "wantedSwitches"),
        figure(thread, "forcedSwitches"),
      ]),
      ...others.map(([name, figure]) => [
        name,
        typeof figure === "number" ? (100 * figure) / wallMs : null,
        ...Array.from({ length: 4 }, () => NONE),
      ]),
    ],
  };
}

function loopsOf({ threads }: Profile): TableData {
  return {
    caption: "Event loops",
    columns: [
      "thread",
      "busy %",
      "late p50 ms",
      "late p99 ms",
      "late max ms",
      "pauses of the collector",
      "longest pause ms",
      "heap MiB",
    ],
    rows: threads.map(({ name, loopUtilization, loopDelay, collections, heapHighestMiB }) => [
      name,
      100 * loopUtilization,
      percentile(loopDelay, "p50Ms"),
      percentile(loopDelay, "p99Ms"),
      loopDelay.maxMs,
      collections.count,
      percentile(collections, "maxMs"),
      heapHighestMiB,
    ]),
  };
}

/** Of nothing there is none. */
function percentile(durations: Durations | undefined, which: "p50Ms" | "p99Ms" | "maxMs"): Cell {
  return durations && durations.count > 0 ? durations[which] : NONE;
}

function messagesOf({ messages, handlers }: Profile): TableData {
  const rows = [
    ...STAGES.map((stage) => [STAGE_TITLES[stage], messages.stages[stage]] as const),
    ...handlers.flatMap(
      ({ svcMeth, handled, blocked }) =>
        [
          [`handled: ${svcMeth}`, handled],
          [`handled: ${svcMeth}, with the event loop to itself`, blocked],
        ] as const,
    ),
    ["a round trip in all", messages.roundTrip] as const,
  ];
  return {
    caption: "A message of an RPC",
    columns: ["stage", "count", "p50 ms", "p99 ms", "p99.9 ms", "max ms"],
    rows: rows.map(([title, { count, p50Ms, p99Ms, p999Ms, maxMs }]) =>
      count > 0 ? [title, count, p50Ms, p99Ms, p999Ms, maxMs] : [title, 0, NONE, NONE, NONE, NONE],
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
  const [first, ...rest] = [ALONG_PEERS, ALONG_LOAD].filter(varies);
  if (!first) return [];
  // What the waits are along the first, they are along the second: the same figures in another order.
  return [...curves(points, first), ...rest.flatMap((along) => curves(points, along).slice(0, 2))];
}

/** Throughput and commit latency, then each wait. */
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
        line(group, `${group} p50`, ({ load }) => numberOf(percentile(load?.commitLatency, "p50Ms"))),
        line(group, `${group} p99`, ({ load }) => numberOf(percentile(load?.commitLatency, "p99Ms"))),
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

function numberOf(cell: Cell): number | null {
  return typeof cell === "number" ? cell : null;
}

/** A logarithmic axis has no place for less than a microsecond. */
function aboveZero(ms: number): number | null {
  return ms >= 0.001 ? ms : null;
}
