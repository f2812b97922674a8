/**
 * The sentence: what a run's threads waited for most, named from the figures, with the figures. Each rule
 * looks for one cause; the first that finds it speaks. The order is from what leaves no room for others, a
 * thread that stands still or a machine with too few cores, to what is left when nothing is short.
 */
import { places } from "./places.js";
import type { Bottleneck, HandlerProfile, Measured, Stage, ThreadProfile } from "./profile.js";
import { known, sum } from "./profile.js";

/** Less than this tells nothing. */
const SHORTEST_MS = 200;
/** A thread that was on a core or waiting for one this much of the time had no time left. */
const SATURATED = 0.9;
/** Threads that waited this much of the time for a core are slowed by it, whatever else there is. */
const STARVED = 0.2;
/** Threads that waited this much of the time in which they had work are slowed by it, if messages are slow. */
const STARVED_AT_WORK = 0.5;
/** Other programs that had this share of the cores are named. */
const OTHERS = 0.2;
/** A collector that holds a thread this much of the time is what it waits for. */
const COLLECTING = 0.2;
/** A message that spends less than this in one place leaves nothing to name there. */
const SLOW_MS = 1;
/** A handler that keeps its event loop this long at a time blocks it. */
const BLOCKING_MS = 1;
/** An event loop that has not turned for this long, or a handler that has not answered, when measuring ends. */
const STILL_MS = 1000;

type Rule = (measured: Measured) => Bottleneck | undefined;

const RULES: readonly Rule[] = [
  tooShort,
  standsStill,
  tooManyAtWork,
  collectorHolds,
  routerSaturated,
  waitingForCores,
  peerSaturated,
  neverAnswers,
  slowestPlace,
];

/** What the run waited for most. */
export function bottleneckOf(run: Measured): Bottleneck {
  // A peer that was restarted has been in one place all the time, on a thread after the other.
  const measured = { ...run, threads: places(run) };
  for (const rule of RULES) {
    const found = rule(measured);
    if (found) return found;
  }
  return nothingShort(measured);
}

function tooShort({ wallMs }: Measured): Bottleneck | undefined {
  if (wallMs >= SHORTEST_MS) return undefined;
  return { cause: "unknown", sentence: `It was measured for ${ms(wallMs)}: too short to tell.` };
}

// --- What does not go on ---

function standsStill({ threads, handlers }: Measured): Bottleneck | undefined {
  const still = threads.reduce((a, b) => (b.standstillMs > a.standstillMs ? b : a));
  // A thread that has no core stands still as well.
  if (still.standstillMs < STILL_MS || waitingAtWork([still]) >= SATURATED) return undefined;
  const handler = handlers.find(({ open }) => open !== undefined && open.peer === still.peer);
  const where = handler ? `, while ${handler.svcMeth} has not returned` : "";
  return {
    cause: handler ? "handler" : "peer",
    sentence: `${capitalized(still.name)} is the bottleneck: its event loop has stood still for the last ${seconds(still.standstillMs)}${where}.`,
  };
}

function neverAnswers({ handlers }: Measured): Bottleneck | undefined {
  const worst = handlers.reduce<HandlerProfile | undefined>(
    (a, b) => ((b.open?.oldestMs ?? 0) > (a?.open?.oldestMs ?? 0) ? b : a),
    undefined,
  );
  if (!worst?.open || worst.open.oldestMs < STILL_MS) return undefined;
  const { calls, oldestMs, peer } = worst.open;
  return {
    cause: "promise",
    sentence: `Callers wait for a handler that does not answer: ${count(calls, "call")} of ${worst.svcMeth} at peer ${peer}, the oldest for ${seconds(oldestMs)}.`,
  };
}

// --- Cores ---

/** More threads without a pause than there are cores. */
function tooManyAtWork(measured: Measured): Bottleneck | undefined {
  const busy = measured.threads.filter((thread) => demandOf(thread) >= SATURATED);
  return busy.length > measured.cores ? coresShort(measured) : undefined;
}

