import type { Durations } from "./histograms.js";
import {
  type Figure,
  known,
  type LoadProfile,
  type Profile,
  STAGE_TITLES,
  STAGES,
  type ThreadProfile,
} from "./profile.js";

/** Threads that the terminal shows; the files have all of them. */
const MAX_THREADS = 24;
/** In the place of a figure that the system does not tell. */
export const NOT_AVAILABLE = "n/a";

type Row = readonly string[];

/** The profile of one run for the terminal: its threads, its messages, and the sentence. */
export function profileLines(profile: Profile): string[] {
  const { threads, wallMs, cores } = profile;
  const seconds = (wallMs / 1000).toFixed(1);
  const shown = threads.slice(0, MAX_THREADS);
  const hidden = threads.length - shown.length;
  return [
    `  Measured for ${seconds} s on ${cores} ${cores === 1 ? "core" : "cores"}:`,
    "",
    ...table([THREAD_HEADINGS, ...shown.map(threadRow), ...othersRows(profile)]),
    ...(hidden > 0 ? [`  and ${hidden} incarnations more, which profile.json has`] : []),
    ...whyUnavailable(profile).map((line) => `  ${line}`),
    "",
    ...table([MESSAGE_HEADINGS, ...messageRows(profile)]),
    ...remarks(profile).map((line) => `  ${line}`),
    "",
    `  ${profile.bottleneck.sentence}`,
  ];
}

const THREAD_HEADINGS: Row = [
  "thread",
  "on core",
  "waits for core",
  "asleep",
  "switches",
  "forced",
  "loop busy",
  "late p50",
  "p99",
  "max ms",
  "pauses",
  "max ms",
  "heap MiB",
];

function threadRow(thread: ThreadProfile): Row {
  const { wallMs, loopDelay, collections } = thread;
  const share = (figure: Figure): string =>
    typeof figure === "number" ? percent(Math.min(1, figure / wallMs)) : NOT_AVAILABLE;
  const whole = (figure: Figure): string => (typeof figure === "number" ? figure.toFixed(0) : NOT_AVAILABLE);
  return [
    thread.name,
    share(thread.onCoreMs),
    share(thread.waitingMs),
    share(thread.asleepMs),
    whole(thread.wantedSwitches),
    whole(thread.forcedSwitches),
    percent(thread.loopUtilization),
    ms(loopDelay.p50Ms),
    ms(loopDelay.p99Ms),
    ms(loopDelay.maxMs),
    String(collections.count),
    ms(collections.maxMs),
    thread.heapHighestMiB.toFixed(1),
  ];
}

/** Who else had the cores. No more than that is known of them. */
function othersRows({ otherThreadsOnCoreMs, otherProgramsOnCoreMs, wallMs }: Profile): Row[] {
  const rows = [
    ["helpers of Node", otherThreadsOnCoreMs],
    ["other programs", otherProgramsOnCoreMs],
  ] as const;
  return rows.map(([name, figure]) => [
    name,
    typeof figure === "number" ? percent(figure / wallMs) : NOT_AVAILABLE,
  ]);
}

/** Why figures are missing: each reason once. */
export function whyUnavailable(profile: Profile): string[] {
  const { threads, otherThreadsOnCoreMs, otherProgramsOnCoreMs } = profile;
  const figures = [...threads.map(({ onCoreMs }) => onCoreMs), otherThreadsOnCoreMs, otherProgramsOnCoreMs];
  const reasons = figures.flatMap((figure) => (typeof figure === "number" ? [] : [figure.unavailable]));
  return [...new Set(reasons)].map((reason) => `${NOT_AVAILABLE}: ${reason}.`);
}

const MESSAGE_HEADINGS: Row = ["a message of an RPC", "count", "p50 ms", "p99 ms", "p99.9 ms", "max ms"];

