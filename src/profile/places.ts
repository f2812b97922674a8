import type { Durations } from "./histograms.js";
import { type Figure, type Measured, sum, type ThreadProfile } from "./profile.js";

/** What was watched for less than this share of the run says little of it. */
const WATCHED = 0.1;

/**
 * The threads of a run, those of a peer's incarnations as one: of all threads that a peer has had, one was alive
 * at a time. The main thread first. Peers that were hardly there are left out.
 */
export function places({ threads, wallMs }: Measured): readonly ThreadProfile[] {
  const byPeer = new Map<number | undefined, ThreadProfile[]>();
  for (const thread of threads) byPeer.set(thread.peer, [...(byPeer.get(thread.peer) ?? []), thread]);
  return [...byPeer]
    .map(([peer, lives]) => (lives.length === 1 ? (lives[0] as ThreadProfile) : asOne(peer, lives)))
    .filter(({ peer, wallMs: watchedMs }) => peer === undefined || watchedMs >= WATCHED * wallMs);
}

/** All times are of the whole; the latest incarnation is the one that may stand still. */
function asOne(peer: number | undefined, lives: readonly ThreadProfile[]): ThreadProfile {
  const [first, last] = [lives[0], lives.at(-1)] as [ThreadProfile, ThreadProfile];
  const wallMs = sum(lives, (life) => life.wallMs);
  const total = (figure: (life: ThreadProfile) => Figure): Figure => sumOf(lives.map(figure));
  return {
    ...last,
    name: `peer ${peer}`,
    fromMs: first.fromMs,
    wallMs,
    onCoreMs: total(({ onCoreMs }) => onCoreMs),
    waitingMs: total(({ waitingMs }) => waitingMs),
    asleepMs: total(({ asleepMs }) => asleepMs),
    wantedSwitches: total(({ wantedSwitches }) => wantedSwitches),
    forcedSwitches: total(({ forcedSwitches }) => forcedSwitches),
    loopUtilization: sum(lives, (life) => life.loopUtilization * life.wallMs) / wallMs,
    loopDelay: together(lives.map(({ loopDelay }) => loopDelay)),
    collections: together(lives.map(({ collections }) => collections)),
    heapHighestMiB: Math.max(...lives.map(({ heapHighestMiB }) => heapHighestMiB)),
  };
}

/** Unknown where one of them is. */
function sumOf(figures: readonly Figure[]): Figure {
  const unknown = figures.find((figure) => typeof figure !== "number");
  return unknown ?? sum(figures as readonly number[], (figure) => figure);
}

/** Count, mean and maximum are those of all; percentiles are the highest of any. */
function together(all: readonly Durations[]): Durations {
  const count = sum(all, (durations) => durations.count);
  const highest = (which: (durations: Durations) => number): number => Math.max(...all.map(which));
  return {
    count,
    meanMs: count === 0 ? 0 : sum(all, (durations) => durations.count * durations.meanMs) / count,
    p50Ms: highest(({ p50Ms }) => p50Ms),
    p99Ms: highest(({ p99Ms }) => p99Ms),
    p999Ms: highest(({ p999Ms }) => p999Ms),
    maxMs: highest(({ maxMs }) => maxMs),
  };
}
