import { accessSync, constants, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { UsageError } from "../errors.js";
import { makeFolder } from "../files.js";
import type { CaseDefinition } from "../harness/case.js";
import { COMMAND, failureBlock, resultLine, titleLine } from "../harness/report.js";
import { bundleCases } from "../lab/cases-file.js";
import { chosenCases } from "../lab/chosen-cases.js";
import { BundleError } from "../peer/bundler.js";
import { loadProgram, type Program } from "../peer/program.js";
import { ProfileFiles } from "../profile/files.js";
import type { Profile } from "../profile/profile.js";
import {
  INTERRUPTED,
  type ProfiledRun,
  type ProfileOptions,
  profileCase,
  profileLoad,
} from "../profile/profile-run.js";
import { curveLines, profileLines } from "../profile/table.js";
import { drawSeed } from "../runtime/random.js";
import { casesOption, raftOption, seedOption, wholeNumber } from "./options.js";
import { raftFile, shownRaft } from "./raft-file.js";
import { colours, onEarlyEnd } from "./terminal.js";

interface ProfileCommandOptions {
  readonly raft?: string;
  readonly run?: string;
  readonly cases?: string;
  readonly seed?: number;
  readonly load?: readonly number[];
  readonly peers?: readonly number[];
  readonly seconds?: number;
  readonly cpuProf?: boolean;
  readonly trace?: string | true;
  readonly out?: string;
}

/** One run that is to be measured. */
interface Planned {
  readonly name: string;
  readonly title: string;
  /** For a load, the options that ask for this one; a case is replayed by `whitewater test`. */
  readonly options?: string;
  readonly measure: (options: ProfileOptions) => Promise<ProfiledRun>;
}

const DEFAULT_OUT = "profile";
const DEFAULT_PEERS = [3];
const DEFAULT_SECONDS = 5;
/** A case ends after 120 s, with election and warm-up. */
const MAX_SECONDS = 100;
const MAX_RATE = 100_000;
const MAX_PEERS = 99;
const MAX_FILES_SHOWN = 8;

/** `whitewater profile`: where the threads of a case or of a steady load wait. */
export function profileCommand(): Command {
  return new Command("profile")
    .description(
      "Measure where the threads wait: for a core, the router, each other, the clock, the collector.",
    )
    .addOption(raftOption())
    .option("--run <regexp>", "profile the cases whose name matches, one after another")
    .addOption(casesOption())
    .option(
      "--load <list>",
      "instead of a case, call start() so often a second",
      wholeNumbers("--load", 1, MAX_RATE),
    )
    .option(
      "--peers <list>",
      "peers of the loaded cluster; a list gives the curve (default: 3)",
      wholeNumbers("--peers", 1, MAX_PEERS),
    )
    .option(
      "--seconds <n>",
      `how long each load is measured (default: ${DEFAULT_SECONDS})`,
      wholeNumber("--seconds", 1, MAX_SECONDS),
    )
    .addOption(seedOption())
    .option("--trace [folder]", "write trace.json, for Perfetto; a folder named here is that of all files")
    .option(
      "--cpu-prof",
      "write a .cpuprofile of each thread, in lines of raft.ts; the sampling slows the run",
    )
    .option(
      "--out <folder>",
      `where the files go, in place of an earlier profile's (default: ${DEFAULT_OUT})`,
    )
    .action(profile);
}

async function profile(options: ProfileCommandOptions): Promise<void> {
  const plan = await planOf(options);
  const raft = await raftFile(options.raft);
  const folder = folderOf(options);
  const seed = options.seed ?? drawSeed();
  const shown = shownRaft(raft);
  console.log(`whitewater: profile of ${shown} on threads, seed ${seed}`);

  const files = await ProfileFiles.prepare(folder, { raft: shown, seed });
  const program = await programOrWords(raft);
  if (!program) return;
  const runs = new ProfiledRuns(files, program, { ...options, seed });
  const { trace, cpuProf: cpuProfile = false } = options;
  const common = { program, seed, trace: trace !== undefined, cpuProfile };
  for (const planned of plan) {
    const subfolder = plan.length > 1 ? planned.name : "";
    onEarlyEnd(() => runs.summarize());
    const onBegin = (cutShort: () => ProfiledRun): void =>
      onEarlyEnd(() => {
        runs.add(cutShort(), planned, subfolder);
        runs.summarize();
      });
    console.log(titleLine(planned.title));
    runs.add(await planned.measure({ ...common, onBegin }), planned, subfolder);
  }
  onEarlyEnd(() => {});
  process.exitCode = runs.summarize();
}

/** The program; or, where raft.ts cannot be bundled, where and why. */
async function programOrWords(raft: string): Promise<Program | undefined> {
  try {
    return await loadProgram(raft);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    console.error(`whitewater: ${raft} does not load, so there is nothing to measure:\n${error.message}`);
    process.exitCode = 1;
    return undefined;
  }
}

/** What came of the runs so far, on the terminal and in the files. */
class ProfiledRuns {
  readonly #files: ProfileFiles;
  readonly #program: Program;
  readonly #options: ProfileCommandOptions & { readonly seed: number };
  readonly #runs: ProfiledRun[] = [];

  constructor(
    files: ProfileFiles,
    program: Program,
    options: ProfileCommandOptions & { readonly seed: number },
  ) {
    this.#files = files;
    this.#program = program;
    this.#options = options;
  }

  /** Prints what came of a run, and writes it. */
  add(run: ProfiledRun, planned: Planned, subfolder: string): void {
    this.#runs.push(run);
    this.#print(run, planned);
    for (const sentence of this.#files.writeExports(run, this.#program, subfolder)) {
      console.log(`  ${sentence}`);
    }
    console.log("");
    const unmeasured = this.#runs.filter(({ profile }) => !profile).map(({ result }) => result);
    this.#files.writeProfiles(this.#profiles(), unmeasured);
  }

  /**
   * Prints the curve, where there is one, and the files.
   * @returns the exit code: 0, 1 if a run failed, 2 if none did but a file could not be written
   */
  summarize(): number {
    const { written, unwritten } = this.#files;
    const profiles = this.#profiles();
    if (profiles.filter(({ load }) => load).length > 1) {
      for (const line of curveLines(profiles)) console.log(line);
      console.log("");
    }
    if (written.length > 0) console.log(`Written: ${shownFiles(written)}`);
    for (const [path, reason] of unwritten) {
      console.error(`whitewater: the profile could not be written to ${path}: ${reason}`);
    }
    if (this.#runs.some(({ result }) => result.status === "failed")) return 1;
    return unwritten.size > 0 ? 2 : 0;
  }

  #print({ result, profile }: ProfiledRun, planned: Planned): void {
    const { raft, seed } = this.#options;
    const { status, error, seconds } = result;
    const isCutShort = error?.kind === INTERRUPTED;
    const paint = status === "passed" ? colours.green : colours.red;
    console.log(paint(isCutShort ? `  ... interrupted after ${seconds.toFixed(1)} s` : resultLine(result)));
    if (profile) for (const line of profileLines(profile)) console.log(line);
    if (status === "failed" && !isCutShort) {
      const ownRaft = raft === undefined ? "" : ` --raft ${raft}`;
      const again =
        planned.options === undefined
          ? { args: sharedArgs(this.#options) }
          : { command: `${COMMAND} profile${ownRaft} ${planned.options} --seed ${seed}` };
      console.log(failureBlock(result, { mode: "threads", ...again }));
    }
  }

  #profiles(): Profile[] {
    return this.#runs.flatMap(({ profile }) => profile ?? []);
  }
}

/** @throws {UsageError} on options that mean nothing together */
async function planOf(options: ProfileCommandOptions): Promise<readonly Planned[]> {
  const { run, load, peers, seconds, cases } = options;
  if (run === undefined && load === undefined) {
    throw new UsageError(
      "Say what to profile: a case, as in --run TestBackup3B, or a steady load, as in --load 200 --peers 3,5,9.",
    );
  }
  if (run !== undefined && load !== undefined) {
    throw new UsageError("--run profiles cases and --load a steady load; use one of them.");
  }
  if (load !== undefined && cases !== undefined) {
    throw new UsageError("--cases is for --run: a load runs no case.");
  }
  if (load !== undefined) return loadsOf(load, peers ?? DEFAULT_PEERS, seconds ?? DEFAULT_SECONDS);
  if (peers !== undefined) throw new UsageError("--peers is for --load: a case has peers of its own.");
  if (seconds !== undefined) throw new UsageError("--seconds is for --load: a case takes its own time.");
  return (await chosenCases({ run: run ?? "", cases: await bundleCases(cases), extra: false })).map(planCase);
}

function planCase(definition: CaseDefinition): Planned {
  const { name, title } = definition;
  return { name, title, measure: (options) => profileCase(definition, options) };
}

/** Each load on each number of peers. */
function loadsOf(
  rates: readonly number[],
  peerCounts: readonly number[],
  seconds: number,
): readonly Planned[] {
  return rates.flatMap((rate) =>
    peerCounts.map((peers) => ({
      name: `load-${rate}-peers-${peers}`,
      title: `Load: ${rate} start() a second, ${peers} ${peers === 1 ? "peer" : "peers"}, ${seconds} s`,
      options: `--load ${rate} --peers ${peers} --seconds ${seconds}`,
      measure: (options: ProfileOptions) => profileLoad({ rate, seconds, peers }, options),
    })),
  );
}

function sharedArgs({ raft, cases }: ProfileCommandOptions): readonly string[] {
  return [
    ...(raft === undefined ? [] : ["--raft", raft]),
    ...(cases === undefined ? [] : ["--cases", cases]),
  ];
}

/**
 * The folder of all files, made if it is not there.
 * @throws {UsageError} if two were named, or it cannot be written to; before any run, rather than after
 */
function folderOf({ trace, out }: ProfileCommandOptions): string {
  if (out === "" || trace === "") {
    throw new UsageError(`${out === "" ? "--out" : "--trace"} takes the name of a folder.`);
  }
  if (typeof trace === "string" && out !== undefined && resolve(trace) !== resolve(out)) {
    throw new UsageError(`All files go to one folder, but --trace names ${trace} and --out ${out}.`);
  }
  const folder = out ?? (typeof trace === "string" ? trace : DEFAULT_OUT);
  try {
    makeFolder(folder);
    readdirSync(folder); // nothing is read from it: this tells a folder from a file
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new UsageError(
      `The files cannot go to ${folder}: ${reasonOf(error)}. Name another folder with --out.`,
    );
  }
  return folder;
}

/** Each by name where they are few; else the first, which lead to the others, and how many there are. */
function shownFiles(paths: readonly string[]): string {
  if (paths.length <= MAX_FILES_SHOWN) return paths.join(", ");
  const shown = paths.filter((path) => /profile\.(json|html)$/.test(path));
  return `${shown.join(", ")} and ${paths.length - shown.length} more beside and below`;
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EEXIST" || code === "ENOTDIR") return "a file stands there";
  if (code === "ENOENT") return "the system lets no folder be made there";
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "you may not write there";
  return message;
}

/** A parser for an option that takes whole numbers with commas between them; each counts once. */
function wholeNumbers(name: string, min: number, max: number): (text: string) => readonly number[] {
  const hint = `${name} takes one or more, as in 3,5,9.`;
  const parse = wholeNumber(name, min, max, hint);
  return (text) => {
    if (text.trim() === "") throw new InvalidArgumentError(hint);
    return [...new Set(text.split(",").map((part) => parse(part.trim())))];
  };
}
