import { type ChildProcess, fork } from "node:child_process";
import { ownFileThere } from "../peer/bundler.js";
import { Standstill } from "../runtime/standstill.js";
import type { FromRunProcess, ProcessSetup, ToRunProcess } from "./run-process.js";
import type { RunTask, ToldReport } from "./run-worker.js";

/** How often a process at work is looked at, in ms of real time. */
const WATCH_MS = 1000;
/** How long the event loop of a process may stand still. */
export const STUCK_MS = 10_000;

/** How long what a process has said before it ended may be under way, in ms. */
const LAST_WORDS_MS = 200;
/** How much of what it wrote last is kept, in characters. */
const LAST_WORDS_LENGTH = 4000;

/** How a process of the pool has ended. */
export interface Death {
  /** What ended it: too much memory, an event loop that stood still, or something within. */
  readonly cause: "too-large" | "stuck" | "itself";
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote on its error stream. */
  readonly lastWords: string;
}

/** One process that makes runs, one after another. */
export class PoolProcess {
  /** Resolves when it is gone, however it went. */
  readonly ended: Promise<Death>;
  readonly #child: ChildProcess;
  #cause: Death["cause"] = "itself";
  #lastWords = "";
  #beats = 0;
  #death: Death | undefined;
  /** Told what has come of the run that goes on. */
  #onOutcome: (outcome: ToldReport | Death) => void = () => {};

  constructor(setup: ProcessSetup) {
    this.#child = fork(ownFileThere("../stress/run-process"), {
      execArgv: process.execArgv.filter((arg) => !arg.startsWith("--inspect")),
      serialization: "advanced",
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    this.#child.on("message", (message: FromRunProcess) => this.#hear(message));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#overhear(text));
    this.ended = this.#untilEnded();
    void this.ended.then((death) => {
      this.#death = death;
      this.#onOutcome(death);
    });
    this.#say({ kind: "setup", setup });
  }

  /**
   * Makes one run; to be called when the last one is done.
   * @returns how the process ended, if it did before the run
   */
  async run(task: RunTask): Promise<ToldReport | Death> {
    if (this.#death) return this.#death;
    // No race against `ended`: it would keep a note of each run for as long as the process lives.
    const outcome = new Promise<ToldReport | Death>((resolve) => {
      this.#onOutcome = resolve;
    });
    this.#say({ kind: "task", task });
    const watch = this.#watch();
    try {
      return await outcome;
    } finally {
      clearInterval(watch);
    }
  }

  /** It runs nothing that has to be brought to an end. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #hear(message: FromRunProcess): void {
    switch (message.kind) {
      case "beat":
        this.#beats += 1;
        break;
      case "report":
        this.#onOutcome(message.report);
        break;
      case "too-large":
        this.#cause = "too-large";
        break;
      default:
        message satisfies never;
    }
  }

  #overhear(text: string): void {
    this.#lastWords = (this.#lastWords + text).slice(-LAST_WORDS_LENGTH);
  }

  #say(message: ToRunProcess): void {
    this.#child.send(message, () => {}); // to a process that has just ended: it is told of that
  }

  /** Ends it when its event loop stands still. While it boots, it is waited for. */
  #watch(): NodeJS.Timeout {
    let lastBeats = this.#beats;
    const { pid } = this.#child;
    const place = (): string => `${pid}/task/${pid}`; // its main thread, which has the number of its process
    const standstill = new Standstill({ limitMs: STUCK_MS, everyMs: WATCH_MS, place });
    return setInterval(() => {
      const hasMoved = this.#beats !== lastBeats || this.#beats === 0;
      lastBeats = this.#beats;
      if (!standstill.look(hasMoved)) return;
      this.#cause = "stuck";
      this.kill();
    }, WATCH_MS);
  }

  #untilEnded(): Promise<Death> {
    return new Promise((resolve) => {
      const end = (exitCode: number | null, signal: NodeJS.Signals | null): void =>
        resolve({ cause: this.#cause, exitCode, signal, lastWords: this.#lastWords });
      this.#child.once("error", (error) => {
        this.#lastWords += error.message; // it could not be started
        end(null, null);
      });
      this.#child.once("close", end);
      this.#child.once("exit", (code, signal) => void setTimeout(end, LAST_WORDS_MS, code, signal));
    });
  }
}
