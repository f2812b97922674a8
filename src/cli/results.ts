import { accessSync, constants, existsSync, statSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { mayWrite } from "../files.js";
import type { RunResult } from "../harness/case.js";
import type { Mode } from "../runtime/runtime.js";
import { messageOf } from "../text/message.js";
import type { Planned } from "./suite.js";
import { colours } from "./terminal.js";

export interface ResultsOptions {
  readonly mode: Mode;
  /** Of the first round; each further one has the next. */
  readonly seed: number;
  /** Where the results are to be written as JSON. */
  readonly json: string | undefined;
}

/** The results of a plan as they come, and what is made of them at its end. */
export class SuiteResults {
  readonly #plan: readonly Planned[];
  readonly #options: ResultsOptions;
  readonly #byPlanned = new Map<Planned, RunResult>();

  constructor(plan: readonly Planned[], options: ResultsOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  add(planned: Planned, result: RunResult): void {
    this.#byPlanned.set(planned, result);
  }

  /** Every case has failed, before it could begin, for one and the same reason. */
  failAll(message: string): void {
    for (const planned of this.#plan) this.add(planned, notLoaded(planned, message));
  }

  /**
   * Prints the summary and writes the JSON.
   * @returns the exit code: 2 if the JSON could not be written, else 1 if a case failed, else 0
   */
  finish({ isInterrupted = false } = {}): number {
    const results = this.#inOrder();
    const failed = results.filter(({ status }) => status === "failed");
    const notRun = this.#plan.length - results.length;
    const verdict = failed.length > 0 ? "FAIL" : isInterrupted ? "INTERRUPTED" : "ok";
    const paint = verdict === "ok" ? colours.green : colours.red;
    const counts = [
      `${results.length - failed.length} passed`,
      `${failed.length} failed`,
      ...(notRun > 0 ? [`${notRun} not ${isInterrupted ? "finished" : "run"}`] : []),
    ];
    const names = [...new Set(failed.map(({ name }) => name))];
    console.log(
      [paint(verdict), counts.join(", "), ...(names.length > 0 ? [names.join(", ")] : [])].join(": "),
    );
    const isWritten = this.#writeJson(results);
    return !isWritten ? 2 : failed.length > 0 ? 1 : 0;
  }

  /** As planned, whichever was done first. */
  #inOrder(): readonly RunResult[] {
    return this.#plan.flatMap((planned) => this.#byPlanned.get(planned) ?? []);
  }

  /** The results have been printed, so a disk that is full costs the file and no more. */
  #writeJson(cases: readonly RunResult[]): boolean {
    const { mode, seed, json } = this.#options;
    if (json === undefined) return true;
    try {
      writeFileSync(json, `${JSON.stringify({ mode, seed, cases }, null, 2)}\n`);
      return true;
    } catch (error) {
      const reason = messageOf(error);
      console.error(`whitewater: the results could not be written to ${json}: ${reason}`);
      return false;
    }
  }
}

function notLoaded({ definition, seed }: Planned, message: string): RunResult {
  const { name, part, title, servers: peers } = definition;
  const nothingDone = { seconds: 0, wallMs: 0, rpcs: 0, bytes: 0, commits: 0 };
  const error = { kind: "load", message, atMs: 0 };
  return { name, part, title, status: "failed", ...nothingDone, peers, seed, error };
}

/** @throws {UsageError} before any case is run, rather than losing its results after */
export function checkWritable(option: string, file: string): void {
  checkNamed(option, file);
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new UsageError(`${option} ${file}: there is no folder ${folder}.`);
  if (existsSync(file) && statSync(file).isDirectory())
    throw new UsageError(`${option} ${file} is a folder; give a file.`);
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
  } catch {
    throw new UsageError(`${option} ${file}: you may not write there.`);
  }
}

/** As `--json "$FILE"` gives it where FILE is not set: it would name this folder, and no file. */
function checkNamed(option: string, path: string): void {
  if (path === "") throw new UsageError(`${option} is given without a name: it is empty.`);
}

/**
 * Checks the files that results are to be written to, by the option that names each.
 * @throws {UsageError} if one cannot be written, or two are one
 */
export function checkFiles(files: Readonly<Record<string, string | undefined>>): void {
  const optionOf = new Map<string, string>();
  for (const [option, file] of Object.entries(files)) {
    if (file === undefined) continue;
    checkWritable(option, file);
    const other = optionOf.get(resolve(file));
    if (other !== undefined)
      throw new UsageError(`${other} and ${option} both name ${file}; give each a file of its own.`);
    optionOf.set(resolve(file), option);
  }
}

/**
 * For a folder that is made when there is something to put into it.
 * @throws {UsageError} before any case is run
 */
export function checkWritableFolder(option: string, folder: string): void {
  checkNamed(option, folder);
  let nearest = resolve(folder);
  while (!existsSync(nearest)) nearest = dirname(nearest);
  if (!statSync(nearest).isDirectory()) {
    throw new UsageError(`${option} ${folder}: ${nearest} is a file, and no folder can be made there.`);
  }
  if (!mayWrite(nearest)) throw new UsageError(`${option} ${folder}: you may not write there.`);
}
