import type { Profiler } from "node:inspector";
import type { RecordableHistogram } from "node:perf_hooks";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import type { BootSpec } from "../runtime/runtime.js";
import type { ThreadProbe, ThreadProbeBoot } from "../runtime/thread-probe.js";
import { BatchStamps } from "./batch-stamps.js";
import { DurationLog } from "./duration-log.js";
import { EventRing } from "./event-ring.js";
import { PeerGauges } from "./peer-gauges.js";
import type { ThreadProfile } from "./profile.js";
import type { RouterLink, RouterProbe } from "./router-probe.js";
import { ThreadRecord } from "./thread-record.js";
import type { HandlerFigures, PeerStages, ProfilerWord, ThreadWord } from "./thread-words.js";

/** A thread that is blocked tells no samples: it is waited for no longer than this. */
const LAST_WORDS_MS = 3000;

export interface RecordOptions {
  /** Keep every event for a trace. */
  readonly trace: boolean;
  /** Let the thread sample its stack. */
  readonly cpuProfile: boolean;
}

/** A handler of one incarnation, and what is measured of it. */
export interface NamedHandler extends HandlerFigures {
  readonly svcMeth: string;
}

/** One peer's thread, watched from the main thread from its birth as a spare to its end. */
export class PeerRecord implements ThreadProbe {
  readonly boot: ThreadProbeBoot;
  readonly link: RouterLink;
  readonly thread: ThreadRecord;
  readonly handlers: NamedHandler[] = [];
  readonly ring: EventRing | undefined;
  readonly #gauges: PeerGauges;
  readonly #port: MessagePort;
  /** By their numbers in the log, as in the thread. */
  readonly #histograms: RecordableHistogram[] = [];
  readonly #log: DurationLog;
  #spec: BootSpec | undefined;
  #stages: PeerStages | undefined;
  #cpuProfile: Profiler.Profile | undefined;
  #heardProfile: () => void = () => {};

  constructor(router: RouterProbe, { trace, cpuProfile }: RecordOptions) {
    const { port1, port2 } = new MessageChannel();
    this.boot = {
      port: port2,
      originMs: performance.timeOrigin,
      toMain: BatchStamps.buffer(),
      toPeer: BatchStamps.buffer(),
      sampling: router.sampling.buffer,
      gauges: PeerGauges.buffer(),
      durations: DurationLog.buffer(),
      events: trace ? EventRing.buffer() : undefined,
      cpuProfile,
    };
    this.#log = new DurationLog(this.boot.durations, this.#histograms);
    this.#gauges = new PeerGauges(this.boot.gauges);
    this.link = router.link(this.boot, this.#gauges);
    this.thread = new ThreadRecord(trace);
    this.ring = this.boot.events && new EventRing(this.boot.events);
    this.#port = port1;
    port1.on("message", (word: ThreadWord) => this.#hear(word));
    port1.unref();
  }

  /** The incarnation that the thread has become; `undefined` for a spare. */
  get spec(): BootSpec | undefined {
    return this.#spec;
  }

  get name(): string {
    const { peer, incarnation = 1 } = this.#spec ?? {};
    if (peer === undefined) return "spare";
    return incarnation === 1 ? `peer ${peer}` : `peer ${peer}, incarnation ${incarnation}`;
  }

  /** What is measured in the peer's own thread; `undefined` if it ended before it could say so. */
  get stages(): PeerStages | undefined {
    return this.#stages;
  }

  /** The samples of the thread's stack; once it has ended, where they were asked for. */
  get cpuProfile(): Profiler.Profile | undefined {
    return this.#cpuProfile;
  }

  spawned(worker: Worker): void {
    this.thread.spawned((since) => worker.performance.eventLoopUtilization(since));
  }

  became(spec: BootSpec): void {
    this.#spec = spec;
    this.begin();
  }

  /** What was measured so far does not count. */
  begin(): void {
    this.thread.begin();
    this.#gauges.countFrom(performance.now());
    this.#log.skip();
    for (const histogram of this.#histograms) histogram.reset();
    this.link.begin();
  }

  /** What was measured goes into the histograms; once only. */
  settle(): void {
    this.#log.recordRest();
    this.link.settle();
  }

  ends(terminate: () => void): void {
    this.thread.end();
    if (this.boot.cpuProfile && this.#spec) this.#awaitSamples(terminate);
    else terminate();
  }

  /** Calls `terminate` when the samples of the stack are there, or when they have been waited for long enough. */
  #awaitSamples(terminate: () => void): void {
    const limit = setTimeout(terminate, LAST_WORDS_MS);
    this.#heardProfile = () => {
      clearTimeout(limit);
      terminate();
    };
    this.#port.postMessage("finish" satisfies ProfilerWord);
  }

  profile(): ThreadProfile {
    const { peer = 0, incarnation = 1 } = this.#spec ?? {};
    const { heapUsed: used, heapHighest: highest, lastTurnMs } = this.#gauges;
    return this.thread.profile({ name: this.name, peer, incarnation }, { used, highest }, lastTurnMs);
  }

  close(): void {
    this.#port.close();
  }

  #hear(word: ThreadWord): void {
    switch (word.kind) {
      case "hello":
        this.#stages = word.stages;
        this.#histograms.push(...(Object.values(word.stages) as RecordableHistogram[]));
        this.thread.introduced(word.proc, word);
        break;
      case "handler":
        this.handlers.push({ svcMeth: word.svcMeth, ...word.figures });
        this.#histograms.push(word.figures.handled, word.figures.blocked);
        break;
      case "cpu-profile":
        this.#cpuProfile = word.profile;
        this.#heardProfile();
        break;
      default:
        word satisfies never;
    }
  }
}
