import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../make-folder.js";
import type { Program } from "../peer/program.js";
import { chromeTrace } from "./chrome-trace.js";
import { inRaftLines } from "./cpu-profile.js";
import { type PageRenderer, pageRenderer } from "./page/page.js";
import { pageData } from "./page/page-data.js";
import type { Profile } from "./profile.js";
import type { ProfiledRun } from "./profile-run.js";

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

  /** Writes `profile.json` and `profile.html`, about all runs so far. */
  writeProfiles(profiles: readonly Profile[]): void {
    const { raft, seed } = this.#head;
    const { version: node, platform } = process;
    const cores = profiles[0]?.cores ?? 0;
    const facts = [`${raft} on threads, seed ${seed}; ${cores} cores, Node ${node} on ${platform}`];
    const json = { version: VERSION, mode: "threads", raft, seed, node, platform, runs: profiles };
    this.#write("profile.json", `${JSON.stringify(json, null, 2)}\n`);
    this.#write("profile.html", this.#render(pageData("Whitewater: where threads wait", facts, profiles)));
  }

  /**
   * Writes a run's trace, and the samples of its threads: those of the two that were asked for.
   * @param subfolder the run's own folder, where there are several runs; else empty
   */
  writeExports(run: ProfiledRun, program: Program, subfolder: string): void {
    if (run.profiler.router.ring) {
      this.#write(join(subfolder, "trace.json"), JSON.stringify(chromeTrace(run.profiler)));
    }
    for (const [thread, profile] of run.cpuProfiles) {
      const name = `${fileNameOf(thread)}.cpuprofile`;
      this.#write(join(subfolder, name), JSON.stringify(inRaftLines(profile, program)));
    }
  }

  #write(name: string, text: string): void {
    const path = join(this.#folder, name);
    try {
      makeFolder(dirname(path));
      writeFileSync(path, text);
    } catch (error) {
      this.#written.delete(path);
      this.#unwritten.set(path, error instanceof Error ? error.message : String(error));
      return;
    }
    this.#unwritten.delete(path);
    this.#written.add(path);
  }
}

/** `peer 2, incarnation 3` is `peer-2-incarnation-3`. */
function fileNameOf(thread: string): string {
  return thread.replaceAll(/[^\w]+/g, "-");
}
