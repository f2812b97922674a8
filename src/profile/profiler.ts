import type { Profiler as Inspector } from "node:inspector";
import { monitorEventLoopDelay, PerformanceObserver, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { OpenCalls } from "../harness/details.js";
import { usableCores } from "../runtime/cores.js";
import type { ThreadProbe } from "../runtime/thread-probe.js";
import type { TraceSink } from "../trace/event.js";
import { EVENT } from "./event-ring.js";
import { durations, recordMs } from "./histograms.js";
import { Machine, type Used } from "./machine.js";
import { clockCheck, handlerProfiles, messageProfile } from "./message-figures.js";
import { ownProcPlace } from "./os-thread.js";
import { PeerRecord, type RecordOptions } from "./peer-record.js";
import { known, type Measured } from "./profile.js";
import { RouterProbe } from "./router-probe.js";
import { StackSamples } from "./stack-samples.js";
import { ThreadRecord } from "./thread-record.js";
import { LOOP_LOOK_MS } from "./thread-words.js";

/** How often every thread is looked at from the main thread. */
const LOOK_MS = 250;

/** What is taken first when the measuring ends. */
interface AtEnd {
  readonly wallMs: number;
  readonly measuredShare: number;
  readonly used: Used;
  readonly open: readonly OpenCalls[];
}

/**
 * Measures one run: give `probe` to its threads and `trace` to its router, and call `begin` and `end` around
 * what is to be measured.
 */
export class Profiler {
  readonly router: RouterProbe;
  readonly main: ThreadRecord;
  readonly #options: RecordOptions;
  readonly #loop = monitorEventLoopDelay({ resolution: LOOP_LOOK_MS });
  readonly #collections = durations();
  readonly #collectionObserver: PerformanceObserver;
  readonly #machine = new Machine();
  readonly #stack: StackSamples | undefined;
  readonly #records: PeerRecord[] = [];
  #looks: NodeJS.Timeout | undefined;
  #stopLookingAtTimers: () => void = () => {};
  #heapHighest = 0;
  #fromMs = 0;
  #mainSamples: Promise<Inspector.Profile | undefined> = Promise.resolve(undefined);

  constructor(options: RecordOptions) {
    this.#options = options;
    this.router = new RouterProbe(options.trace);
    this.#stack = options.cpuProfile ? new StackSamples() : undefined;
    this.main = new ThreadRecord(options.trace);
    this.main.spawned((since) => performance.eventLoopUtilization(since));
    this.main.introduced(ownProcPlace(), { loop: this.#loop, collections: this.#collections });
    this.#collectionObserver = new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) {
        recordMs(this.#collections, duration);
        this.router.ring?.note(EVENT.collection, startTime, startTime + duration);
      }
    });
  }

  /** What the run's router is to tell. */
  get trace(): TraceSink {
    return this.router;
  }

  /** Makes what watches a new thread. */
  readonly probe = (): ThreadProbe => {
    const record = new PeerRecord(this.router, this.#options);
    this.#records.push(record);
    return record;
  };

  /** The incarnations measured, in the order of their boots. */
  get peers(): readonly PeerRecord[] {
    return this.#records.filter(({ spec }) => spec !== undefined);
  }

  /** When `begin` was called, on the main thread's clock. */
  get fromMs(): number {
    return this.#fromMs;
  }

  /** From here on it counts. */
  begin(): void {
    this.#loop.enable();
    this.#collectionObserver.observe({ entryTypes: ["gc"] });
    this.#stack?.begin();
    this.#heapHighest = 0;
    this.#fromMs = performance.now();
    this.router.begin(this.#fromMs);
    for (const record of this.peers) record.begin();
    this.#stopLookingAtTimers = this.router.time.lookAtTimers();
    this.main.begin();
    this.#machine.begin();
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
  }

  /**
   * Up to here it counted.
   * @param open what handlers have not answered yet
   * @returns what was measured, which nothing changes any more
   */
  end(open: readonly OpenCalls[]): Measured {
    // Time and threads first: what is reckoned after that is not of the run.
    const nowMs = performance.now();
    const wallMs = nowMs - this.#fromMs;
    const used = this.#machine.used();
    const measuredShare = 1 - this.router.sampling.pausedMs(nowMs) / wallMs;
    this.#stopLookingAtTimers();
    clearInterval(this.#looks);
    this.#look();
    for (const { thread } of this.peers) thread.end();
    this.main.end();
    this.#loop.disable();
    this.#collectionObserver.disconnect();
    this.#mainSamples = this.#stack?.end() ?? this.#mainSamples;
    for (const record of this.peers) record.settle();
    return this.#measured({ wallMs, measuredShare, used, open });
  }

  /** Whether the threads sample their stacks. */
  get samplesStacks(): boolean {
    return this.#options.cpuProfile;
  }

  /** The samples of each thread's stack, by the thread's name, where they were asked for and told. */
  async cpuProfiles(): Promise<Map<string, Inspector.Profile>> {
    const profiles = new Map<string, Inspector.Profile>();
    const main = await this.#mainSamples;
    if (main) profiles.set("main", main);
    for (const { name, cpuProfile } of this.peers) if (cpuProfile) profiles.set(name, cpuProfile);
    return profiles;
  }

  /** Hears no further word of the threads. */
  close(): void {
    this.router.sampling.close();
    for (const record of this.#records) record.close();
  }

  #measured({ wallMs, measuredShare, used: { byProcessMs, byOthersMs }, open }: AtEnd): Measured {
    const heap = { used: getHeapStatistics().used_heap_size, highest: this.#heapHighest };
    const threads = [this.main.profile({ name: "main" }, heap), ...this.peers.map((peer) => peer.profile())];
    const unknown = threads.find(({ onCoreMs }) => typeof onCoreMs !== "number")?.onCoreMs;
    const named = threads.reduce((sum, { onCoreMs }) => sum + known(onCoreMs, 0), 0);
    return {
      wallMs,
      cores: usableCores(),
      threads,
      otherThreadsOnCoreMs: unknown ?? Math.max(0, byProcessMs - named),
      otherProgramsOnCoreMs: byOthersMs,
      messages: messageProfile(this.peers, this.router.lost, measuredShare),
      handlers: handlerProfiles(this.peers, open),
      stacksSampled: this.#options.cpuProfile,
      clock: clockCheck(this.peers),
    };
  }

  #look(): void {
    this.main.look();
    for (const { thread } of this.peers) thread.look();
    this.#heapHighest = Math.max(this.#heapHighest, getHeapStatistics().used_heap_size);
  }
}
