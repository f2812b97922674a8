import { readdirSync, readFileSync } from "node:fs";
import type { Figure } from "./profile.js";

/** Time on core of every thread of this process, by thread number. */
type Times = ReadonlyMap<string, number>;

/** What the threads that nobody names had of the cores: the engine's helpers, spare peers, the file system's. */
export class OtherThreads {
  #atFirst: Times = new Map();

  begin(): void {
    this.#atFirst = readTimes();
  }

  /**
   * Time on core of all threads since `begin`, less that of the named ones. What a thread used between the
   * last look and its end is lost.
   */
  onCoreMs(namedOnCoreMs: number): Figure {
    const now = readTimes();
    if (now.size === 0) return { unavailable: "/proc/self/task cannot be read" };
    let all = 0;
    for (const [thread, onCoreMs] of now) all += onCoreMs - (this.#atFirst.get(thread) ?? 0);
    return Math.max(0, all - namedOnCoreMs);
  }
}

function readTimes(): Times {
  const times = new Map<string, number>();
  for (const thread of listThreads()) {
    try {
      times.set(
        thread,
        Number.parseInt(readFileSync(`/proc/self/task/${thread}/schedstat`, "latin1"), 10) / 1e6,
      );
    } catch {
      // it ended between the list and the look
    }
  }
  return times;
}

function listThreads(): string[] {
  try {
    return readdirSync("/proc/self/task");
  } catch {
    return [];
  }
}
