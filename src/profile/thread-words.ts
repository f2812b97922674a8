import type { Profiler } from "node:inspector";
import type { Histogram, RecordableHistogram } from "node:perf_hooks";
import type { ProcPlace } from "./os-thread.js";

/** What a peer's thread tells the profiler, on a port of its own. Histograms are shared, not copied. */
export type ThreadWord =
  /** Said once, before the thread is ready to become a peer. */
  | {
      readonly kind: "hello";
      readonly proc: ProcPlace;
      readonly stages: PeerStages;
      readonly collections: RecordableHistogram;
      /** How far apart the turns of a timer were that is due every `LOOP_LOOK_MS`. */
      readonly loop: Histogram;
    }
  /** A handler ran for the first time: what is measured of it. Its place in this order is its number, from 0. */
  | { readonly kind: "handler"; readonly svcMeth: string; readonly figures: HandlerFigures }
  | { readonly kind: "cpu-profile"; readonly profile: Profiler.Profile | undefined };

/** Durations measured in the peer's thread. */
export interface PeerStages {
  /** From saying an RPC's call or reply until it leaves the thread. */
  readonly queued: RecordableHistogram;
  /** From leaving the main thread until the peer's thread is awake for it. */
  readonly toPeer: RecordableHistogram;
  /** From there until the peer's event loop comes to it. */
  readonly atPeer: RecordableHistogram;
  readonly encode: RecordableHistogram;
  readonly decode: RecordableHistogram;
  /** From saying a call until its reply is heard; calls that came to nothing do not count. */
  readonly roundTrip: RecordableHistogram;
}

export interface HandlerFigures {
  /** Until the reply was there. */
  readonly handled: RecordableHistogram;
  /** Until it gave a reply or a promise of one: the time in which it let nothing else run. */
  readonly blocked: RecordableHistogram;
}

/** What the profiler tells a peer's thread: it is cut off from its peers, and is to answer with a `cpu-profile`. */
export type ProfilerWord = "finish";

/**
 * How often each event loop is looked at, to see how late that is. Where threads sleep and wake all the time, 20 ms
 * took 2 to 4 % of a run, and 5 ms 10 %, far more than the looks themselves: docs/profile.md.
 */
export const LOOP_LOOK_MS = 100;

/** How often a thread tells that its event loop turns: that tells of one that stands still, which no timer can. */
export const TURN_LOOK_MS = 250;
