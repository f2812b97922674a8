import type { Mode } from "../runtime/runtime.js";
import { printable } from "../text/printable.js";
import { shellWord } from "../text/shell-word.js";
import type { RunError, RunResult } from "./case.js";
import type { SaidLine } from "./peer-handle.js";

/** What a user types to run us: it finds us in a checkout, in a folder that has us installed, and globally. */
export const COMMAND = "npx whitewater";

export interface ReplayOptions {
  /** The whole command, where it is another than `whitewater test`. */
  readonly command?: string;
  readonly mode: Mode;
  /** Further arguments that the run was started with, such as the path of raft.ts. */
  readonly args?: readonly string[];
}

/** A line of a peer's console, as the tester heard it. */
export interface LogLine extends SaidLine {
  readonly peer: number;
  readonly incarnation: number;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
}

/**
 * `   1250.040 ms  S1.2  T3   leader  elected`: the second incarnation of server 1, in term 3. The columns
 * stay put, so that two runs can be compared.
 */
export function logLine({ atMs, peer, incarnation, term, isLeader, text }: LogLine): string {
  const role = isLeader ? "leader" : "      ";
  const who = `S${peer}.${incarnation}`.padEnd(5);
  return `${atMs.toFixed(3).padStart(11)} ms  ${who} T${String(term).padEnd(3)} ${role}  ${text}`;
}

/** The line that the lab prints when a case begins (lab-spec 6.12). */
export function titleLine(title: string): string {
  return `${title} ...`;
}

/** The line that ends a case: the lab's, or with FAILED in the place of Passed and the same columns. */
export function resultLine({ status, seconds, peers, rpcs, bytes, commits }: RunResult): string {
  const verdict = status === "passed" ? "Passed" : "FAILED";
  const columns = [
    ` ${seconds.toFixed(1).padStart(4)} `,
    String(peers),
    String(rpcs).padStart(4),
    String(bytes).padStart(7),
    String(commits).padStart(4),
  ];
  return `  ... ${verdict} -- ${columns.join(" ")}`;
}

/** What went wrong in a failed run, and how to see it again; empty for one that passed. */
export function failureBlock(result: RunResult, replay: ReplayOptions): string {
  const { error } = result;
  if (!error) return "";
  const lines = [
    ...error.message.split("\n"),
    ...(error.details ?? []).map((detail) => `  ${detail}`),
    ...stackLines(error),
    ...verdictLines(error),
    `Replay: ${replay.command ?? replayCommand(result, replay)}`,
  ];
  const block = [`--- FAIL: ${result.name} (${whatWhoWhen(error)})`, ...lines.map((line) => `    ${line}`)];
  return printable(block.join("\n"));
}

/** The command that runs the case again with the same seed. */
export function replayCommand(
  { name, seed }: Pick<RunResult, "name" | "seed">,
  replay: ReplayOptions,
): string {
  const args = (replay.args ?? []).map(shellWord);
  return [COMMAND, "test", ...args, `--run ${name}`, `--mode ${replay.mode}`, `--seed ${seed}`].join(" ");
}

function whatWhoWhen({ kind, peer, atMs }: RunError): string {
  const who = peer === undefined ? [] : [`peer ${peer}`];
  return [kind, ...who, `at ${(atMs / 1000).toFixed(3)} s`].join(", ");
}

function verdictLines({ verdict }: RunError): readonly string[] {
  return verdict ? [`Verdict: ${verdict.class}`, ...verdict.evidence.map((sentence) => `  ${sentence}`)] : [];
}

/** The frames of the stack; its first lines only repeat the message. */
function stackLines({ stack }: RunError): readonly string[] {
  return (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `  ${line.trim()}`);
}
