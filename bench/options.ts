import { parseArgs } from "node:util";
import { selectCases } from "../src/harness/select.js";
import { labCases } from "../src/lab/index.js";
import type { BenchOptions } from "./bench.js";

/** What the command line asks for. */
export interface Asked {
  /** Names of benches; none for all. */
  readonly names: readonly string[];
  readonly options: BenchOptions;
}

/**
 * @throws {TypeError} on an option that there is not, and one whose value means nothing
 * @throws {UsageError} if `--run` matches none of the cases, or is no regular expression
 */
export function parseAsked(args: readonly string[]): Asked {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      run: { type: "string", default: "." },
      threads: { type: "boolean", default: true },
      "go-us": { type: "string" },
      "go-labrpc": { type: "string" },
    },
  });
  const goUs = values["go-us"] === undefined ? undefined : Number(values["go-us"]);
  if (goUs !== undefined && !(goUs > 0)) {
    throw new TypeError(`--go-us takes microseconds, such as 15.2; got "${values["go-us"]}".`);
  }
  const { run, threads } = values;
  selectCases(labCases, run);
  return { names: positionals, options: { run, threads, goUs, goLabrpc: values["go-labrpc"] } };
}
