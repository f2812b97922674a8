import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";

/** Two cores that this process may use, and the list of all that it may use, as `taskset` writes it. */
export interface Cores {
  readonly pair: readonly [string, string];
  readonly all: string;
}

/** @returns or why threads cannot be held to cores here */
export function coresToHold(): Cores | { readonly why: string } {
  let told: string;
  try {
    told = execFileSync("taskset", ["-pc", String(process.pid)], { encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    return { why: `taskset (of util-linux): ${(error as Error).message}` };
  }
  const all = told.slice(told.lastIndexOf(":") + 1).trim();
  const [one, other] = coresIn(all);
  return one === undefined || other === undefined
    ? { why: `this process has the core ${all} alone` }
    : { pair: [String(one), String(other)], all };
}

/** The cores of a list such as `0,2-5`. */
export function coresIn(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** Lets threads of this process, by the system's numbers, run on `cores` alone, a list as `taskset` takes it. */
export function holdTo(cores: string, threads: readonly number[]): void {
  for (const thread of threads) execFileSync("taskset", ["-pc", cores, String(thread)], { stdio: "pipe" });
}

/**
 * What `start` starts, and the system's numbers of the last `count` threads that began meanwhile, in that order. Threads
 * of Node's own, which read files, began before.
 */
export async function withThreads<Started>(
  count: number,
  start: () => Promise<Started>,
): Promise<{ readonly started: Started; readonly threads: readonly number[] }> {
  const before = new Set(threadsNow());
  const started = await start();
  const threads = threadsNow().filter((thread) => !before.has(thread));
  return { started, threads: threads.slice(-count) };
}

/** None where there is no `/proc`. */
function threadsNow(): number[] {
  try {
    return readdirSync("/proc/self/task")
      .map(Number)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}
