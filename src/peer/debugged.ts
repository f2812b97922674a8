import { url } from "node:inspector";

/** Whether a debugger is attached to this process, or may be: it was started with `--inspect` or the like. */
export function isDebugged(): boolean {
  return url() !== undefined;
}
