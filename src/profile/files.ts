import { dirname, join } from "node:path";
import { makeFolder, writeWhole } from "../files.js";
import type { RunResult } from "../harness/case.js";
import type { Program } from "../peer/program.js";
import { usableCores } from "../runtime/cores.js";
import { chromeTrace, traceKeptFromMs } from "./chrome-trace.js";
import { inRaftLines } from "./cpu-profile.js";
import { type PageRenderer, pageRenderer } from "./page/page.js";
import { pageData } from "./page/page-data.js";
import type { Profile } from "./profile.js";
import type { ProfiledRun } from "./profile-run.js";
import type { Profiler } from "./profiler.js";

/** Of `profile.json`: another one when a field goes, or changes its meaning (docs/profile.md). */
const VERSION = 1;

/** What all runs of a profile have in common. */
export interface ProfileHead {
  /** The raft.ts, as shown to the user. */
  readonly raft: string;
  readonly seed: number;
}

/** The files of a profile, in one folder. They are whole after each run, so that none is lost at an early end. */
export class ProfileFiles {
  readonly #folder: string;
  readonly #head: ProfileHead;
  readonly #render: PageRenderer;
  readonly #written = new Set<string>();
  /** By path: why a file could not be written. What it was to hold costs the file and no more. */
  readonly #unwritten = new Map<string, string>();

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
      runs: profiles,
      unmeasured,
    };
    this.#write("profile.json", `${JSON.stringify(json, null, 2)}\n`);
    this.#write("profile.html", this.#render(pageData("Whitewater: where threads wait", facts, profiles)));
  }

  /**
   * Writes a run's trace, and the samples of its threads: those of the two that were asked for.
   * @param subfolder the run's own folder, where there are several runs; else empty
   * @returns what is missing in them, a sentence each
   */
  writeExports({ profiler, cpuProfiles }: ProfiledRun, program: Program, subfolder: string): string[] {
    if (profiler.router.ring) {
      this.#write(join(subfolder, "trace.json"), JSON.stringify(chromeTrace(profiler)));
    }
    for (const [thread, profile] of cpuProfiles) {
      const name = `${fileNameOf(thread)}.cpuprofile`;
      this.#write(join(subfolder, name), JSON.stringify(inRaftLines(profile, program)));
    }
    return [...missingEvents(profiler), ...missingSamples(profiler, cpuProfiles)];
  }

  #write(name: string, text: string): void {
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
    return error instanceof Error ? error.message : String(error);
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
