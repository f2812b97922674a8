import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import type { RunResult } from "../../src/harness/case.js";

/** What came of one run of the command line. */
export interface CliRun {
  /** The signal, if one ended it. */
  readonly exitCode: number | NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  /** The folder that it runs in. Default: the project's. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The `main.js` of an installed package. Default: the project's own. */
  readonly main?: string;
  /** A program that runs it, and its arguments. */
  readonly under?: readonly string[];
  /** Told of the process whenever it has printed something, with all of stdout so far. */
  readonly onOutput?: (stdout: string, child: ChildProcess) => void;
  /** Likewise, with all of stderr so far. */
  readonly onError?: (stderr: string, child: ChildProcess) => void;
}

/** The file that `--json` writes. */
export interface JsonReport {
  readonly mode: string;
  readonly seed: number;
  readonly cases: readonly RunResult[];
}

/** Far beyond what any of these takes, on a busy machine as well. */
const DEADLINE_MS = 60_000;

/** The project's own `main.js`, built. */
export const MAIN = builtMain();

/** The absolute path of a file of the project. */
export function projectFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/**
 * The command line as it was built, which begins a second of a core sooner than its sources do.
 * @throws {Error} if the sources have changed since
 */
function builtMain(): string {
  const main = projectFile("dist/cli/main.js");
  const builtAtMs = statSync(main, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(projectFile("src"), { recursive: true, encoding: "utf8" });
  const newer = sources.find((path) => statSync(projectFile(`src/${path}`)).mtimeMs > builtAtMs);
  if (newer !== undefined) throw new Error(`src/${newer} is newer than ${main}; run \`npm run build\`.`);
  return main;
}

/** Runs `whitewater` as a process of its own, and of its own group, until it ends. */
export function whitewater(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { under = [], main = MAIN } = options;
  const [program = "", ...rest] = [...under, process.execPath, main, ...args];
  const child = spawn(program, rest, {
    cwd: options.cwd ?? projectFile("."),
    env: { ...process.env, ...options.env },
    detached: true,
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
  });
  const run = { exitCode: null as CliRun["exitCode"], stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    run.stdout += text;
    options.onOutput?.(run.stdout, child);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    run.stderr += text;
    options.onError?.(run.stderr, child);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => resolve({ ...run, exitCode: exitCode ?? signal }));
  });
}

/** A campaign of cases that go well, or wrong, in quick and known ways. */
export function stress(pattern: string, args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const fixtures = [
    "--cases",
    "tests/fixtures/stress/cases.ts",
    "--raft",
    "tests/fixtures/stress/obedient.ts",
  ];
  return whitewater(["stress", ...fixtures, "--run", `^Test(${pattern})$`, ...args], options);
}

/** Whether any process of the group that `child` began is left. */
function isGroupAlive({ pid }: ChildProcess): boolean {
  try {
    return pid !== undefined && process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** Helpers of the process end when they find it gone, which takes them a moment. */
export async function untilGone(t: ExecutionContext, child: ChildProcess): Promise<void> {
  for (let tries = 0; isGroupAlive(child) && tries < 100; tries++) await sleep(100);
  t.false(isGroupAlive(child), "a process is left");
}

export async function readReport(path: string): Promise<JsonReport> {
  return JSON.parse(await readFile(path, "utf8")) as JsonReport;
}

/** An empty folder that goes when the test ends. */
export async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-cli-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
