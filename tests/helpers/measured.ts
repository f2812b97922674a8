import { type Durations, NO_DURATIONS } from "../../src/profile/histograms.js";
import type { HandlerProfile, Measured, Stage, ThreadProfile } from "../../src/profile/profile.js";
import { STAGES } from "../../src/profile/profile.js";

/** Of a second of watching: what a thread did with it. */
export interface Second {
  readonly onCoreMs: number;
  readonly waitingMs: number;
}

/** A thread that was watched for one second. */
export function thread(name: string, second: Partial<ThreadProfile> & Partial<Second> = {}): ThreadProfile {
  const { onCoreMs = 10, waitingMs = 1 } = second;
  const peer = /^peer (\d+)/.exec(name)?.[1];
  return {
    name,
    ...(peer === undefined ? {} : { peer: Number(peer), incarnation: 1 }),
    fromMs: 0,
    wallMs: 1000,
    onCoreMs,
    waitingMs,
    asleepMs: 1000 - Number(onCoreMs) - Number(waitingMs),
    wantedSwitches: 100,
    forcedSwitches: 10,
    loopUtilization: 0.02,
    loopDelay: NO_DURATIONS,
    collections: NO_DURATIONS,
    standstillMs: 0,
    heapMiB: 8,
    heapHighestMiB: 9,
    ...second,
  };
}

/** The main thread and as many peers, all of them alike. */
export function threads(
  peerCount: number,
  main: Partial<Second> & Partial<ThreadProfile> = {},
  peer: Partial<Second> & Partial<ThreadProfile> = {},
): ThreadProfile[] {
  const peers = Array.from({ length: peerCount }, (_, i) => thread(`peer ${i}`, peer));
  return [thread("main", main), ...peers];
}

/** 100 durations, all of about `ms`; the slowest of them p99. */
export function about(ms: number, p99Ms = ms): Durations {
  return { count: 100, meanMs: ms, p50Ms: ms, p99Ms, p999Ms: p99Ms, maxMs: p99Ms };
}

export function handler(svcMeth: string, handled: Durations, blocked: Durations): HandlerProfile {
  return { svcMeth, handled, blocked };
}

/** A run of one second on two cores in which nothing was short: 3 peers, quick messages. */
export function measured({
  stages = {},
  roundTrip = about(0.2),
  ...rest
}: Partial<Omit<Measured, "messages">> & {
  readonly stages?: Partial<Record<Stage, Durations>>;
  readonly roundTrip?: Durations;
} = {}): Measured {
  const quick = Object.fromEntries(STAGES.map((stage) => [stage, about(0.02)])) as Record<Stage, Durations>;
  return {
    wallMs: 1000,
    cores: 2,
    threads: threads(3),
    otherThreadsOnCoreMs: 5,
    otherProgramsOnCoreMs: 40,
    messages: {
      stages: { ...quick, ...stages },
      roundTrip,
      atPeer: [about(1), about(2), about(3)],
      lost: {},
      measuredShare: 1,
    },
    handlers: [handler("Raft.appendEntries", about(0.1), about(0.1))],
    stacksSampled: false,
    clock: { offsetMs: 0, errorMs: 0.01 },
    ...rest,
  };
}
