import { closeSync, openSync, writeSync } from "node:fs";
import type { RunManner } from "../stress/runner.js";
import { messageOf } from "../text/message.js";
import type { Planned } from "./suite.js";

/** The file of `--trace`: for each run a line that names it, then its events, a JSON line each. */
export class TraceFile {
  readonly #path: string;
  #file: number | undefined;

  /** Replaces what the file held. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, "w");
  }

  /** Writes one run. A disk that is full is told once, and costs the file alone. */
  write({ definition, seed }: Planned, { mode, schedule }: RunManner, trace: readonly string[]): void {
    if (this.#file === undefined) return;
    const run = { name: definition.name, seed, mode, ...(mode === "threads" ? {} : { schedule }) };
    try {
      writeSync(this.#file, `${[JSON.stringify({ run }), ...trace].join("\n")}\n`);
    } catch (error) {
      const reason = messageOf(error);
      console.error(`whitewater: the trace could not be written to ${this.#path}: ${reason}`);
      this.close();
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}
