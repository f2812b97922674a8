import { monitorEventLoopDelay, PerformanceObserver, type RecordableHistogram } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { PeerMeter } from "../labrpc/peer-meter.js";
import type { MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { LinkProbe, ThreadProbeBoot } from "../runtime/thread-probe.js";
import { BatchStamps } from "./batch-stamps.js";
import { DurationLog } from "./duration-log.js";
import { EVENT, EventRing } from "./event-ring.js";
import { durations, recordMs } from "./histograms.js";
import { ownProcPlace } from "./os-thread.js";
import { PeerGauges } from "./peer-gauges.js";
import { Sampling } from "./sampling.js";
import { StackSamples } from "./stack-samples.js";
import { ThreadTime } from "./thread-time.js";
import {
  type HandlerFigures,
  LOOP_LOOK_MS,
  type PeerStages,
  type ProfilerWord,
  type ThreadWord,
  TURN_LOOK_MS,
} from "./thread-words.js";

/** The numbers of the stages' histograms in the log, in the order of `PeerStages`. */
const STAGE = {
  queued: 0,
  toPeer: 1,
  atPeer: 2,
  encode: 3,
  decode: 4,
  roundTrip: 5,
} as const satisfies Record<keyof PeerStages, number>;
/** The number of the first handler's first histogram. */
const FIRST_HANDLER = Object.keys(STAGE).length;

/** Measures a peer from within its thread. All figures lie in memory that outlives the thread. */
export class PeerProbe implements LinkProbe<PeerToMain, MainToPeer>, PeerMeter {
  readonly #boot: ThreadProbeBoot;
  readonly #time: ThreadTime;
  readonly #departures: BatchStamps;
  readonly #arrivals: BatchStamps;
  readonly #sampling: Sampling;
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
  /** By their numbers in the log: the stages, then two for each handler. */
  readonly #histograms = Object.values(this.#stages) as RecordableHistogram[];
  readonly #log: DurationLog;
  /** By name, in the order of their first runs: the number of each. */
  readonly #handlers = new Map<string, number>();
  /** When each message of an RPC was said that has not left yet. */
  #saidAtMs: number[] = [];
  /** When each call was said that has no fate yet. */
  readonly #calledAtMs = new Map<number, number>();
  /** Requests that are measured and have no reply yet. */
  readonly #served = new Set<number>();
  /** The last batch that was not slept through. */
  #lastBatch = 0;
  /** Of the batch that is being heard: `undefined` if it carries nothing of an RPC, or is not measured. */
  #leftAtMs: number | undefined;
  #inFlightMs = 0;
  /** Held here: it stops when it is collected, though the main thread still reads it. */
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_LOOK_MS });
  readonly #collections = durations();
  #stack: StackSamples | undefined;
  #batchFromMs = 0;
  #encodedFromMs = 0;

  constructor(boot: ThreadProbeBoot) {
    this.#boot = boot;
    this.#time = new ThreadTime(boot.originMs);
    this.#departures = new BatchStamps(boot.toMain);
    this.#arrivals = new BatchStamps(boot.toPeer);
    this.#sampling = new Sampling(boot.sampling);
    this.#gauges = new PeerGauges(boot.gauges);
    this.#log = new DurationLog(boot.durations, this.#histograms);
    this.#ring = boot.events && new EventRing(boot.events);
    const [stages, collections, loop] = [this.#stages, this.#collections, this.#loop];
    this.#tell({ kind: "hello", proc: ownProcPlace(), stages, collections, loop });
    this.#time.lookAtTimers();
    // Keeps the thread alive until it is asked for the samples of its stack, if it takes any.
    if (boot.cpuProfile) boot.port.on("message", (_word: ProfilerWord) => void this.#tellSamples());
  }

  // --- The link ---

  /** Of a message that was measured on its way out, it is told until its end. */
  get isAwake(): boolean {
    if (this.#sampling.isAwake) return true;
    return this.#calledAtMs.size > 0 || this.#served.size > 0 || this.#saidAtMs.length > 0;
  }

  said(message: PeerToMain): void {
    if (message.kind === "call") this.#called(message.rpcId);
    else if (message.kind === "reply" && this.#served.delete(message.rpcId))
      this.#saidAtMs.push(this.#time.now());
  }

  #called(rpcId: number): void {
    if (!this.#sampling.isOn) return;
    const nowMs = this.#time.now();
    this.#saidAtMs.push(nowMs);
    this.#calledAtMs.set(rpcId, nowMs);
    this.#ring?.note(EVENT.call, this.#encodedFromMs, nowMs, rpcId);
  }

  leaves(batch: number): void {
    if (this.#saidAtMs.length === 0) return;
    const nowMs = this.#time.now();
    this.#departures.put(batch, nowMs);
    for (const saidAtMs of this.#saidAtMs) this.#log.note(STAGE.queued, nowMs - saidAtMs);
    this.#saidAtMs.length = 0;
  }

  arrived(batch: number): boolean {
    // Of the first one after a sleep nobody knows how long the event loop had been idle when it came.
    const hasSlept = batch !== this.#lastBatch + 1;
    this.#lastBatch = batch;
    this.#leftAtMs = hasSlept ? undefined : this.#arrivals.leftSince(batch, this.#gauges.countsFromMs);
    if (this.#leftAtMs === undefined) {
      this.#time.look();
      if (this.#ring) this.#batchFromMs = this.#time.now();
      return this.#calledAtMs.size > 0;
    }
    this.#batchFromMs = this.#time.now();
    const ageMs = this.#batchFromMs - this.#leftAtMs;
    this.#inFlightMs = this.#time.inFlight(ageMs);
    this.#gauges.cameIn(ageMs);
    return true;
  }

  hears(message: MainToPeer): void {
    if (this.#leftAtMs === undefined) {
      // A call that came to nothing: of its fate no more is asked than that it is no longer awaited.
      if (message.kind === "outcome") this.#calledAtMs.delete(message.rpcId);
      return;
    }
    if (message.kind !== "request" && message.kind !== "outcome") return;
    const nowMs = this.#time.now();
    this.#log.note(STAGE.toPeer, this.#inFlightMs);
    this.#log.note(STAGE.atPeer, nowMs - this.#leftAtMs - this.#inFlightMs);
    if (message.kind === "request") this.#served.add(message.rpcId);
    else this.#answered(message.rpcId, message.reply !== null, nowMs);
  }

  #answered(rpcId: number, isReply: boolean, nowMs: number): void {
    const calledAtMs = this.#calledAtMs.get(rpcId);
    if (calledAtMs === undefined) return;
    this.#calledAtMs.delete(rpcId);
    if (isReply) this.#log.note(STAGE.roundTrip, nowMs - calledAtMs);
    this.#ring?.note(EVENT.outcome, nowMs, nowMs, rpcId);
  }

  heard(): void {
    this.#ring?.note(EVENT.batch, this.#batchFromMs, this.#time.now());
  }

  // --- The realm ---

  get isOn(): boolean {
    return this.#sampling.isOn;
  }

  now(): number {
    return this.#time.now();
  }

  encoded(startedAt: number): void {
    this.#encodedFromMs = startedAt;
    this.#log.note(STAGE.encode, this.#time.now() - startedAt);
  }

  decoded(startedAt: number): void {
    this.#log.note(STAGE.decode, this.#time.now() - startedAt);
  }

  handled(rpcId: number, svcMeth: string, startedAt: number, promisedAt: number | undefined): void {
    const nowMs = this.#time.now();
    const blockedUntilMs = promisedAt ?? nowMs;
    const number = this.#handlers.get(svcMeth) ?? this.#newHandler(svcMeth);
    const handled = FIRST_HANDLER + 2 * number;
    this.#log.note(handled, nowMs - startedAt);
    this.#log.note(handled + 1, blockedUntilMs - startedAt);
    if (!this.#ring) return;
    this.#ring.note(EVENT.handler, startedAt, blockedUntilMs, rpcId, number);
    if (promisedAt !== undefined) this.#ring.note(EVENT.promised, promisedAt, nowMs, rpcId, number);
  }

  #newHandler(svcMeth: string): number {
    const number = this.#handlers.size;
    const figures: HandlerFigures = { handled: durations(), blocked: durations() };
    this.#handlers.set(svcMeth, number);
    this.#histograms.push(figures.handled, figures.blocked);
    this.#tell({ kind: "handler", svcMeth, figures });
    return number;
  }

  // --- The thread ---

  /** The thread becomes a peer: what runs by the clock begins now, so that a spare thread costs nothing. */
  becomes(): void {
    this.#loop.enable();
    this.#watchCollections();
    this.#watchTurns();
    if (!this.#boot.cpuProfile) return;
    this.#stack = new StackSamples();
    this.#stack.begin();
  }

  #watchCollections(): void {
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        recordMs(this.#collections, duration);
        const fromMs = this.#time.common(startTime);
        this.#ring?.note(EVENT.collection, fromMs, fromMs + duration);
      }
    }).observe({ entryTypes: ["gc"] });
  }

  #watchTurns(): void {
    const look = (): void => {
      this.#gauges.turned(this.#time.now());
      this.#gauges.setHeap(getHeapStatistics().used_heap_size);
    };
    look();
    setInterval(look, TURN_LOOK_MS).unref();
  }

  async #tellSamples(): Promise<void> {
    this.#tell({ kind: "cpu-profile", profile: await this.#stack?.end() });
  }

  #tell(word: ThreadWord): void {
    this.#boot.port.postMessage(word);
  }
}
