import { InvalidArgumentError, Option } from "commander";
import ms from "ms";
import { UsageError } from "../errors.js";
import { MAX_SEED } from "../runtime/random.js";
import { MODES, type Mode } from "../runtime/runtime.js";
import { SCHEDULES, type ScheduleName } from "../runtime/schedule.js";
import type { Shard } from "../stress/plan.js";

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
    "a file that exports cases of your own, one by one or in arrays, beside the lab's",
  );

/** `--extra`, for the cases beside the lab's. */
export const extraOption = () =>
  new Option("--extra", "the cases beside the lab's as well (docs/stress.md); for virtual time").default(
    false,
  );

/** `--mode M`: how peers run. */
export const modeOption = (byDefault: Mode = "threads") =>
  new Option(
    "--mode <mode>",
    "threads: a thread per peer, in real time; lockstep: a thread per peer, in virtual time; sim: one thread, in virtual time",
  )
    .choices(MODES)
    .default(byDefault);

/** `--schedule S`: how long things take in virtual time. Where it has no default, `lively` is used if need be. */
export const scheduleOption = (byDefault?: ScheduleName) => {
  const hint = byDefault === undefined ? " (default: lively)" : "";
  return new Option(
    "--schedule <schedule>",
    `virtual time: how long messages take, and how reliable timers are${hint}`,
  )
    .choices(SCHEDULES)
    .default(byDefault);
};

/** @throws {UsageError} if it is given where time is real */
export function checkSchedule(mode: Mode, schedule: ScheduleName | undefined): void {
  if (mode !== "threads" || schedule === undefined) return;
  throw new UsageError("--schedule is for virtual time; add --mode sim or --mode lockstep.");
}

/** `--no-check`, the same in every command that runs cases. */
export const noCheckOption = () =>
  new Option(
    "--no-check",
    "do not hold runs against the rules of Raft; fail only as the lab's tester would have noticed",
  );

/** `--trace FILE`. */
export const traceOption = () =>
  new Option("--trace <file>", "write the events of each run there, a JSON line each (docs/trace.md)");

/** `--seeds A..B`, the same in every command that runs many seeds. */
export const seedsOption = () =>
  new Option("--seeds <a..b>", "the seeds to run, both included; or a single one").argParser(parseSeeds);

/** `--for DURATION`, in ms. */
export const durationOption = () =>
  new Option("--for <duration>", "begin runs for this long, such as 10m or 8h").argParser((text) => {
    // A bare number would be milliseconds, which nobody means here.
    const duration = /^[\d.]+ ?[a-z]{1,12}$/i.test(text) ? ms(text as ms.StringValue) : undefined;
    if (duration !== undefined && duration > 0) return duration;
    throw new InvalidArgumentError(`--for takes a time such as 90s, 10m or 8h; got "${text}".`);
  });

/** Most shards of a campaign. */
const MAX_SHARDS = 65_536;

/** `--shard I/N`. */
export const shardOption = () =>
  new Option(
    "--shard <i/n>",
    "run every n-th seed only, beginning with the i-th: give each of n machines another i",
  ).argParser((text): Shard => {
    const [, index = 0, of = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
    if (index >= 1 && index <= of && of <= MAX_SHARDS) return { index, of };
    throw new InvalidArgumentError(
      `--shard takes two numbers such as 3/16, the first from 1 to the second, which is at most ${MAX_SHARDS}; got "${text}".`,
    );
  });

/** Seeds from `first` to `last`, both included. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

function parseSeeds(text: string): SeedRange {
  const [first = Number.NaN, last = first] = text
    .split("..")
    .map((part) => (/^\d+$/.test(part) ? +part : NaN));
  if (first >= 0 && first <= last && last <= MAX_SEED && text.split("..").length <= 2) return { first, last };
  throw new InvalidArgumentError(
    `--seeds takes a range such as 1..1000, or one seed, from 0 to ${MAX_SEED}; got "${text}".`,
  );
}

/** `--seed N`. */
export const seedOption = () =>
  new Option("--seed <n>", "fixes all chance: network, case and, in virtual time, peers").argParser(
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
