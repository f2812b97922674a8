import { EVENT, type EventRing, type ThreadEvent } from "./event-ring.js";
import { between } from "./os-thread.js";
import type { PeerRecord } from "./peer-record.js";
import type { Profiler } from "./profiler.js";
import type { Passage } from "./router-probe.js";
import type { ThreadRecord } from "./thread-record.js";

/**
 * One event of the trace-event format, which Perfetto and chrome://tracing read. Times are in microseconds.
 * Phases: X a slice, s t f the steps of a flow, b e the ends of something asynchronous, C a counter, M a name.
 */
export interface TraceEvent {
  readonly ph: "X" | "s" | "t" | "f" | "b" | "e" | "C" | "M";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly id?: string;
  /** `e`: an arrow ends at the slice around it, not at the next one. */
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, string | number>>;
}

/** The file that Perfetto opens. */
export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

const PID = 1;
const MAIN = 1;

/** Looks closer together than this tell nothing of a share of the time. */
const SHORTEST_LOOK_MS = 20;

/** From when on the trace of a run has all events, on the main thread's clock: it keeps the last of each thread. */
export function traceKeptFromMs({ router, peers, fromMs }: Profiler): number {
  return Math.max(fromMs, ...[router.ring, ...peers.map(({ ring }) => ring)].map(keptFrom));
}

/** What the profiler has noted, a track for each thread, and arrows along each RPC. */
export function chromeTrace(profiler: Profiler): ChromeTrace {
  const trace = new TraceBuilder(profiler.fromMs);
  trace.thread(MAIN, "main: router and tester");
  const { ring } = profiler.router;
  if (ring) trace.mainEvents(ring);
  trace.cores(MAIN, "main", profiler.main);
  const tracks = profiler.peers.map(
    (record, i) => new PeerTrack(record, MAIN + 1 + i, profiler.fromMs, profiler.router.kept),
  );
  for (const track of tracks) {
    trace.thread(track.tid, track.record.name);
    trace.peerEvents(track);
    trace.cores(track.tid, track.record.name, track.record.thread);
  }
  const trackOf = new Map(tracks.map((track) => [track.record.link.stages, track]));
  const keptFromMs = traceKeptFromMs(profiler);
  for (const passage of profiler.router.kept) {
    if (passage.callHeardMs < keptFromMs) continue; // an arrow needs the slices at its ends
    trace.flow(passage, trackOf.get(passage.caller), passage.server && trackOf.get(passage.server));
  }
  return { displayTimeUnit: "ms", traceEvents: trace.events };
}

function keptFrom(ring: EventRing | undefined): number {
  return ring?.keptFromMs ?? Number.NEGATIVE_INFINITY;
}

/** One incarnation's events, found by the numbers of its RPCs. */
class PeerTrack {
  readonly record: PeerRecord;
  readonly tid: number;
  readonly events: readonly ThreadEvent[];
  readonly calls = new Map<number, ThreadEvent>();
  readonly outcomes = new Map<number, ThreadEvent>();
  readonly handlers = new Map<number, ThreadEvent>();
  /** The names of what it has called, by the number of the call. */
  readonly callNames: ReadonlyMap<number, string>;

  constructor(record: PeerRecord, tid: number, sinceMs: number, kept: readonly Passage[]) {
    this.record = record;
    this.tid = tid;
    this.events = record.ring ? [...record.ring.events(sinceMs)] : [];
    for (const event of this.events) {
      if (event.kind === EVENT.call) this.calls.set(event.id, event);
      if (event.kind === EVENT.outcome) this.outcomes.set(event.id, event);
      if (event.kind === EVENT.handler) this.handlers.set(event.id, event);
    }
    const own = kept.filter(({ caller }) => caller === record.link.stages);
    this.callNames = new Map(own.map(({ callId, svcMeth }) => [callId, svcMeth]));
  }
}

class TraceBuilder {
  readonly events: TraceEvent[] = [];
  readonly #fromMs: number;

  constructor(fromMs: number) {
    this.#fromMs = fromMs;
  }

  /** Names a track; the tracks stand in the order of their numbers. */
  thread(tid: number, name: string): void {
    this.#add("M", tid, "thread_name", 0, { args: { name } });
    this.#add("M", tid, "thread_sort_index", 0, { args: { sort_index: tid } });
  }

