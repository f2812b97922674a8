import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { makeFolder, writeWhole } from "../files.js";
import type { RunResult } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { usableCores } from "../runtime/cores.js";
import { messageOf } from "../text/message.js";
import { chromeTrace, traceKeptFromMs } from "./chrome-trace.js";
import { inSourceLines } from "./cpu-profile.js";
import { type PageRenderer, pageRenderer } from "./page/page.js";
import { pageData } from "./page/page-data.js";
import type { Profile } from "./profile.js";
import type { ProfiledRun } from "./profile-run.js";
import type { Profiler } from "./profiler.js";

/** Of `profile.json`: another one when a field goes, or changes its meaning (docs/profile.md). */
const VERSION = 1;
const JSON_NAME = "profile.json";
const PAGE_NAME = "profile.html";
const TRACE_NAME = "trace.json";
const SAMPLES_EXTENSION = ".cpuprofile";

/** What all runs of a profile have in common. */
export interface ProfileHead {
  /** The raft.ts, as shown to the user. */
  readonly raft: string;
  readonly seed: number;
}

/**
 * The files of a profile, in one folder. They are whole after each run, so that none is lost at an early end. Those
 * of an earlier profile go when the first is written: nobody could tell that a trace is of another run than the page.
 */
export class ProfileFiles {
  readonly #folder: string;
  readonly #head: ProfileHead;
  readonly #render: PageRenderer;
  readonly #written = new Set<string>();
  /** By path: why a file could not be written. What it was to hold costs the file and no more. */
  readonly #unwritten = new Map<string, string>();
  #hasBegun = false;

  private constructor(folder: string, head: ProfileHead, render: PageRenderer) {
    this.#folder = folder;
    this.#head = head;
    this.#render = render;
  }

  static async prepare(folder: string, head: ProfileHead): Promise<ProfileFiles> {
    return new ProfileFiles(folder, head, await pageRenderer());
  }

  /** Paths of all that was written, in the order in which it was first. */
  get written(): readonly string[] {
    return [...this.#written];
  }

  /** Paths of what could not be written, each with the reason. */
  get unwritten(): ReadonlyMap<string, string> {
    return this.#unwritten;
  }

  /**
   * Writes `profile.json` and `profile.html`, about all runs so far.
   * @param unmeasured what came of runs that ended before they could be measured
   */
  writeProfiles(profiles: readonly Profile[], unmeasured: readonly RunResult[]): void {
    const { raft, seed } = this.#head;
    const { version: node, platform } = process;
    const facts = [
      `${raft} on threads, seed ${seed}; ${usableCores()} cores, Node ${node} on ${platform}`,
      ...unmeasured.map(({ name, error }) => `${name} ended before it was measured: ${error?.message}`),
    ];
    const json = {
      version: VERSION,
      mode: "threads",
      raft,
      seed,
      node,
      platform,
      files: this.#exported(),
      runs: profiles,
      unmeasured,
    };
    this.#write(JSON_NAME, `${JSON.stringify(json, null, 2)}\n`);
    this.#write(PAGE_NAME, this.#render(pageData("Whitewater: where threads wait", facts, profiles)));
  }

  /**
   * Writes a run's trace, and the samples of its threads: those of the two that were asked for.
   * @param subfolder the run's own folder, where there are several runs; else empty
   * @returns what is missing in them, a sentence each
   */
  writeExports({ profiler, cpuProfiles }: ProfiledRun, program: Program, subfolder: string): string[] {
    if (profiler.router.ring) {
      this.#write(join(subfolder, TRACE_NAME), JSON.stringify(chromeTrace(profiler)));
    }
    for (const [thread, profile] of cpuProfiles) {
      const name = `${fileNameOf(thread)}${SAMPLES_EXTENSION}`;
      this.#write(join(subfolder, name), JSON.stringify(inSourceLines(profile, program)));
    }
    return [...missingEvents(profiler), ...missingSamples(profiler, cpuProfiles)];
  }

  /** What there is beside `profile.json` and the page, by names below the folder. */
  #exported(): readonly string[] {
    return this.written.filter(isExport).map((path) => relative(this.#folder, path));
  }

  #removeEarlier(): void {
    for (const path of earlierFiles(this.#folder)) {
      const reason = removed(path);
      if (reason !== undefined)
        this.#unwritten.set(path, `it is of an earlier profile, and stays: ${reason}`);
    }
  }

  #write(name: string, text: string): void {
    if (!this.#hasBegun) this.#removeEarlier();
    this.#hasBegun = true;
    const path = join(this.#folder, name);
    const reason = madeFolder(dirname(path)) ?? writeWhole(path, text);
    if (reason === undefined) {
      this.#unwritten.delete(path);
      this.#written.add(path);
    } else {
      this.#written.delete(path);
      this.#unwritten.set(path, reason);
    }
  }
}

/** @returns why the folder cannot be made, if it cannot */
function madeFolder(path: string): string | undefined {
  try {
    makeFolder(path);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Removes a file of an earlier profile, and its folder if nothing else is in it. @returns why it could not */
function removed(path: string): string | undefined {
  try {
    rmSync(path);
    const folder = dirname(path);
    if (readdirSync(folder).length === 0) rmdirSync(folder);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function isExport(path: string): boolean {
  return basename(path) === TRACE_NAME || path.endsWith(SAMPLES_EXTENSION);
}

/** The `files` of the `profile.json` in the folder that are there: those alone that a profile can have written. */
function earlierFiles(folder: string): readonly string[] {
  try {
    const { files } = JSON.parse(readFileSync(join(folder, JSON_NAME), "utf8"));
    return files
      .filter((name: string) => isExport(name) && !name.includes(".."))
      .map((name: string) => join(folder, name))
      .filter(existsSync);
  } catch {
    return []; // there is none, or it is somebody else's
  }
}

function missingEvents(profiler: Profiler): string[] {
  const lostMs = traceKeptFromMs(profiler) - profiler.fromMs;
  if (!profiler.router.ring || lostMs <= 0) return [];
  return [
    `trace.json lacks events of the first ${(lostMs / 1000).toFixed(1)} s, and the arrows there: they came too fast to keep all.`,
  ];
}

function missingSamples(profiler: Profiler, told: ReadonlyMap<string, unknown>): string[] {
  const missing = ["main", ...profiler.peers.map(({ name }) => name)].filter((name) => !told.has(name));
  if (!profiler.samplesStacks || missing.length === 0) return [];
  return [`No samples of the stack of ${missing.join("; ")}: interrupted, or it did not answer at its end.`];
}

/** `peer 2, incarnation 3` is `peer-2-incarnation-3`. */
function fileNameOf(thread: string): string {
  return thread.replaceAll(/[^\w]+/g, "-");
}
