import { readFileSync } from "node:fs";

/** Linux counts the time of a thread in hundredths of a second, on whatever machine. */
const MS_PER_TICK = 10;

export interface StandstillOptions {
  /** How long it may stand still, in ms. */
  readonly limitMs: number;
  /** How often it is looked at, in ms of real time. */
  readonly everyMs: number;
  /** Where the system tells of the thread that should come round, such as `self/task/123`; asked at each look. */
  readonly place: () => string;
}

/**
 * Tells when a thread that should come round again and again has stood still for too long. Only such time counts
 * in which it could have come round: on a core, or asleep. On a crowded machine a thread may wait for a core
 * for many seconds, and is not to blame for them.
 *
 * Only Linux tells. Elsewhere looks are counted: the one who looks is a thread of the same machine.
 */
export class Standstill {
  readonly #options: StandstillOptions;
  #stillMs = 0;
  #last: ThreadNow | undefined;
  #isTold = false;

  constructor(options: StandstillOptions) {
    this.#options = options;
  }

  /**
   * A look at it.
   * @param hasMoved whether it has come round since the last look
   * @returns true once, when it has stood still for too long
   */
  look(hasMoved: boolean): boolean {
    const { limitMs, place } = this.#options;
    if (hasMoved) {
      this.#stillMs = 0;
      this.#last = undefined;
      return false;
    }
    const now = threadNow(place());
    if (this.#last) this.#stillMs += this.#ownMs(this.#last, now);
    this.#last = now;
    if (this.#isTold || this.#stillMs < limitMs) return false;
    this.#isTold = true;
    return true;
  }

  /** What counts of the time between two looks. */
  #ownMs(before: ThreadNow, now: ThreadNow): number {
    // This thread may have been late: what it has not seen of the other's time counts as one look.
    const unseenMs = Math.min(now.atMs - before.atMs, this.#options.everyMs);
    if (before.onCoreMs === undefined || now.onCoreMs === undefined || now.isAsleep) return unseenMs;
    return now.onCoreMs - before.onCoreMs;
  }
}

/** What the system tells of a thread. */
interface ThreadNow {
  readonly atMs: number;
  /** Its time on a core since it began; `undefined` where that cannot be had. */
  readonly onCoreMs: number | undefined;
  /** Whether it waits for something else than a core or a disk. */
  readonly isAsleep: boolean;
}

function threadNow(place: string): ThreadNow {
  const atMs = performance.now();
  try {
    return { atMs, ...parsedStat(readFileSync(`/proc/${place}/stat`, "latin1")) };
  } catch {
    return { atMs, onCoreMs: undefined, isAsleep: false };
  }
}

/**
 * Reads a thread's `/proc/…/stat` (proc(5)).
 * @throws {Error} if it is none
 */
export function parsedStat(stat: string): Pick<ThreadNow, "onCoreMs" | "isAsleep"> {
  // The name of the program comes before, in parentheses, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [inProgram, inSystem] = [Number(fields[11]), Number(fields[12])];
  if (!Number.isInteger(inProgram) || !Number.isInteger(inSystem)) throw new Error(`stat reads "${stat}"`);
  return { onCoreMs: (inProgram + inSystem) * MS_PER_TICK, isAsleep: fields[0] === "S" };
}
