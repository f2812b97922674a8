import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../errors.js";
import { makeFolder } from "../files.js";
import type { RunResult } from "../harness/case.js";
import { COMMAND, failureBlock } from "../harness/report.js";
import { type Program, withHost } from "../peer/program.js";
import { messageOf } from "../text/message.js";
import { sha256 } from "../text/sha256.js";
import { shellWord } from "../text/shell-word.js";
import type { RunManner, RunReport } from "./runner.js";
import { bundleSchema, checkShape } from "./schemas.js";
import { signatureOf } from "./signature.js";

/** The form of a bundle's `bundle.json`; raised when it changes. */
const VERSION = 2;

/** What a failure leaves behind, in `bundle.json`: all that is needed to have it again. */
export interface Bundle {
  readonly version: number;
  /** The name of the case. */
  readonly name: string;
  readonly seed: number;
  readonly mode: RunManner["mode"];
  readonly schedule: RunManner["schedule"];
  readonly check: boolean;
  /** raft.ts. */
  readonly raft: SourceFile;
  /** The user's file of cases, if there was one. */
  readonly cases?: SourceFile;
  readonly signature: string;
  readonly result: RunResult;
  /** The version of Node that ran it. */
  readonly node: string;
  /** The command that has it again. */
  readonly replay: string;
}

/** A file of the user's, and what it held then. */
export interface SourceFile {
  /** As the user named it. */
  readonly path: string;
  /** sha-256 of it and what it imports, bundled; hex. */
  readonly hash: string;
}

export interface BundleInput {
  readonly program: Program;
  readonly manner: RunManner;
  /** The user's file of cases, if there is one. */
  readonly cases: SourceFile | undefined;
  readonly report: RunReport;
}

/** The folder's name: `TestFigure83C-1f3a`, with the mode where it is not `sim`. */
export function bundleName({ name, seed }: RunResult, { mode }: RunManner): string {
  const parts = [name, seed.toString(16), ...(mode === "sim" ? [] : [mode])];
  return parts.join("-").replace(/[^\w.-]/g, "_");
}

/** The command that runs a bundle once more. */
export function replayBundle(path: string): string {
  return `${COMMAND} replay ${shellWord(path)}`;
}

/**
 * Writes the bundle of a failed run as a folder in `folder`, in place of one of the same name.
 * @returns the path of the folder
 * @throws {Error} from the file system: a disk that is full, a folder that may not be written
 */
export function writeBundle(folder: string, { program, manner, cases, report }: BundleInput): string {
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
    ...(cases === undefined ? {} : { cases: { path: cases.path, hash: cases.hash } }),
    signature: signatureOf(result),
    result,
    node: process.version,
    replay,
  };
  writeFolder(path, {
    "raft.js": program.raftText,
    "raft.js.map": program.raftMap,
    "trace.jsonl": trace.map((line) => `${line}\n`).join(""),
    "failure.txt": `${failureText(report, manner, replay)}\n`,
    // Last: what ends here before its time has none, and is not taken for a bundle.
    "bundle.json": `${JSON.stringify(bundle, null, 2)}\n`,
  });
  return path;
}

function failureText({ result, isBrokenOff }: RunReport, { mode }: RunManner, command: string): string {
  const block = failureBlock(result, { mode, command });
  return isBrokenOff
    ? `${block}\n\nThe run was broken off: its events were lost with it, and trace.jsonl is empty.`
    : block;
}

/** Writes the files in their order, in place of what the folder held. Nothing is left of it if one cannot be written. */
function writeFolder(path: string, files: Readonly<Record<string, string>>): void {
  rmSync(path, { recursive: true, force: true });
  makeFolder(path);
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
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
  const bundle = parsed(file);
  if (bundle.version !== VERSION) {
    throw new UsageError(
      `${file} has version ${String(bundle.version)}; this Whitewater reads version ${VERSION}. Make it again with stress.`,
    );
  }
  try {
    checkShape(bundleSchema, bundle);
  } catch (error) {
    throw new UsageError(`${file} is damaged: ${(error as Error).message}`);
  }
  return bundle as Bundle;
}

function parsed(file: string): Partial<Bundle> {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) ?? {}) as Partial<Bundle>;
  } catch (error) {
    throw new UsageError(`${file} is damaged: ${messageOf(error)}`);
  }
}

/**
 * The raft.ts that the bundle recorded, ready to run under this Whitewater's host.
 * @throws {UsageError} if its text is missing, or is not the one that was recorded
 */
export async function recordedProgram(path: string, { raft }: Bundle): Promise<Program> {
  const [text, map] = ["raft.js", "raft.js.map"].map((name) => textIn(path, name)) as [string, string];
  // Before anything is made of it: what was changed may not even compile.
  if (sha256(text) !== raft.hash) {
    throw new UsageError(
      `${join(path, "raft.js")} is not the text that was recorded; replay with --as-now instead.`,
    );
  }
  try {
    JSON.parse(map);
  } catch {
    throw new UsageError(`${join(path, "raft.js.map")} is damaged: it is no JSON.`);
  }
  return await withHost({ raftPath: raft.path, raftText: text, raftMap: map });
}

function textIn(path: string, name: string): string {
  const file = join(path, name);
  if (!existsSync(file)) throw new UsageError(`${path} is damaged: it has no ${name}.`);
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${path} is damaged: ${name} cannot be read (${(error as Error).message}).`);
  }
}
