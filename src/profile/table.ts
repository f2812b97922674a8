import type { Durations } from "./histograms.js";
import {
  type Figure,
  type HandlerProfile,
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
  const { wallMs, cores } = profile;
  const seconds = (wallMs / 1000).toFixed(1);
  const shown = longestLived(profile.threads);
  const hidden = profile.threads.length - shown.length;
  return [
    `  Measured for ${seconds} s on ${cores} ${cores === 1 ? "core" : "cores"}:`,
    "",
    ...table([CORE_HEADINGS, ...shown.map(coreRow), ...othersRows(profile)]),
    ...whyUnavailable(profile).map((line) => `  ${line}`),
    "",
    ...table([LOOP_HEADINGS, ...shown.map(loopRow)]),
    ...(hidden > 0 ? [`  and ${hidden} incarnations that were there for less, which profile.json has`] : []),
    "",
    ...table([MESSAGE_HEADINGS, ...messageRows(profile)]),
    ...remarks(profile).map((line) => `  ${line}`),
    "",
    `  ${profile.bottleneck.sentence}`,
  ];
}

/** Those that were watched for longest, in the order of their boots. */
function longestLived(threads: readonly ThreadProfile[]): readonly ThreadProfile[] {
  const longest = [...threads].sort((a, b) => b.wallMs - a.wallMs).slice(0, MAX_THREADS);
  return threads.filter((thread) => longest.includes(thread));
}

const CORE_HEADINGS: Row = ["thread", "on core", "waits for core", "asleep", "switches", "forced"];

function coreRow(thread: ThreadProfile): Row {
  const { wallMs } = thread;
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
  ];
}

const LOOP_HEADINGS: Row = [
  "event loop",
  "busy",
  "late p50",
  "late p99",
  "late max ms",
  "pauses",
  "longest ms",
  "heap MiB",
];

function loopRow({ name, loopUtilization, loopDelay, collections, heapHighestMiB }: ThreadProfile): Row {
  return [
    name,
    percent(loopUtilization),
    ...(loopDelay.count > 0 ? [loopDelay.p50Ms, loopDelay.p99Ms].map(ms) : ["", ""]),
    ms(loopDelay.maxMs),
    String(collections.count),
    collections.count > 0 ? ms(collections.maxMs) : "",
    heapHighestMiB.toFixed(1),
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
  const handlerRows = ({ svcMeth, handled, blocked }: HandlerProfile): Row[] => [
    durationsRow(`  ${svcMeth}`, handled),
    durationsRow("    with the event loop to itself", blocked),
  ];
  return [
    ...STAGES.flatMap((stage) => [
      durationsRow(STAGE_TITLES[stage], messages.stages[stage]),
      ...(stage === "handled" ? handlers.flatMap(handlerRows) : []),
    ]),
    durationsRow("a round trip in all", messages.roundTrip),
  ];
}

/** Of nothing there are no percentiles. */
function durationsRow(title: string, { count, p50Ms, p99Ms, p999Ms, maxMs }: Durations): Row {
  return [title, String(count), ...(count > 0 ? [p50Ms, p99Ms, p999Ms, maxMs].map(ms) : ["", "", "", ""])];
}

/** Node forgets how long an event loop idled when a signal wakes it, and each sample is a signal. */
const SAMPLED =
  "Stacks were sampled, so event loops look busier than they were, and messages in flight count as waiting for them.";

/** What must be known to read the figures, and what came of the load, in sentences. */
export function remarks({ clock, messages, handlers, load, stacksSampled }: Profile): string[] {
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
    ...handlers.flatMap(({ svcMeth, open }) => (open ? openSentences(svcMeth, open) : [])),
    ...(stacksSampled ? [SAMPLED] : []),
    ...(load ? loadSentences(load) : []),
  ];
}

/** A call that has been unanswered for this long is told of. */
const LONG_OPEN_MS = 1000;

function openSentences(
  svcMeth: string,
  { calls, oldestMs, peer }: NonNullable<HandlerProfile["open"]>,
): string[] {
  if (oldestMs < LONG_OPEN_MS) return [];
  const seconds = (oldestMs / 1000).toFixed(1);
  const what = calls === 1 ? "1 call" : `${calls} calls`;
  return [`At the end ${svcMeth} had not answered ${what}, the oldest for ${seconds} s, at peer ${peer}.`];
}

/** A load of which less was asked than it was to be is told of. */
const ENOUGH = 0.95;

function loadSentences(load: LoadProfile): string[] {
  const { rate, seconds, started, throughput, committed, commitLatency, pending, oldestPendingMs } = load;
  const latency = `each took ${ms(commitLatency.p50Ms)} ms (p50), ${ms(commitLatency.p99Ms)} ms (p99) from when it was due`;
  const came = committed > 0 ? `committed ${throughput.toFixed(1)}; ${latency}` : "committed none";
  const late = committed === 0 || oldestPendingMs > commitLatency.maxMs;
  return [
    `Asked for ${rate} commands a second, ${came}.`,
    ...(pending > 0 && late
      ? [`At the end ${pending} were due and not committed, the oldest for ${ms(oldestPendingMs)} ms.`]
      : []),
    ...(started < ENOUGH * rate * seconds
      ? [`The main thread came to ask for ${(started / seconds).toFixed(1)} a second, and no more.`]
      : []),
  ];
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
    ...(load.committed > 0 ? [load.commitLatency.p50Ms, load.commitLatency.p99Ms].map(ms) : ["", ""]),
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
