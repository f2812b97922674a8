import { closeSync, openSync, readSync } from "node:fs";
import { ownThreadPlace } from "../runtime/thread-place.js";

/** What the system tells of one thread, since the thread began. */
export interface OsFigures {
  /** Time on a core. */
  readonly onCoreMs: number;
  /** Time in which it could have run, and waited in the run queue for a core. */
  readonly waitingMs: number;
  /** Times it gave its core up, to wait for something. */
  readonly wantedSwitches: number;
  /** Times the system took its core away. */
  readonly forcedSwitches: number;
  /** Whether it was on a core or waiting for one, rather than asleep. */
  readonly isReady: boolean;
}

/** Where under `/proc` the system tells of a thread, such as `123/task/456`; or why there is no such place. */
export type ProcPlace = { readonly path: string } | { readonly unavailable: string };

/** The place of the thread that asks. */
export function ownProcPlace(): ProcPlace {
  if (process.platform !== "linux") {
    return { unavailable: `only Linux tells how long each thread had a core; this is ${process.platform}` };
  }
  try {
    return { path: ownThreadPlace() };
  } catch (error) {
    return { unavailable: `/proc/thread-self cannot be read (${codeOf(error)})` };
  }
}

/** Reads the figures of one thread of this process, again and again. */
export class OsThread {
  readonly #schedstat: number;
  readonly #status: number;

  /** @throws {Error} naming what cannot be had, and why */
  constructor(path: string) {
    this.#schedstat = openOrTell(path, "schedstat");
    this.#status = openOrTell(path, "status");
    try {
      if (this.#parsed().onCoreMs === 0) throw new Error("it reads 0 for a thread that has run");
    } catch (error) {
      this.close();
      throw new Error(
        `its place under /proc does not tell how long a thread had a core (${(error as Error).message})`,
      );
    }
  }

  /** The figures now; `undefined` once the thread is gone. */
  read(): OsFigures | undefined {
    try {
      return this.#parsed();
    } catch {
      return undefined; // ESRCH: the thread has ended
    }
  }

  #parsed(): OsFigures {
    return parsed(readAll(this.#schedstat), readAll(this.#status));
  }

  close(): void {
    closeSync(this.#schedstat);
    closeSync(this.#status);
  }
}

/** @throws {Error} if the texts are not the kernel's */
export function parsed(schedstat: string, status: string): OsFigures {
  const times = /^(\d+) (\d+) \d+/.exec(schedstat);
  if (!times) throw new Error(`schedstat reads "${schedstat}"`);
  const wanted = /^voluntary_ctxt_switches:\s*(\d+)/m.exec(status);
  const forced = /^nonvoluntary_ctxt_switches:\s*(\d+)/m.exec(status);
  if (!wanted || !forced) throw new Error("its status counts no switches");
  return {
    isReady: /^State:\s*R/m.test(status),
    onCoreMs: Number(times[1]) / 1e6,
    waitingMs: Number(times[2]) / 1e6,
    wantedSwitches: Number(wanted[1]),
    forcedSwitches: Number(forced[1]),
  };
}

/**
 * For how long a thread has been waiting for a core when it is looked at: the system counts a wait only when
 * it ends, which on a crowded machine is long after.
 * @param beforeMs the same at the look before
 * @param elapsedMs since then
 * @param meanwhile what the system counted since then
 * @returns 0 unless it is certain: a thread that never gave its core up by itself has not slept
 */
export function currentWaitMs(beforeMs: number, elapsedMs: number, meanwhile: OsFigures): number {
  if (!meanwhile.isReady || meanwhile.wantedSwitches > 0) return 0;
  return Math.max(0, beforeMs + elapsedMs - meanwhile.onCoreMs - meanwhile.waitingMs);
}

/** What happened from one look to a later one. */
export function between(from: OsFigures, to: OsFigures): OsFigures {
  return {
    isReady: to.isReady,
    onCoreMs: to.onCoreMs - from.onCoreMs,
    waitingMs: to.waitingMs - from.waitingMs,
    wantedSwitches: to.wantedSwitches - from.wantedSwitches,
    forcedSwitches: to.forcedSwitches - from.forcedSwitches,
  };
}

const desk = Buffer.alloc(8192);

/** A file of the kernel's, from its beginning: 2 µs with a file kept open, against 60 to open it each time. */
function readAll(fd: number): string {
  return desk.toString("latin1", 0, readSync(fd, desk, 0, desk.length, 0));
}

/** The reason is the same for every thread, which is not named in it: it is told once. */
function openOrTell(path: string, file: string): number {
  try {
    return openSync(`/proc/${path}/${file}`, "r");
  } catch (error) {
    throw new Error(`a thread's ${file} under /proc cannot be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
