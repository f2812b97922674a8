import { monitorEventLoopDelay, PerformanceObserver, type RecordableHistogram } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { HandlerMeter, PeerMeter } from "../labrpc/peer-meter.js";
import type { MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { LinkProbe, ThreadProbeBoot } from "../runtime/thread-probe.js";
import { BatchStamps } from "./batch-stamps.js";
import { EVENT, EventRing } from "./event-ring.js";
import { durations, recordMs } from "./histograms.js";
import { ownProcPlace } from "./os-thread.js";
import { PeerGauges } from "./peer-gauges.js";
import { StackSamples } from "./stack-samples.js";
import { type Arrival, ThreadTime } from "./thread-time.js";
import {
  type HandlerFigures,
  LOOP_LOOK_MS,
  type PeerStages,
  type ProfilerWord,
  type ThreadWord,
} from "./thread-words.js";

/** How often the heap is looked at. */
const HEAP_LOOK_MS = 250;

/** Measures a peer from within its thread. All figures lie in memory that outlives the thread. */
export class PeerProbe implements LinkProbe<PeerToMain, MainToPeer>, PeerMeter {
  readonly #boot: ThreadProbeBoot;
  readonly #time: ThreadTime;
  readonly #departures: BatchStamps;
  readonly #arrivals: BatchStamps;
  readonly #gauges: PeerGauges;
  readonly #ring: EventRing | undefined;
  readonly #stages: PeerStages = {
    queued: durations(),
    toPeer: durations(),
    atPeer: durations(),
    encode: durations(),
    decode: durations(),
    roundTrip: durations(),
  };
  readonly #handlers = new Map<string, HandlerFigures & { readonly number: number }>();
  /** When each message of an RPC was said that has not left yet. */
  #saidAtMs: number[] = [];
  /** When each call was said that has no fate yet. */
  readonly #calledAtMs = new Map<number, number>();
  #arrival: Arrival | undefined;
  /** Held here: it stops when it is collected, though the main thread still reads it. */
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_LOOK_MS });
  #stack: StackSamples | undefined;
  #batchFromMs = 0;
  #encodedFromMs = 0;

  constructor(boot: ThreadProbeBoot) {
    this.#boot = boot;
    this.#time = new ThreadTime(boot.originMs);
    this.#departures = new BatchStamps(boot.toMain);
    this.#arrivals = new BatchStamps(boot.toPeer);
    this.#gauges = new PeerGauges(boot.gauges);
    this.#ring = boot.events && new EventRing(boot.events);
    this.#introduce();
    this.#watchHeap();
    this.#time.lookAtTimers();
    // Keeps the thread alive until it is asked for the samples of its stack, if it takes any.
    if (boot.cpuProfile) boot.port.on("message", (_word: ProfilerWord) => void this.#tellSamples());
  }

  // --- The link ---

  said(message: PeerToMain): void {
    if (message.kind !== "call" && message.kind !== "reply") return;
    const nowMs = this.#time.now();
    this.#saidAtMs.push(nowMs);
    if (message.kind === "reply") return;
    this.#calledAtMs.set(message.rpcId, nowMs);
    this.#ring?.note(EVENT.call, this.#encodedFromMs, nowMs, message.rpcId);
  }

  leaves(): void {
    const nowMs = this.#time.now();
    this.#departures.put(nowMs);
    for (const saidAtMs of this.#saidAtMs) recordMs(this.#stages.queued, nowMs - saidAtMs);
    this.#saidAtMs = [];
    this.#time.look();
  }

  arrived(): void {
    const leftAtMs = this.#arrivals.take();
    this.#arrival = leftAtMs === undefined ? undefined : this.#time.arrival(leftAtMs);
    this.#batchFromMs = this.#arrival?.atMs ?? this.#time.now();
    if (this.#arrival) this.#gauges.cameIn(this.#arrival.atMs - this.#arrival.leftAtMs);
  }

  hears(message: MainToPeer): void {
    if (message.kind !== "request" && message.kind !== "outcome") return;
    const nowMs = this.#time.now();
    if (this.#arrival) {
      const { leftAtMs, inFlightMs } = this.#arrival;
      recordMs(this.#stages.toPeer, inFlightMs);
      recordMs(this.#stages.atPeer, nowMs - leftAtMs - inFlightMs);
    }
    if (message.kind === "request") return;
    const calledAtMs = this.#calledAtMs.get(message.rpcId);
    this.#calledAtMs.delete(message.rpcId);
    if (calledAtMs === undefined) return;
    if (message.reply) recordMs(this.#stages.roundTrip, nowMs - calledAtMs);
    this.#ring?.note(EVENT.outcome, nowMs, nowMs, message.rpcId);
  }

  heard(): void {
    this.#ring?.note(EVENT.batch, this.#batchFromMs, this.#time.now());
  }

  // --- The realm ---

  now(): number {
    return this.#time.now();
  }

  encoded(startedAt: number): void {
    this.#encodedFromMs = startedAt;
    recordMs(this.#stages.encode, this.#time.now() - startedAt);
  }

  decoded(startedAt: number): void {
    recordMs(this.#stages.decode, this.#time.now() - startedAt);
  }

  handlerBegins(rpcId: number, svcMeth: string): HandlerMeter {
    const { handled, blocked, number } = this.#figuresOf(svcMeth);
    const fromMs = this.#time.now();
    let promisedMs: number | undefined;
    const gaveBack = (nowMs: number): void => {
      recordMs(blocked, nowMs - fromMs);
      this.#ring?.note(EVENT.handler, fromMs, nowMs, rpcId, number);
    };
    return {
      promised: () => {
        promisedMs = this.#time.now();
        gaveBack(promisedMs);
      },
      settled: () => {
        const nowMs = this.#time.now();
        recordMs(handled, nowMs - fromMs);
        if (promisedMs === undefined) gaveBack(nowMs);
        else this.#ring?.note(EVENT.promised, promisedMs, nowMs, rpcId, number);
      },
    };
  }

  #figuresOf(svcMeth: string): HandlerFigures & { readonly number: number } {
    const known = this.#handlers.get(svcMeth);
    if (known) return known;
    const figures = { handled: durations(), blocked: durations() };
    const handler = { ...figures, number: this.#handlers.size };
    this.#handlers.set(svcMeth, handler);
    this.#tell({ kind: "handler", svcMeth, figures });
    return handler;
  }

  // --- The thread ---

  #introduce(): void {
    this.#loop.enable();
    const collections = this.#watchCollections();
    this.#tell({ kind: "hello", proc: ownProcPlace(), stages: this.#stages, collections, loop: this.#loop });
  }

  #watchCollections(): RecordableHistogram {
    const collections = durations();
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        recordMs(collections, duration);
        const fromMs = this.#time.common(startTime);
        this.#ring?.note(EVENT.collection, fromMs, fromMs + duration);
      }
    }).observe({ entryTypes: ["gc"] });
    return collections;
  }

  #watchHeap(): void {
    const look = (): void => this.#gauges.setHeap(getHeapStatistics().used_heap_size);
    look();
    setInterval(look, HEAP_LOOK_MS).unref();
  }

  /** The thread becomes a peer. */
  becomes(): void {
    if (!this.#boot.cpuProfile) return;
    this.#stack = new StackSamples();
    this.#stack.begin();
  }

  async #tellSamples(): Promise<void> {
    this.#tell({ kind: "cpu-profile", profile: await this.#stack?.end() });
  }

  #tell(word: ThreadWord): void {
    this.#boot.port.postMessage(word);
  }
}
