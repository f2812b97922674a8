import type { RunResult } from "../harness/case.js";
import type { Loss } from "../trace/event.js";
import type { Durations } from "./histograms.js";

/** Where the threads of one run spent their time. Plain data: `profile.json` has these. */
export interface Profile extends Measured {
  readonly bottleneck: Bottleneck;
  readonly load?: LoadProfile;
  /** What came of the run, as of `whitewater test`. */
  readonly result: RunResult;
}

/** What was measured between the beginning and the end of a run's steps. */
export interface Measured {
  readonly wallMs: number;
  /** Cores that this process may use. */
  readonly cores: number;
  /** The main thread first, then each incarnation of each peer. */
  readonly threads: readonly ThreadProfile[];
  /** The process's other threads: the engine's helpers, spare peers, the file system's. */
  readonly otherThreadsOnCoreMs: Figure;
  /** All other programs of the machine. */
  readonly otherProgramsOnCoreMs: Figure;
  readonly messages: MessageProfile;
  /** The one that took longest in all first. */
  readonly handlers: readonly HandlerProfile[];
  /** Whether stacks were sampled (`--cpu-prof`): each sample wakes the thread, and what its event loop idled is lost. */
  readonly stacksSampled: boolean;
  /** Or why it is not known. */
  readonly clock: ClockCheck | { readonly unavailable: string };
}

/** A figure that the system may not tell: then why. */
export type Figure = number | { readonly unavailable: string };

export interface ThreadProfile {
  /** `main`, `peer 2`, or `peer 2, incarnation 3`. */
  readonly name: string;
  readonly peer?: number;
  readonly incarnation?: number;
  /** Since the main thread's clock began. */
  readonly fromMs: number;
  /** How long it was watched; the three times below add up to it. */
  readonly wallMs: number;
  readonly onCoreMs: Figure;
  /** Ready to run, and waiting for a core. */
  readonly waitingMs: Figure;
  readonly asleepMs: Figure;
  readonly wantedSwitches: Figure;
  readonly forcedSwitches: Figure;
  /** Share of the time in which the event loop was not idle, 0 to 1. No measure of the core: see `onCoreMs`. */
  readonly loopUtilization: number;
  /** How late a timer of 100 ms was. */
  readonly loopDelay: Durations;
  readonly collections: Durations;
  /** For how long its event loop had not turned when the measuring ended; 0 if it was turning. */
  readonly standstillMs: number;
  readonly heapMiB: number;
  readonly heapHighestMiB: number;
}

/** What each message of an RPC waited for on its way, and what was done with it; requests and replies alike. */
export const STAGES = [
  "queued",
  "toRouter",
  "atRouter",
  "held",
  "asked",
  "toPeer",
  "atPeer",
  "handled",
  "encode",
  "decode",
] as const;

export type Stage = (typeof STAGES)[number];

export const STAGE_TITLES: Readonly<Record<Stage, string>> = {
  queued: "queued in the sender",
  toRouter: "in flight to the router",
  atRouter: "waiting for the router's event loop",
  held: "held by the router, its own work",
  asked: "held as the lab's network asks",
  toPeer: "in flight to the receiver",
  atPeer: "waiting for the receiver's event loop",
  handled: "handled",
  encode: "encoding",
  decode: "decoding",
};

export interface MessageProfile {
  readonly stages: Readonly<Record<Stage, Durations>>;
  /** From saying a call until its reply is heard. */
  readonly roundTrip: Durations;
  /** How long each peer's messages waited for its event loop: `atPeer`, by peer. */
  readonly atPeer: readonly Durations[];
  /** Calls that came to nothing. */
  readonly lost: Readonly<Partial<Record<Loss, number>>>;
  /** Share of the time in which messages were measured: at high rates it pauses, so as not to slow the run. */
  readonly measuredShare: number;
}

export interface HandlerProfile {
  readonly svcMeth: string;
  /** Until its reply was there. */
  readonly handled: Durations;
  /** The part of it in which it had the event loop to itself. */
  readonly blocked: Durations;
  /** What it had been asked when the measuring ended, and had not answered; where there is such a thing. */
  readonly open?: {
    readonly calls: number;
    /** For how long the oldest of them had been waiting. */
    readonly oldestMs: number;
    /** Where that is. */
    readonly peer: number;
  };
}

/** Whether the threads' clocks agree, from the quickest messages each way: no message comes before it left. */
export interface ClockCheck {
  /** The largest offset of a peer's clock from the main thread's, in ms. */
  readonly offsetMs: number;
  /** What that offset may be wrong by. */
  readonly errorMs: number;
}

export type Cause =
  | "core"
  | "router"
  | "peer"
  | "collector"
  | "handler"
  | "promise"
  | "network"
  | "wake"
  | "clock"
  | "unknown";

export interface Bottleneck {
  readonly cause: Cause;
  /** Names it, with its figures. */
  readonly sentence: string;
}

/** What came of a steady load. */
export interface LoadProfile {
  /** Calls of `start()` asked for, in a second. */
  readonly rate: number;
  readonly seconds: number;
  /** Commands given to `start()` in that time. */
  readonly started: number;
  /** Commands applied in that time, whenever they were due. */
  readonly committed: number;
  /** Commands committed in a second. */
  readonly throughput: number;
  /** From the moment a command was due until a peer had applied it. */
  readonly commitLatency: Durations;
  /** Commands that were due at the end, and not committed. */
  readonly pending: number;
  /** For how long the oldest of them had been due. */
  readonly oldestPendingMs: number;
}

export function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}

/** The figure, or `fallback` where the system does not tell it. */
export function known(figure: Figure, fallback: number): number {
  return typeof figure === "number" ? figure : fallback;
}
