import type { RecordableHistogram } from "node:perf_hooks";
import type { MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { LinkProbe } from "../runtime/thread-probe.js";
import type { Loss, TraceEvent, TraceSink } from "../trace/event.js";
import { BatchStamps } from "./batch-stamps.js";
import { DurationLog } from "./duration-log.js";
import { EVENT, EventRing } from "./event-ring.js";
import { durations } from "./histograms.js";
import type { PeerGauges } from "./peer-gauges.js";
import type { ClockCheck } from "./profile.js";
import { Sampling, SamplingControl } from "./sampling.js";
import { ThreadTime } from "./thread-time.js";

/** One RPC on its way through the router. Times are on the common clock, in ms. */
export interface Passage {
  /** Its number in the network. */
  readonly rpc: number;
  readonly svcMeth: string;
  readonly caller: LinkStages;
  /** Its number in the calling incarnation. */
  readonly callId: number;
  server: LinkStages | undefined;
  /** Its number among the requests to the serving incarnation. */
  requestId: number;
  readonly callHeardMs: number;
  requestLeftMs: number;
  replyHeardMs: number;
  outcomeLeftMs: number;
  lost: Loss | undefined;
  /** When the router got what it now holds: the call, or the reply. */
  enteredMs: number;
  /** For how long the rules of the lab's network ask it to hold that. */
  askedMs: number;
}

/** What is measured in the main thread of one peer's link. */
export interface LinkStages {
  readonly toRouter: RecordableHistogram;
  readonly atRouter: RecordableHistogram;
  readonly held: RecordableHistogram;
  readonly asked: RecordableHistogram;
}

/** The numbers of these in a link's log, in the same order. */
const STAGE = { toRouter: 0, atRouter: 1, held: 2, asked: 3 } as const satisfies Record<
  keyof LinkStages,
  number
>;

/** RPCs that are kept for the trace, at least: the last ones, as the events of the threads are. */
const MAX_KEPT = 100_000;

/**
 * Measures the main thread's part of every RPC: it hears what the router tells of a run, and watches the
 * main thread's ends of the links. Both together tell which message is which RPC's.
 */
export class RouterProbe implements TraceSink {
  readonly sampling: SamplingControl;
  readonly time = new ThreadTime(performance.timeOrigin);
  readonly lost: Partial<Record<Loss, number>> = {};
  /** In the order taken in, where a trace is asked for. */
  readonly kept: Passage[] = [];
  /** The main thread's own events, where a trace is asked for. */
  readonly ring: EventRing | undefined;
  /** What left its thread before this does not count. */
  countsFromMs = 0;
  readonly #passages = new Map<number, Passage>();
  /** The call that is being heard: the next RPC that the network takes in is this one. */
  #hearing: { readonly link: RouterLink; readonly callId: number } | undefined;
  /** The RPC that the network hands to its server: the next request said is this one's. */
  #delivering: Passage | undefined;

  /** @param keeps whether to keep every RPC, for a trace */
  constructor(keeps: boolean) {
    this.sampling = new SamplingControl(keeps);
    this.ring = keeps ? new EventRing(EventRing.buffer()) : undefined;
  }

  link(buffers: LinkBuffers, gauges: PeerGauges): RouterLink {
    return new RouterLink(this, buffers, gauges);
  }

  /** What was counted and kept before `fromMs` does not count; RPCs under way go on. */
  begin(fromMs: number): void {
    this.countsFromMs = fromMs;
    this.sampling.begin(fromMs);
    for (const reason of Object.keys(this.lost) as Loss[]) delete this.lost[reason];
    this.kept.length = 0;
  }

  hears(link: RouterLink, callId: number): void {
    this.#hearing = { link, callId };
  }

  takeDelivering(): Passage | undefined {
    const passage = this.#delivering;
    this.#delivering = undefined;
    return passage;
  }

  record(event: TraceEvent): void {
    if (event.kind === "send") {
      if (this.#hearing) this.#enter(event.rpc, event.svcMeth, this.#hearing);
      this.#hearing = undefined;
    } else if (event.kind === "deliver") {
      this.#delivering = this.#passages.get(event.rpc);
    } else if (event.kind === "outcome") {
      this.#conclude(event.rpc, event.lost);
    }
  }

  delays(rpc: number, ms: number): void {
    const passage = this.#passages.get(rpc);
    if (passage) passage.askedMs += ms;
  }

  #enter(rpc: number, svcMeth: string, { link, callId }: { link: RouterLink; callId: number }): void {
    const passage: Passage = {
      rpc,
      svcMeth,
      caller: link.stages,
      callId,
      server: undefined,
      requestId: 0,
      callHeardMs: link.batchAtMs,
      requestLeftMs: 0,
      replyHeardMs: 0,
      outcomeLeftMs: 0,
      lost: undefined,
      enteredMs: link.batchAtMs,
      askedMs: 0,
    };
    this.#passages.set(rpc, passage);
    link.calls.set(callId, passage);
    if (this.ring) this.#keep(passage);
  }

  #keep(passage: Passage): void {
    this.kept.push(passage);
    if (this.kept.length >= 2 * MAX_KEPT) this.kept.splice(0, MAX_KEPT);
  }

  #conclude(rpc: number, lost: Loss | undefined): void {
    const passage = this.#passages.get(rpc);
    this.#passages.delete(rpc);
    if (this.#passages.size === 0) this.sampling.mayRest();
    if (lost === undefined) return;
    this.lost[lost] = (this.lost[lost] ?? 0) + 1;
    if (passage) passage.lost = lost;
  }
}

export interface LinkBuffers {
  readonly toMain: SharedArrayBuffer;
  readonly toPeer: SharedArrayBuffer;
}

