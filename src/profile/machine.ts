import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Figure } from "./profile.js";

/** `/proc/stat` counts in hundredths of a second (`USER_HZ`). */
const MS_PER_TICK = 10;

interface Count {
  /** All threads of this process, those that have ended included. */
  readonly byProcessMs: number;
  /** All cores of the machine, whatever ran on them. */
  readonly byAllMs: Figure;
}

/** Time on the cores of the machine. */
export interface Used {
  readonly byProcessMs: number;
  readonly byOthersMs: Figure;
}

/** Who had the cores of the machine: this process, or other programs. */
export class Machine {
  #first: Count = { byProcessMs: 0, byAllMs: 0 };

  begin(): void {
    this.#first = count();
  }

  /** Since `begin`. */
  used(): Used {
    const now = count();
    const byProcessMs = now.byProcessMs - this.#first.byProcessMs;
    const [from, to] = [this.#first.byAllMs, now.byAllMs];
    if (typeof from !== "number") return { byProcessMs, byOthersMs: from };
    if (typeof to !== "number") return { byProcessMs, byOthersMs: to };
    return { byProcessMs, byOthersMs: Math.max(0, to - from - byProcessMs) };
  }
}

function count(): Count {
  const { user, system } = process.cpuUsage();
  return { byProcessMs: (user + system) / 1000, byAllMs: readAll() };
}

function readAll(): Figure {
  try {
    return usedByAll(readFileSync("/proc/stat", "latin1"), availableParallelism());
  } catch {
    return { unavailable: "/proc/stat cannot be read" };
  }
}

/**
 * Milliseconds that all cores together were in use, from the text of `/proc/stat`.
 * @param cores how many this process may use
 */
export function usedByAll(stat: string, cores: number): Figure {
  const shown = stat.match(/^cpu\d+ /gm)?.length ?? 0;
  if (shown !== cores) {
    return { unavailable: `/proc/stat tells of ${shown} cores, and this process may use ${cores}` };
  }
  const ticks = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(" ").map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = ticks;
  return (user + nice + system + irq + softIrq + steal) * MS_PER_TICK;
}