/** Fewer, but what they need comes at the same time; or other programs have the cores. */
function waitingForCores(measured: Measured): Bottleneck | undefined {
  const isStarved = waitingShare(peersOf(measured)) >= STARVED || waitingShare([mainOf(measured)]) >= STARVED;
  return isStarved ? coresShort(measured) : undefined;
}

function coresShort(measured: Measured): Bottleneck {
  return { cause: "core", sentence: `${sharedCores(measured)}: ${waitedForCores(measured)}.` };
}

/** The share of the time is what counts where it is large; else that of the time in which there was work. */
function waitedForCores(measured: Measured): string {
  const [peers, main] = [waitingShare(peersOf(measured)), waitingShare([mainOf(measured)])];
  if (!isTold(measured.threads)) {
    const loops = mean(measured.threads, ({ loopUtilization }) => loopUtilization);
    return `event loops were busy ${percent(loops)} of the time; how long they waited for a core, the system does not tell`;
  }
  if (Math.max(peers, main) < STARVED) {
    const { toRouter, toPeer } = measured.messages.stages;
    const flight = ms(Math.max(toRouter.p99Ms, toPeer.p99Ms));
    return `threads that had work waited ${percent(waitingAtWork(measured.threads))} of that time for a core, and messages were ${flight} (p99) in flight`;
  }
  return peers >= main
    ? `peers waited ${percent(peers)} of the time for a core`
    : `the main thread waited ${percent(main)} of the time for a core, peers ${percent(peers)}`;
}

function sharedCores({ cores, threads, wallMs, otherProgramsOnCoreMs }: Measured): string {
  const theirs = known(otherProgramsOnCoreMs, 0) / wallMs / cores;
  const others = theirs >= OTHERS ? ` with other programs, which had ${percent(theirs)} of them` : "";
  return `${threads.length} threads shared ${count(cores, "core")}${others}`;
}

// --- The collector ---

function collectorHolds({ threads }: Measured): Bottleneck | undefined {
  const share = ({ collections, wallMs }: ThreadProfile): number =>
    (collections.count * collections.meanMs) / wallMs;
  const worst = threads.reduce((a, b) => (share(b) > share(a) ? b : a));
  // Where cores are short a pause takes long because the collector, too, waits for one.
  if (share(worst) < COLLECTING || waitingShare([worst]) >= STARVED) return undefined;
  const { count: times, maxMs } = worst.collections;
  return {
    cause: "collector",
    sentence: `The collector is the bottleneck: it held ${worst.name} ${percent(share(worst))} of the time, in ${count(times, "pause")} of up to ${ms(maxMs)}.`,
  };
}

// --- Threads without a pause ---

function routerSaturated(measured: Measured): Bottleneck | undefined {
  const main = mainOf(measured);
  const isAtWork = known(main.onCoreMs, main.wallMs) >= known(main.waitingMs, 0);
  return demandOf(main) >= SATURATED && isAtWork ? routerSlow(measured) : undefined;
}

function routerSlow(measured: Measured): Bottleneck {
  const main = mainOf(measured);
  const { atRouter, held } = measured.messages.stages;
  const waited =
    atRouter.p99Ms >= held.p99Ms
      ? `messages waited ${ms(atRouter.p99Ms)} (p99) for it`
      : `it held messages ${ms(held.p99Ms)} (p99) for its own work`;
  return {
    cause: "router",
    sentence: `The router is the bottleneck: the main thread was ${busy(main)} of the time and ${waited}.`,
  };
}

function peerSaturated(measured: Measured): Bottleneck | undefined {
  const worst = peersOf(measured).reduce<ThreadProfile | undefined>(
    (a, b) => (a && demandOf(a) >= demandOf(b) ? a : b),
    undefined,
  );
  if (!worst || demandOf(worst) < SATURATED) return undefined;
  return blockingHandler(measured) ?? peerBusy(measured, worst);
}

