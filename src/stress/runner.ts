import { monitorEventLoopDelay } from "node:perf_hooks";
import { attachedChecker } from "../check/attach.js";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import { logLine, titleLine } from "../harness/report.js";
import { type RunOptions, runCase } from "../harness/runner.js";
import type { Program } from "../peer/program.js";
import type { Mode } from "../runtime/runtime.js";
import { Runtimes } from "../runtime/runtimes.js";
import type { ScheduleName } from "../runtime/schedule.js";
import type { TurnGauge } from "../runtime/turn-gauge.js";
import { jsonLine } from "../trace/json-lines.js";
import { RecordRing, type RingLimits } from "./record-ring.js";
import { heldAgainstRules, withWarnings } from "./ring-check.js";

/** How a run is made, beside case and seed. Plain data. */
export interface RunManner {
  readonly mode: Mode;
  /** Of meaning in virtual time. */
  readonly schedule: ScheduleName;
  /** Whether the run is held against the rules of Raft: while it goes, on threads when it is over. */
  readonly check: boolean;
  /** Whether the peers' own lines are told. */
  readonly verbose?: boolean;
  /** Whether the run's events are kept, as JSON lines. */
  readonly trace?: boolean;
  /** The tester waits this many times as long as the lab's before it gives up; 1 unless told otherwise. */
  readonly patience?: number;
  /** In `sim`, whether each peer has a realm of its own from the start, as it has in `lockstep`. */
  readonly realmEach?: boolean;
  /** Whether the result has the run's history, in virtual time; by default it does. It takes a twentieth of the time. */
  readonly history?: boolean;
}

/** What came of a run. Plain data. */
export interface RunReport {
  readonly result: RunResult;
  /** How many events it had. */
  readonly events: number;
  /** Its events, a JSON line each, where asked for; of a run on threads that failed, the last ones. */
  readonly trace?: readonly string[];
  /** Real time: by how many ms the router's event loop came late, at most. */
  readonly routerLateMs?: number;
  /** The run was ended from outside, and what it had counted is lost: a second one would end so as well. */
  readonly isBrokenOff?: boolean;
}

/** Makes runs: here, or on threads of a pool. */
export interface Runner {
  /**
   * Runs a case once. It never rejects for what a peer or the case does.
   * @param tell takes lines for the user: title and, where asked for, the peers' own lines
   */
  run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport>;
  /** Ends every thread. Resolves when none is left. */
  close(): Promise<void>;
}

/** Why a run has the lines of two. */
function spoiltBy(change: string): string {
  return (
    `a peer has changed ${change}, which in sim its other peers would see: ` +
    "the run was made again, with a realm for each peer"
  );
}

/** What is kept of a run on threads. The lab's busiest case has 35,000 to 110,000 events with the reference Raft. */
const RING_LIMITS: RingLimits = { events: 250_000, bytes: 64 * 2 ** 20 };
/** Events that are told of a run on threads that failed: some 10 s of a busy one. */
const MAX_TOLD = 20_000;
/** How often the event loop is asked whether it is late, in ms. */
const LATENESS_RESOLUTION_MS = 10;

/**
 * Makes runs on this thread: router, tester and, in `sim`, the peers. A peer that loops for ever in `sim`
 * takes this thread with it.
 */
export class HereRunner implements Runner {
  readonly #runtimes: Runtimes;

  /** @param gauge told of each turn of a peer on this thread, where another thread watches it */
  constructor(program: Program, gauge?: TurnGauge) {
    this.#runtimes = new Runtimes(program, gauge);
  }

  async run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport> {
    let change: string | undefined;
    const onSpoilt = (found: string): void => {
      change = found;
    };
    const report = await this.#attempt(definition, seed, manner, tell, onSpoilt);
    if (change === undefined) return report;
    const warning = spoiltBy(change);
    if (manner.verbose) tell(`warning: ${warning}; its lines are these`); // those told so far are of a run of no worth
    const again = await this.#attempt(definition, seed, manner, manner.verbose ? tell : () => {}, onSpoilt);
    return { ...again, result: withWarnings(again.result, [warning]) };
  }

  async close(): Promise<void> {
    await this.#runtimes.close();
  }

  #attempt(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
    onSpoilt: (change: string) => void,
  ): Promise<RunReport> {
    const options: RunOptions = {
      runtime: this.#runtimes.runtime(manner.mode, seed, manner.schedule, {
        mayShare: !manner.realmEach,
        onSpoilt,
      }),
      seed,
      history: manner.history,
      patience: manner.patience,
      onTitle: (title) => tell(titleLine(title)),
      ...(manner.verbose ? { onLog: (line) => tell(logLine(line)) } : {}),
    };
    return manner.mode === "threads"
      ? runInRealTime(definition, options, manner)
      : runInVirtualTime(definition, options, manner);
  }
}

async function runInVirtualTime(
  definition: CaseDefinition,
  options: RunOptions,
  manner: RunManner,
): Promise<RunReport> {
  let events = 0;
  const trace: string[] = [];
  const checker = manner.check ? attachedChecker() : undefined;
  const result = await runCase(definition, {
    ...options,
    ...(checker ? { onConfig: checker.onConfig } : {}),
    listeners: [
      () => {
        events += 1;
      },
      ...(manner.trace ? [(record: Parameters<typeof jsonLine>[0]) => trace.push(jsonLine(record))] : []),
      ...(checker ? [checker.listener] : []),
    ],
  });
  return { result, events, ...(manner.trace ? { trace } : {}) };
}

/** A run in real time is not made again, so its events are kept, and of one that fails the last are told. */
async function runInRealTime(
  definition: CaseDefinition,
  options: RunOptions,
  manner: RunManner,
): Promise<RunReport> {
  const trace: string[] = [];
  const ring = new RecordRing(RING_LIMITS);
  const lateness = monitorEventLoopDelay({ resolution: LATENESS_RESOLUTION_MS });
  lateness.enable();
  let events = 0;
  const outcome = await runCase(definition, {
    ...options,
    listeners: [
      (record) => {
        events += 1;
        ring.see(record);
        if (manner.trace) trace.push(jsonLine(record));
      },
    ],
  });
  lateness.disable();
  const routerLateMs = Math.max(0, lateness.max / 1e6 - LATENESS_RESOLUTION_MS);
  const result = manner.check ? await heldAgainstRules(outcome, ring) : outcome;
  const report = { result, events, routerLateMs };
  if (manner.trace) return { ...report, trace };
  return result.status === "passed"
    ? report
    : { ...report, trace: ring.records().slice(-MAX_TOLD).map(jsonLine) };
}