  mainEvents(ring: EventRing): void {
    for (const event of ring.events(this.#fromMs)) {
      if (event.kind === EVENT.batch) this.#slice(MAIN, "route", event);
      else if (event.kind === EVENT.collection) this.#slice(MAIN, "collector", event);
    }
  }

  peerEvents({ tid, events, callNames, record }: PeerTrack): void {
    const handlerName = ({ name }: ThreadEvent): string => record.handlers[name]?.svcMeth ?? "handler";
    for (const event of events) {
      switch (event.kind) {
        case EVENT.batch:
          this.#slice(tid, "messages", event);
          break;
        case EVENT.collection:
          this.#slice(tid, "collector", event);
          break;
        case EVENT.call:
          this.#slice(tid, `call ${callNames.get(event.id) ?? ""}`.trim(), event);
          break;
        case EVENT.handler:
          this.#slice(tid, handlerName(event), event);
          break;
        case EVENT.promised:
          this.#promise(tid, `${handlerName(event)} promised`, event);
          break;
        case EVENT.outcome:
          break; // a moment: the end of its RPC's arrows
        default:
          event.kind satisfies never;
      }
    }
  }

  /** How much of a core the thread had, and waited for, between two looks; nothing once it has ended. */
  cores(tid: number, name: string, { looks }: ThreadRecord): void {
    const add = (atMs: number, onCore: number, waiting: number): void =>
      this.#add("C", tid, `${name}: % of a core`, atMs, {
        args: { "on core": onCore, "waiting for a core": waiting },
      });
    let [before] = looks;
    if (!before) return;
    for (const look of looks) {
      const { atMs, figures } = before;
      const elapsedMs = look.atMs - atMs;
      if (elapsedMs < SHORTEST_LOOK_MS) continue;
      // A wait counts when it ends, though it may have begun before the last look.
      const percent = (ms: number): number => round(Math.min(100, (100 * ms) / elapsedMs));
      const meanwhile = between(figures, look.figures);
      add(atMs, percent(meanwhile.onCoreMs), percent(meanwhile.waitingMs));
      before = look;
    }
    add(before.atMs, 0, 0);
  }

  /** The arrows of one RPC: caller, router, handler, router, caller; as far as it came, and as was kept. */
  flow(passage: Passage, caller: PeerTrack | undefined, server: PeerTrack | undefined): void {
    const call = caller?.calls.get(passage.callId);
    if (!caller || !call) return;
    const handler = server?.handlers.get(passage.requestId);
    const outcome = caller.outcomes.get(passage.callId);
    const steps: { readonly tid: number; readonly ms: number }[] = [
      { tid: caller.tid, ms: call.fromMs },
      { tid: MAIN, ms: passage.callHeardMs },
    ];
    if (server && handler) steps.push({ tid: server.tid, ms: handler.fromMs });
    if (server && handler && passage.replyHeardMs > 0) steps.push({ tid: MAIN, ms: passage.replyHeardMs });
    if (outcome && passage.lost === undefined) steps.push({ tid: caller.tid, ms: outcome.fromMs });
    for (const [i, { tid, ms }] of steps.entries()) {
      const ph = i === 0 ? "s" : i === steps.length - 1 ? "f" : "t";
      this.#add(ph, tid, passage.svcMeth, ms, { cat: "rpc", id: String(passage.rpc), bp: "e" });
    }
  }

  #slice(tid: number, name: string, { fromMs, toMs }: ThreadEvent): void {
    const fromUs = this.#us(fromMs);
    this.#add("X", tid, name, fromMs, { cat: "thread", dur: round(this.#us(toMs) - fromUs) });
  }

  #promise(tid: number, name: string, { fromMs, toMs, id }: ThreadEvent): void {
    const rest = { cat: "promise", id: `${tid}.${id}` };
    this.#add("b", tid, name, fromMs, rest);
    this.#add("e", tid, name, toMs, rest);
  }

  #add(
    ph: TraceEvent["ph"],
    tid: number,
    name: string,
    ms: number,
    rest: Omit<TraceEvent, "ph" | "name" | "pid" | "tid" | "ts">,
  ): void {
    this.events.push({ ph, name, pid: PID, tid, ts: ph === "M" ? 0 : this.#us(ms), ...rest });
  }

  /** Microseconds since the measuring began, to the nanosecond. */
  #us(ms: number): number {
    return round((ms - this.#fromMs) * 1000);
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
