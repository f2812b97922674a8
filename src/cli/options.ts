import { InvalidArgumentError, Option } from "commander";
import { MAX_SEED } from "../runtime/random.js";

/** `--raft FILE`, the same in every command that runs one. */
export const raftOption = () =>
  new Option("--raft <file>", "your raft.ts (default: ./raft.ts if there is one, else the reference Raft)");

/** `--run REGEXP`, the same in every command that selects cases. */
export const runOption = () =>
  new Option("--run <regexp>", "only the cases whose name matches, such as 3B or 'TestBackup3B|3C'").default(
    "",
    "all cases",
  );

/** `--cases FILE`, for cases of the user's own. */
export const casesOption = () =>
  new Option(
    "--cases <file>",
    "a file that exports `cases`, an array of cases of your own, beside the lab's",
  );

/** `--mode M`: how peers run. */
export const modeOption = () =>
  new Option("--mode <mode>", "how the peers run: on real threads, in real time")
    .choices(["threads"])
    .default("threads");

/** `--seed N`. */
export const seedOption = () =>
  new Option("--seed <n>", "fixes all chance: network, case and peers").argParser(
    wholeNumber("--seed", 0, MAX_SEED, "Without it one is drawn and printed."),
  );

/**
 * A parser for an option that takes a whole number.
 * @throws {InvalidArgumentError} (when called) in words for the user
 */
export function wholeNumber(name: string, min: number, max: number, hint = ""): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`${name} must be a whole number ${range}; got "${text}". ${hint}`.trim());
  };
}