function peerBusy({ messages }: Measured, peer: ThreadProfile): Bottleneck {
  const atPeer = messages.atPeer[peer.peer ?? 0];
  const waited = atPeer && atPeer.count > 0 ? ` and messages waited ${ms(atPeer.p99Ms)} (p99) for it` : "";
  return {
    cause: "peer",
    sentence: `${capitalized(peer.name)} is the bottleneck: it was ${busy(peer)} of the time${waited}.`,
  };
}

// --- Where a message spends its time, when no thread is short of it ---

/** Where a message can be. */
interface Place {
  readonly stages: readonly Stage[];
  /** Who must get a core for it to leave there. */
  readonly whose: (measured: Measured) => readonly ThreadProfile[];
  /** What is said if messages spend most of their time there: `share` of it. */
  readonly tell: (measured: Measured, share: number) => Bottleneck;
}

const PLACES: readonly Place[] = [
  { stages: ["asked"], whose: () => [], tell: networkAsks },
  { stages: ["atRouter", "held"], whose: (measured) => [mainOf(measured)], tell: routerSlow },
  { stages: ["queued", "atPeer", "handled"], whose: peersOf, tell: peersSlow },
  { stages: ["toRouter", "toPeer"], whose: ({ threads }) => threads, tell: slowToWake },
];

function slowestPlace(measured: Measured): Bottleneck | undefined {
  const { stages } = measured.messages;
  const total = (names: readonly Stage[]): number =>
    sum(names, (name) => stages[name].count * stages[name].meanMs);
  const all = sum(PLACES, (place) => total(place.stages));
  const slowest = PLACES.reduce((a, b) => (total(b.stages) > total(a.stages) ? b : a));
  if (sum(slowest.stages, (name) => stages[name].meanMs) < SLOW_MS) return undefined;
  if (isStarvedAtWork(slowest.whose(measured))) return coresShort(measured);
  return slowest.tell(measured, total(slowest.stages) / all);
}

function networkAsks({ messages }: Measured, share: number): Bottleneck {
  const { asked } = messages.stages;
  return {
    cause: "network",
    sentence: `RPCs waited for the lab's network: it asked for ${ms(asked.meanMs)} (mean) a message, ${percent(share)} of what a message took.`,
  };
}

function slowToWake({ messages }: Measured, share: number): Bottleneck {
  const { toRouter, toPeer } = messages.stages;
  const flight = ms(Math.max(toRouter.meanMs, toPeer.meanMs));
  return {
    cause: "wake",
    sentence: `Threads were slow to wake: messages were ${flight} (mean) in flight from one to the next, ${percent(share)} of what a message took.`,
  };
}

function peersSlow(measured: Measured): Bottleneck {
  return blockingHandler(measured) ?? promisingHandler(measured) ?? loopBusy(measured);
}

/** The peer's event loop is busy with something else than handlers: its timers, its own calls. */
function loopBusy({ messages }: Measured): Bottleneck {
  const waits = messages.atPeer.map(({ p99Ms }) => p99Ms);
  const slowest = Math.max(0, ...waits);
  return {
    cause: "peer",
    sentence: `Peers waited for each other: messages waited ${ms(slowest)} (p99) for the event loop of peer ${waits.indexOf(slowest)}.`,
  };
}

function blockingHandler({ handlers, messages }: Measured): Bottleneck | undefined {
  const worst = longest(handlers, ({ blocked }) => blocked);
  if (!worst) return undefined;
  const waited = ms(messages.stages.atPeer.p99Ms);
  return {
    cause: "handler",
    sentence: `A handler blocks its peer: ${worst.svcMeth} kept the event loop to itself for ${ms(worst.blocked.meanMs)} (mean) at a time, and messages waited ${waited} (p99) for the receiver's event loop.`,
  };
}

