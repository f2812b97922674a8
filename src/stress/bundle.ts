import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import type { RunResult } from "../harness/case.js";
import { failureBlock } from "../harness/report.js";
import { type Program, withHost } from "../peer/program.js";
import type { RunManner, RunReport } from "./runner.js";
import { signatureOf } from "./signature.js";

/** The form of a bundle's `bundle.json`; raised when it changes. */
const VERSION = 1;

/** What a failure leaves behind, in `bundle.json`: all that is needed to have it again. */
export interface Bundle {
  readonly version: number;
  /** The name of the case. */
  readonly name: string;
  readonly seed: number;
  readonly mode: RunManner["mode"];
  readonly schedule: RunManner["schedule"];
  readonly check: boolean;
  readonly raft: {
    /** raft.ts as the user named it. */
    readonly path: string;
    /** sha-256 of the bundled text, hex. */
    readonly hash: string;
  };
  /** The user's file of cases, if the case is from there. */
  readonly casesFile?: string;
  readonly signature: string;
  readonly result: RunResult;
  /** The command that has it again. */
  readonly replay: string;
}

export interface BundleInput {
  readonly program: Program;
  readonly manner: RunManner;
  readonly casesFile: string | undefined;
  readonly report: RunReport;
}

/** The folder's name: `TestFigure83C-1f3a`, with the mode where it is not `sim`. */
export function bundleName({ name, seed }: RunResult, { mode }: RunManner): string {
  return [name, seed.toString(16), ...(mode === "sim" ? [] : [mode])].join("-");
}

/** The command that runs a bundle once more. */
export function replayBundle(path: string): string {
  return `whitewater replay ${/^[\w./-]+$/.test(path) ? path : JSON.stringify(path)}`;
}

/**
 * Writes the bundle of a failed run as a folder in `folder`, in place of one of the same name.
 * @returns the path of the folder
 * @throws {Error} from the file system: a disk that is full, a folder that may not be written
 */
export function writeBundle(folder: string, { program, manner, casesFile, report }: BundleInput): string {
  const { result, trace = [] } = report;
  const path = join(folder, bundleName(result, manner));
  const replay = replayBundle(path);
  const bundle: Bundle = {
    version: VERSION,
    name: result.name,
    seed: result.seed,
    mode: manner.mode,
    schedule: manner.schedule,
    check: manner.check,
    raft: { path: program.raftPath, hash: program.hash },
    ...(casesFile === undefined ? {} : { casesFile }),
    signature: signatureOf(result),
    result,
    replay,
  };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "raft.js"), program.raftText);
  writeFileSync(join(path, "raft.js.map"), program.raftMap);
  writeFileSync(join(path, "trace.jsonl"), trace.map((line) => `${line}\n`).join(""));
  writeFileSync(
    join(path, "failure.txt"),
    `${failureBlock(result, { mode: manner.mode, command: replay })}\n`,
  );
  // Last: a bundle that was not finished has none, and is not taken for one.
  writeFileSync(join(path, "bundle.json"), `${JSON.stringify(bundle, null, 2)}\n`);
  return path;
}

/**
 * Reads the bundle in `path`.
 * @throws {UsageError} if there is none, or it is not one
 */
export function readBundle(path: string): Bundle {
  const file = join(path, "bundle.json");
  if (!existsSync(file)) {
    throw new UsageError(
      `${path} is no bundle: it has no bundle.json. Give the folder of a failure that stress left.`,
    );
  }
  let bundle: Partial<Bundle>;
  try {
    bundle = JSON.parse(readFileSync(file, "utf8")) as Partial<Bundle>;
  } catch (error) {
    throw new UsageError(`${file} is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (bundle.version !== VERSION) {
    throw new UsageError(
      `${file} has version ${String(bundle.version)}; this Whitewater reads version ${VERSION}. Make it again with stress.`,
    );
  }
  return bundle as Bundle;
}

/**
 * The raft.ts that the bundle recorded, ready to run under this Whitewater's host.
 * @throws {UsageError} if its text is missing, or is not the one that was recorded
 */
export async function recordedProgram(path: string, { raft }: Bundle): Promise<Program> {
  const [text, map] = ["raft.js", "raft.js.map"].map((name) => {
    const file = join(path, name);
    if (!existsSync(file)) throw new UsageError(`${path} is damaged: it has no ${name}.`);
    return readFileSync(file, "utf8");
  }) as [string, string];
  const program = await withHost({ raftPath: raft.path, raftText: text, raftMap: map });
  if (program.hash !== raft.hash) {
    throw new UsageError(
      `${join(path, "raft.js")} is not the text that was recorded; replay with --as-now instead.`,
    );
  }
  return program;
}
