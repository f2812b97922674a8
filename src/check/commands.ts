import { sameCommand, showCommand } from "../harness/commands.js";

export { showCommand };

/** Whether two commands are certainly different. It never throws: what cannot be compared does not differ. */
export function differ(a: unknown, b: unknown): boolean {
  if (a === b || Object.is(a, b)) return false;
  try {
    return !sameCommand(a, b);
  } catch {
    return false; // nested too deep to be encoded
  }
}