/** The main thread's end of one incarnation's link. */
export class RouterLink implements LinkProbe<MainToPeer, PeerToMain> {
  readonly stages: LinkStages = {
    toRouter: durations(),
    atRouter: durations(),
    held: durations(),
    asked: durations(),
  };
  /** RPCs that this peer has called and that have no fate yet. */
  readonly calls = new Map<number, Passage>();
  /** When the batch began that is being heard. */
  batchAtMs = 0;
  /** The quickest way of a batch to the main thread; `Infinity` if none came. */
  quickestToMainMs = Number.POSITIVE_INFINITY;
  #batchesToMain = 0;
  readonly #log = new DurationLog(DurationLog.buffer(), Object.values(this.stages) as RecordableHistogram[]);
  readonly #router: RouterProbe;
  readonly #sampling: Sampling;
  readonly #departures: BatchStamps;
  readonly #arrivals: BatchStamps;
  readonly #gauges: PeerGauges;
  /** RPCs that this peer handles. */
  readonly #requests = new Map<number, Passage>();
  /** RPCs whose request or outcome has been said to this peer, and has not left. */
  #leaving: Passage[] = [];
  /** Of the batch that is being heard: `undefined` if it carries nothing of an RPC. */
  #leftAtMs: number | undefined;
  #inFlightMs = 0;

  constructor(router: RouterProbe, { toMain, toPeer }: LinkBuffers, gauges: PeerGauges) {
    this.#router = router;
    this.#sampling = new Sampling(router.sampling.buffer);
    this.#departures = new BatchStamps(toPeer);
    this.#arrivals = new BatchStamps(toMain);
    this.#gauges = gauges;
  }

  /** What was measured so far does not count. */
  begin(): void {
    this.#log.skip();
    for (const histogram of Object.values(this.stages)) histogram.reset();
  }

  /** What was measured goes into the histograms; once only. */
  settle(): void {
    this.#log.recordRest();
  }

  /** What is measured and has been said is told of when it leaves; and of a request, the reply, be it too late. */
  get isAwake(): boolean {
    return this.#sampling.isAwake || this.#leaving.length > 0 || this.#requests.size > 0;
  }

  said(message: MainToPeer): void {
    if (message.kind === "request") {
      const passage = this.#router.takeDelivering();
      if (!passage) return;
      passage.server = this.stages;
      passage.requestId = message.rpcId;
      this.#requests.set(message.rpcId, passage);
      this.#leaving.push(passage);
    } else if (message.kind === "outcome") {
      const passage = this.calls.get(message.rpcId);
      this.calls.delete(message.rpcId);
      // A lost call gets its `undefined` when the lab's rules say: nothing of that is the router's work.
      if (passage && passage.lost === undefined && passage.replyHeardMs > 0) this.#leaving.push(passage);
    }
  }

  leaves(batch: number): void {
    this.#router.time.look();
    if (this.#leaving.length === 0) return;
    const nowMs = this.#router.time.now();
    this.#departures.put(batch, nowMs);
    for (const passage of this.#leaving) {
      this.#log.note(STAGE.held, nowMs - passage.enteredMs - passage.askedMs);
      this.#log.note(STAGE.asked, passage.askedMs);
      if (passage.replyHeardMs === 0) passage.requestLeftMs = nowMs;
      else passage.outcomeLeftMs = nowMs;
    }
    this.#leaving.length = 0;
  }

  arrived(batch: number): boolean {
    const { time, ring } = this.#router;
    this.#leftAtMs = this.#arrivals.leftSince(batch, this.#router.countsFromMs);
    if (this.#leftAtMs === undefined) {
      time.look();
      if (ring) this.batchAtMs = time.now();
      return this.#requests.size > 0;
    }
    this.batchAtMs = time.now();
    const ageMs = this.batchAtMs - this.#leftAtMs;
    this.#inFlightMs = time.inFlight(ageMs);
    this.quickestToMainMs = Math.min(this.quickestToMainMs, ageMs);
    this.#batchesToMain += 1;
    return true;
  }

  hears(message: PeerToMain): void {
    if (message.kind !== "call" && message.kind !== "reply") return;
    if (this.#leftAtMs === undefined) {
      if (message.kind === "reply") this.#requests.delete(message.rpcId);
      return;
    }
    if (this.#sampling.isOn) this.#router.sampling.heard(this.batchAtMs);
    this.#log.note(STAGE.toRouter, this.#inFlightMs);
    this.#log.note(STAGE.atRouter, this.batchAtMs - this.#leftAtMs - this.#inFlightMs);
    if (message.kind === "call") this.#router.hears(this, message.rpcId);
    else this.#replied(message.rpcId);
  }

  heard(): void {
    const { ring, time } = this.#router;
    ring?.note(EVENT.batch, this.batchAtMs, time.now());
  }

  /**
   * How far the peer's clock is from the main thread's, in ms: of the offset that makes the quickest message
   * either way equally quick, what that may be wrong by, and of how many batches these were the quickest, each
   * way. `undefined` if nothing went both ways.
   */
  clockOffset(): (ClockCheck & { readonly batches: number }) | undefined {
    const { quickestToPeerMs, batchesToPeer } = this.#gauges;
    if (quickestToPeerMs === 0 || this.quickestToMainMs === Number.POSITIVE_INFINITY) return undefined;
    return {
      offsetMs: (quickestToPeerMs - this.quickestToMainMs) / 2,
      errorMs: (quickestToPeerMs + this.quickestToMainMs) / 2,
      batches: Math.min(this.#batchesToMain, batchesToPeer),
    };
  }

  #replied(requestId: number): void {
    const passage = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    if (!passage) return;
    passage.replyHeardMs = this.batchAtMs;
    passage.enteredMs = this.batchAtMs;
    passage.askedMs = 0;
  }
}
