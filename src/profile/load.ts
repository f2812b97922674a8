import { performance } from "node:perf_hooks";
import type { CaseDefinition } from "../harness/case.js";
import type { Config } from "../harness/config.js";
import type { TraceEvent, TraceSink } from "../trace/event.js";
import { durations, recordMs, summary } from "./histograms.js";
import type { LoadProfile } from "./profile.js";

/** A steady load on one cluster. */
export interface LoadOptions {
  /** Calls of `start()` in a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly peers: number;
}

/** Told when the load begins and ends to count. */
export interface LoadWindow {
  begin(cfg: Config): void;
  end(): void;
}

/** The load runs this long before it counts: until then functions are compiled and logs are empty. */
const WARM_UP_MS = 1000;
/** How often the commands that are due are sent. */
const TICK_MS = 2;
/** How late a timer may be when nothing holds the main thread up. */
const TIMER_LATE_MS = 2;
/** Nobody leads: how long until it is asked again who does. */
const NO_LEADER_MS = 20;
/** Once the main thread is so late at the end, what is still due is not asked for any more. */
const MAX_LATE_MS = 100;
/** Commands that are sent before the main thread turns to something else. */
const GIVES_WAY = 64;

/**
 * Calls `start()` at a steady rate, whether or not earlier commands have been committed, and measures how
 * long each takes from the moment it was due: a cluster that falls behind cannot hide it by being asked less.
 * What was due before the load counts and is committed while it does, counts: so much a cluster can commit, and
 * so late.
 */
export class SteadyLoad implements TraceSink {
  readonly #options: LoadOptions;
  readonly #window: LoadWindow;
  readonly #latency = durations();
  /** When each command was due that has an index and is not applied yet, by index. */
  readonly #dueMs = new Map<number, number>();
  #highestApplied = 0;
  #appliedAtMs = 0;
  #leader = 0;
  /** Commands that wait until it is known again who leads share one search. */
  #search: Promise<void> | undefined;
  /** When those were due that wait for it. */
  readonly #leaderless = new Set<number>();
  #term = 0;
  #started = 0;
  #committed = 0;
  #countsFromMs = Number.POSITIVE_INFINITY;
  #countsToMs = Number.POSITIVE_INFINITY;

  constructor(options: LoadOptions, window: LoadWindow) {
    this.#options = options;
    this.#window = window;
  }

  /** The case that runs it. */
  get definition(): CaseDefinition {
    const { rate, peers } = this.#options;
    return {
      name: `Load${rate}Peers${peers}`,
      part: "load",
      title: `Load: ${rate} start() a second, ${peers} peers`,
      servers: peers,
      run: (cfg) => this.#run(cfg),
    };
  }

  /** What came of it, when it has ended; or so far. */
  get result(): LoadProfile {
    const { rate } = this.#options;
    const toMs = Math.min(this.#countsToMs, performance.now());
    const seconds = (toMs - this.#countsFromMs) / 1000;
    const pending = [...this.#dueMs.values(), ...this.#leaderless];
    return {
      rate,
      seconds,
      started: this.#started,
      committed: this.#committed,
      throughput: this.#committed / seconds,
      commitLatency: summary(this.#latency),
      pending: pending.length,
      oldestPendingMs: pending.reduce((oldestMs, dueMs) => Math.max(oldestMs, toMs - dueMs), 0),
    };
  }

  record(event: TraceEvent): void {
    if (event.kind !== "apply" || event.index <= this.#highestApplied) return;
    this.#highestApplied = event.index;
    this.#appliedAtMs = performance.now();
    this.#commit(event.index);
  }

  async #run(cfg: Config): Promise<void> {
    this.#leader = await cfg.checkOneLeader();
    await this.#drive(cfg, WARM_UP_MS);
    this.#window.begin(cfg);
    this.#countsFromMs = performance.now();
    await this.#drive(cfg, this.#options.seconds * 1000);
    this.#countsToMs = performance.now();
    this.#window.end();
  }

  /** Starts what falls due in the next `forMs`, and comes back when they are over. */
  async #drive(cfg: Config, forMs: number): Promise<void> {
    const fromMs = performance.now();
    const toMs = fromMs + forMs;
    const gapMs = 1000 / this.#options.rate;
    for (let n = 0; n * gapMs < forMs; n += 1) {
      const dueMs = fromMs + n * gapMs;
      while (performance.now() < dueMs) await cfg.sleep(Math.max(TICK_MS, dueMs - performance.now()));
      if (n % GIVES_WAY === 0) await nextTurn(); // at high rates some are always due
      if (performance.now() > toMs + MAX_LATE_MS) return; // more than the main thread can ask for
      if (dueMs >= this.#countsFromMs) this.#started += 1;
      const lateMs = performance.now() - dueMs;
      // So late is any timer: that is the load's own. Later, and the main thread was held up.
      const sinceMs = lateMs <= TIMER_LATE_MS ? dueMs + lateMs : dueMs;
      cfg.background(() => this.#start(cfg, sinceMs));
    }
    const leftMs = toMs - performance.now();
    if (leftMs > 0) await cfg.sleep(leftMs);
  }

  /** Where nobody leads, it is tried again when somebody does. The command stays due when it was. */
  async #start(cfg: Config, dueMs: number): Promise<void> {
    const { index, term, isLeader } = await cfg.start(this.#leader, Math.round(dueMs * 1e6));
    if (!isLeader) {
      this.#leaderless.add(dueMs);
      await this.#leaderFound(cfg);
      this.#leaderless.delete(dueMs);
      return await this.#start(cfg, dueMs);
    }
    if (term > this.#term) this.#dueMs.clear(); // commands of an earlier term may have been lost
    this.#term = Math.max(this.#term, term);
    this.#dueMs.set(index, dueMs);
    if (index <= this.#highestApplied) this.#commit(index);
  }

  #leaderFound(cfg: Config): Promise<void> {
    this.#search ??= this.#findLeader(cfg).finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  async #findLeader(cfg: Config): Promise<void> {
    const peers = Array.from({ length: this.#options.peers }, (_, peer) => peer);
    for (;;) {
      await cfg.sleep(NO_LEADER_MS);
      const states = await Promise.all(peers.map((peer) => cfg.getState(peer)));
      const leaders = peers.filter((peer) => states[peer]?.isLeader);
      const [latest] = leaders.sort((a, b) => (states[b]?.term ?? 0) - (states[a]?.term ?? 0));
      if (latest === undefined) continue;
      this.#leader = latest;
      return;
    }
  }

  #commit(index: number): void {
    const dueMs = this.#dueMs.get(index);
    this.#dueMs.delete(index);
    const isInTime = this.#appliedAtMs >= this.#countsFromMs && this.#appliedAtMs <= this.#countsToMs;
    if (dueMs === undefined || !isInTime) return;
    this.#committed += 1;
    recordMs(this.#latency, this.#appliedAtMs - dueMs);
  }
}

/** The event loop comes to whatever waits for it. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
