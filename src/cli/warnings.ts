import type { RunResult } from "../harness/case.js";
import { printable } from "../text/printable.js";

/** Shows the warnings of runs, each text once in a command: the next run has the same to tell as a rule. */
export class Warnings {
  readonly #told = new Set<string>();

  /** A line for each warning of the run that no run before it had. */
  linesOf({ warnings = [] }: RunResult): readonly string[] {
    const fresh = warnings.filter((text) => !this.#told.has(text));
    for (const text of fresh) this.#told.add(text);
    return fresh.map((text) => printable(`warning: ${text}`));
  }
}