function messageRows({ messages, handlers }: Profile): Row[] {
  const row = (title: string, { count, p50Ms, p99Ms, p999Ms, maxMs }: Durations): Row => [
    title,
    String(count),
    ...(count > 0 ? [p50Ms, p99Ms, p999Ms, maxMs].map(ms) : ["", "", "", ""]),
  ];
  return [
    ...STAGES.flatMap((stage) => [
      row(STAGE_TITLES[stage], messages.stages[stage]),
      ...(stage === "handled" ? handlers.map(({ svcMeth, handled }) => row(`  ${svcMeth}`, handled)) : []),
    ]),
    row("a round trip in all", messages.roundTrip),
  ];
}

/** Node forgets how long an event loop idled when a signal wakes it, and each sample is a signal. */
const SAMPLED =
  "Stacks were sampled, so event loops look busier than they were, and messages in flight count as waiting for them.";

/** What must be known to read the figures, and what came of the load, in sentences. */
export function remarks({ clock, messages, load, stacksSampled }: Profile): string[] {
  const { lost, measuredShare } = messages;
  const losses = Object.entries(lost).map(([reason, count]) => `${count} ${reason}`);
  return [
    "unavailable" in clock
      ? `Whether the threads' clocks agree is not known: ${clock.unavailable}.`
      : `The threads' clocks agree to ${ms(Math.abs(clock.offsetMs) + clock.errorMs)} ms.`,
    ...(measuredShare === 1
      ? []
      : [`Messages came too fast to measure each: those of ${percent(measuredShare)} of the time were.`]),
    ...(losses.length > 0 ? [`Calls that came to nothing: ${losses.join(", ")}.`] : []),
    ...(stacksSampled ? [SAMPLED] : []),
    ...(load ? [loadSentence(load)] : []),
  ];
}

function loadSentence({ rate, throughput, commitLatency }: LoadProfile): string {
  const latency = `${ms(commitLatency.p50Ms)} ms (p50), ${ms(commitLatency.p99Ms)} ms (p99)`;
  return `Asked for ${rate} commands a second, committed ${throughput.toFixed(1)}; each took ${latency} from when it was due.`;
}

/** The curve of a list of loads, a line for each. */
export function curveLines(profiles: readonly Profile[]): string[] {
  const rows = profiles.flatMap((profile): Row[] => (profile.load ? [curveRow(profile, profile.load)] : []));
  return table([CURVE_HEADINGS, ...rows]);
}

const CURVE_HEADINGS: Row = [
  "peers",
  "start()/s",
  "committed/s",
  "p50 ms",
  "p99 ms",
  "main on core",
  "waits",
  "peers on core",
  "wait",
  "round trip p99 ms",
  "bottleneck",
];

function curveRow({ result, threads, messages, bottleneck }: Profile, load: LoadProfile): Row {
  const [main = [], peers = []] = [
    threads.filter(({ peer }) => peer === undefined),
    threads.filter(({ peer }) => peer !== undefined),
  ];
  return [
    String(result.peers),
    String(load.rate),
    load.throughput.toFixed(1),
    ms(load.commitLatency.p50Ms),
    ms(load.commitLatency.p99Ms),
    meanShare(main, "onCoreMs"),
    meanShare(main, "waitingMs"),
    meanShare(peers, "onCoreMs"),
    meanShare(peers, "waitingMs"),
    ms(messages.roundTrip.p99Ms),
    bottleneck.cause,
  ];
}

function meanShare(threads: readonly ThreadProfile[], which: "onCoreMs" | "waitingMs"): string {
  if (threads.some((thread) => typeof thread[which] !== "number")) return NOT_AVAILABLE;
  const total = (tell: (thread: ThreadProfile) => number) =>
    threads.reduce((sum, each) => sum + tell(each), 0);
  return percent(total((thread) => known(thread[which], 0)) / total(({ wallMs }) => wallMs));
}

/** Columns as wide as they must be, the first to the left and the others to the right. */
export function table(rows: readonly Row[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join("  ")}`.trimEnd();
  });
}

/** Three figures that count: 0.034, 1.25, 26.5, 361. */
export function ms(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(value >= 1 ? 2 : 3);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