function promisingHandler({ handlers }: Measured): Bottleneck | undefined {
  const worst = longest(handlers, ({ handled }) => handled);
  if (!worst) return undefined;
  return {
    cause: "promise",
    sentence: `Callers waited for a handler that waits: ${worst.svcMeth} took ${ms(worst.handled.meanMs)} (mean) and kept the event loop for ${ms(worst.blocked.meanMs)} of it.`,
  };
}

/** Of the handlers that take long at a time, the one on which most time was spent. */
function longest(
  handlers: readonly HandlerProfile[],
  which: (handler: HandlerProfile) => HandlerProfile["handled"],
): HandlerProfile | undefined {
  const spent = (handler: HandlerProfile): number => which(handler).count * which(handler).meanMs;
  return handlers
    .filter((handler) => which(handler).meanMs >= BLOCKING_MS)
    .reduce<HandlerProfile | undefined>((a, b) => (a && spent(a) >= spent(b) ? a : b), undefined);
}

// --- Nothing ---

function nothingShort({ threads, messages }: Measured): Bottleneck {
  const { roundTrip } = messages;
  const idle = mean(threads, (thread) => 1 - demandOf(thread));
  const slept = isTold(threads) ? "threads slept" : "event loops were idle";
  const quick = roundTrip.count > 0 ? ` and a round trip took ${ms(roundTrip.p50Ms)} (p50)` : "";
  return {
    cause: "clock",
    sentence: `Nothing is short: ${slept} ${percent(idle)} of the time${quick}. What they wait for is the clock.`,
  };
}

// --- Figures ---

function mainOf({ threads }: Measured): ThreadProfile {
  const main = threads.find(({ peer }) => peer === undefined);
  if (!main) throw new Error("A profile has a main thread.");
  return main;
}

function peersOf({ threads }: Measured): ThreadProfile[] {
  return threads.filter(({ peer }) => peer !== undefined);
}

/** Whether the system tells of cores. */
function isTold(threads: readonly ThreadProfile[]): boolean {
  return threads.every(
    ({ onCoreMs, waitingMs }) => typeof onCoreMs === "number" && typeof waitingMs === "number",
  );
}

/** Share of the time in which the thread was on a core or wanted one; where the system does not tell, that of its event loop. */
function demandOf(thread: ThreadProfile): number {
  const { onCoreMs, waitingMs, wallMs, loopUtilization } = thread;
  if (!isTold([thread])) return loopUtilization;
  return Math.min(1, (known(onCoreMs, 0) + known(waitingMs, 0)) / wallMs);
}

/** Of the time; 0 where the system does not tell. */
function waitingShare(threads: readonly ThreadProfile[]): number {
  return mean(threads, ({ waitingMs, wallMs }) => known(waitingMs, 0) / wallMs);
}

/** Of the time in which they had work; 0 where the system does not tell. */
function waitingAtWork(threads: readonly ThreadProfile[]): number {
  const waited = sum(threads, ({ waitingMs }) => known(waitingMs, 0));
  const worked = sum(threads, ({ onCoreMs }) => known(onCoreMs, 0));
  return waited > 0 ? waited / (waited + worked) : 0;
}

function isStarvedAtWork(threads: readonly ThreadProfile[]): boolean {
  return waitingAtWork(threads) >= STARVED_AT_WORK;
}

function busy({ onCoreMs, wallMs, loopUtilization }: ThreadProfile): string {
  if (typeof onCoreMs !== "number") return `busy ${percent(loopUtilization)}`;
  return `on a core ${percent(Math.min(1, onCoreMs / wallMs))}`;
}

/** Of a share of each thread's time: that of the time of all. */
function mean(threads: readonly ThreadProfile[], share: (thread: ThreadProfile) => number): number {
  const wallMs = sum(threads, ({ wallMs }) => wallMs);
  return wallMs === 0 ? 0 : sum(threads, (thread) => share(thread) * thread.wallMs) / wallMs;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 0.1 ? 2 : 1)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
