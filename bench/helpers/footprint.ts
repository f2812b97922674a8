import { readdirSync } from "node:fs";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a thread holds, and the process that it is of. */
export interface Footprint {
  readonly pid: number;
  /** In use on the thread's heap and beside it after a full collection, in MiB. */
  readonly heapMiB: number;
  /** Memory of the process, in MiB. */
  readonly rssMiB: number;
  /** Threads of the process, Node's own included; `undefined` where the system does not tell (no Linux). */
  readonly threads: number | undefined;
  /** Open file descriptors of the process; `undefined` as above. */
  readonly files: number | undefined;
  /** What keeps the thread's event loop alive: timers, ports, sockets, child processes. */
  readonly handles: number;
}

/** The footprint of this thread. At once: a case in virtual time may wait for nothing real. */
export function footprint(): Footprint {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { used_heap_size, external_memory } = getHeapStatistics();
  return {
    pid: process.pid,
    heapMiB: (used_heap_size + external_memory) / 2 ** 20,
    rssMiB: process.memoryUsage.rss() / 2 ** 20,
    threads: entriesOf("/proc/self/task"),
    files: entriesOf("/proc/self/fd"),
    // What is done in the same turn keeps nothing alive; virtual time has some of that under way at any time.
    handles: process.getActiveResourcesInfo().filter((resource) => resource !== "Immediate").length,
  };
}

function entriesOf(folder: string): number | undefined {
  try {
    return readdirSync(folder).length;
  } catch {
    return undefined;
  }
}
