import { readlinkSync } from "node:fs";
import { basename } from "node:path";

/**
 * Where under `/proc` the system tells of the thread that asks, such as `123/task/456`: a thread's number is known
 * to itself only.
 * @throws {Error} from the file system, where there is no such place (no Linux)
 */
export function ownThreadPlace(): string {
  return readlinkSync("/proc/thread-self");
}

/** The number by which the system knows the thread that asks; 0 where it does not tell. */
export function osThreadId(): number {
  try {
    return Number(basename(ownThreadPlace()));
  } catch {
    return 0;
  }
}

/** The place of a thread of this process, from its `osThreadId`. */
export function placeOfThread(id: number): string {
  return `self/task/${id}`;
}
