/**
 * The sentence: what a run's threads waited for most, named from the figures, with the figures. Each rule
 * looks for one cause; the first that finds it speaks. The order is from what leaves no room for others, a
 * machine with too few cores, to what is left when nothing is short.
 */
import type { Bottleneck, HandlerProfile, Measured, Stage, ThreadProfile } from "./profile.js";
import { known } from "./profile.js";

/** A thread that was on a core or waiting for one this much of the time had no time left. */
const SATURATED = 0.9;
/** Threads that waited this much of the time for a core are slowed by it, whatever else there is. */
const STARVED = 0.2;
/** Other programs that had this share of the cores are named. */
const OTHERS = 0.2;
/** A collector that holds a thread this much of the time is what it waits for. */
const COLLECTING = 0.2;
/** A message that spends less than this in one place leaves nothing to name there. */
const SLOW_MS = 1;
/** A handler that keeps its event loop this long at a time blocks it. */
const BLOCKING_MS = 1;

type Rule = (measured: Measured) => Bottleneck | undefined;

const RULES: readonly Rule[] = [
  tooManyAtWork,
  collectorHolds,
  routerSaturated,
  waitingForCores,
  peerSaturated,
  slowestStage,
];

/** What the run waited for most. */
export function bottleneckOf(measured: Measured): Bottleneck {
  for (const rule of RULES) {
    const found = rule(measured);
    if (found) return found;
  }
  return nothingShort(measured);
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
  const { cores, threads, wallMs } = measured;
  const theirs = known(measured.otherProgramsOnCoreMs, 0) / wallMs / cores;
  const others = theirs >= OTHERS ? ` with other programs, which had ${percent(theirs)} of them` : "";
  const [peers, main] = [waitingShare(peersOf(measured)), waitingShare([mainOf(measured)])];
  const waited =
    peers >= main
      ? `peers waited ${percent(peers)} of the time for a core`
      : `the main thread waited ${percent(main)} of the time for a core, peers ${percent(peers)}`;
  return {
    cause: "core",
    sentence: `${threads.length} threads shared ${count(cores, "core")}${others}: ${waited}.`,
  };
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

function slowestStage(measured: Measured): Bottleneck | undefined {
  const { stages } = measured.messages;
  const total = (names: readonly Stage[]): number =>
    sum(names, (name) => stages[name].count * stages[name].meanMs);
  const all = sum(PLACES, ({ stages }) => total(stages));
  const slowest = PLACES.reduce((a, b) => (total(b.stages) > total(a.stages) ? b : a));
  if (sum(slowest.stages, (name) => stages[name].meanMs) < SLOW_MS) return undefined;
  return slowest.tell(measured, total(slowest.stages) / all);
}

/** Where a message can be, and what is said if it spends most of its time there: `share` of it. */
interface Place {
  readonly stages: readonly Stage[];
  readonly tell: (measured: Measured, share: number) => Bottleneck;
}

const PLACES: readonly Place[] = [
  { stages: ["asked"], tell: networkAsks },
  { stages: ["atRouter", "held"], tell: routerSlow },
  { stages: ["queued", "atPeer", "handled"], tell: peersSlow },
  { stages: ["toRouter", "toPeer"], tell: nothingShort },
];

function networkAsks({ messages }: Measured, share: number): Bottleneck {
  const { asked } = messages.stages;
  return {
    cause: "network",
    sentence: `RPCs waited for the lab's network: it asked for ${ms(asked.meanMs)} (mean) a message, ${percent(share)} of what a message took.`,
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
  if (!worst || worst.blocked.meanMs < BLOCKING_MS) return undefined;
  const waited = ms(messages.stages.atPeer.p99Ms);
  return {
    cause: "handler",
    sentence: `A handler blocks its peer: ${worst.svcMeth} kept the event loop to itself for ${ms(worst.blocked.p50Ms)} (p50) at a time, and messages waited ${waited} (p99) for the receiver's event loop.`,
  };
}

function promisingHandler({ handlers }: Measured): Bottleneck | undefined {
  const worst = longest(handlers, ({ handled }) => handled);
  if (!worst || worst.handled.meanMs < BLOCKING_MS) return undefined;
  return {
    cause: "promise",
    sentence: `Callers waited for a handler that waits: ${worst.svcMeth} took ${ms(worst.handled.p50Ms)} (p50) and kept the event loop for ${ms(worst.blocked.p50Ms)} of it.`,
  };
}

/** The handler on which most time was spent. */
function longest(
  handlers: readonly HandlerProfile[],
  which: (handler: HandlerProfile) => HandlerProfile["handled"],
): HandlerProfile | undefined {
  const spent = (handler: HandlerProfile): number => which(handler).count * which(handler).meanMs;
  return handlers.reduce<HandlerProfile | undefined>(
    (a, b) => (a && spent(a) >= spent(b) ? a : b),
    undefined,
  );
}

// --- Nothing ---

function nothingShort({ threads, messages }: Measured): Bottleneck {
  const { roundTrip } = messages;
  const wall = sum(threads, ({ wallMs }) => wallMs);
  const idle = sum(threads, (thread) => (1 - demandOf(thread)) * thread.wallMs) / wall;
  const quick = roundTrip.count > 0 ? ` and a round trip took ${ms(roundTrip.p50Ms)} (p50)` : "";
  return {
    cause: "clock",
    sentence: `Nothing is short: threads slept ${percent(idle)} of the time${quick}. What they wait for is the clock.`,
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

/** Share of the time in which the thread was on a core or wanted one; where the system does not tell, that of its event loop. */
function demandOf({ onCoreMs, waitingMs, wallMs, loopUtilization }: ThreadProfile): number {
  if (typeof onCoreMs !== "number" || typeof waitingMs !== "number") return loopUtilization;
  return Math.min(1, (onCoreMs + waitingMs) / wallMs);
}

function waitingShare(threads: readonly ThreadProfile[]): number {
  const wallMs = sum(threads, ({ wallMs }) => wallMs);
  return wallMs === 0 ? 0 : sum(threads, ({ waitingMs }) => known(waitingMs, 0)) / wallMs;
}

function busy({ onCoreMs, wallMs, loopUtilization }: ThreadProfile): string {
  if (typeof onCoreMs !== "number") return `busy ${percent(loopUtilization)}`;
  return `on a core ${percent(Math.min(1, onCoreMs / wallMs))}`;
}

function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 0.1 ? 2 : 1)} ms`;
}

function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? "" : "s"}`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
