import { serialize, setFlagsFromString } from "node:v8";
import { Piscina } from "piscina";
import type { CaseDefinition, RunError } from "../harness/case.js";
import { titleLine } from "../harness/report.js";
import { ownFileThere } from "../peer/bundler.js";
import type { Program } from "../peer/program.js";
import { brokenOff, endedItself, outOfMemory } from "./broken-off.js";
import type { RunSetup, ToldReport, WatchedTask } from "./run-worker.js";
import type { RunManner, Runner, RunReport } from "./runner.js";
import { Watch } from "./watch.js";

export interface RunPoolOptions extends Omit<RunSetup, "program"> {
  /** May still be on its way: `boot` does not wait for it. */
  readonly program: Program | Promise<Program>;
  /** Runs at once, each on a thread of its own. */
  readonly threads: number;
  /** Largest heap of one of these threads, in MiB. */
  readonly heapMiB?: number;
}

/**
 * Largest heap of a run, in MiB: far more than one needs, but below 2 GiB V8 takes the machine for a small one
 * and collects garbage so eagerly that a run takes a quarter longer.
 */
const HEAP_MIB = 2048;
/** Room for young objects, in MiB: runs make much garbage that dies at once. */
const YOUNG_MIB = 48;

/**
 * What V8 may inline into one function, in bytes of bytecode; its own limit is 920. It compiles all through the first
 * suite, on the other cores: with this, that suite takes a tenth less of the cores, and the later ones no more.
 */
const INLINED_BYTES = 200;

/**
 * Threads that make runs, one at a time each. A run that hangs, runs out of memory or kills its thread is a
 * failed run; the pool goes on with a new thread.
 */
export class RunPool implements Runner {
  readonly #program: Promise<Program>;
  /** A `RunSetup`, as the threads get it. */
  readonly #setup: Promise<SharedArrayBuffer>;
  readonly #piscina: Piscina;
  readonly #heapMiB: number;
  /** Of the runs that go on, or wait for a thread. */
  readonly #watches = new Set<Watch>();

  constructor({ threads, heapMiB = HEAP_MIB, program, casesFile }: RunPoolOptions) {
    this.#program = Promise.resolve(program);
    this.#setup = this.#program.then((program) => shared({ program, casesFile }));
    this.#setup.catch(() => {}); // a program that does not load is told to whoever makes a run
    this.#heapMiB = heapMiB;
    setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${INLINED_BYTES}`);
    this.#piscina = new Piscina({
      filename: ownFileThere("../stress/run-worker"),
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: 60_000,
      // Its waiting threads would stand still, and what one case has left to throw would hit the next.
      atomics: "disabled",
      resourceLimits: { maxOldGenerationSizeMb: heapMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    this.#piscina.on("error", (error) => this.#lostThread(error));
  }

  /** Boots its threads before there is a run to make. A thread that cannot be started is told by the first run. */
  boot(): void {
    for (let i = 0; i < this.#piscina.maxThreads; i += 1) {
      this.#piscina.run(undefined, { name: "boot" }).catch(() => {});
    }
    // A realm's imprint takes one, and the first of a process costs V8 20 ms, for its list of locales: meanwhile.
    new Intl.Segmenter();
  }

  /**
   * To be called for no more runs at once than the pool has threads. Lines are told when the run has ended.
   * @throws {BundleError} what the program was rejected with
   */
  async run(
    definition: CaseDefinition,
    seed: number,
    manner: RunManner,
    tell: (line: string) => void,
  ): Promise<RunReport> {
    const [program, setup] = await Promise.all([this.#program, this.#setup]);
    const startedAtMs = performance.now();
    const watch = new Watch({ program, heapMiB: this.#heapMiB });
    const task: WatchedTask = { name: definition.name, seed, manner, setup, pulse: watch.pulse.buffer };
    this.#watches.add(watch);
    try {
      const { lines, ...report }: ToldReport = await this.#piscina.run(task, { signal: watch.signal });
      for (const line of lines) tell(line);
      return report;
    } catch (error) {
      tell(titleLine(definition.title));
      const wallMs = performance.now() - startedAtMs;
      const failure = watch.broken ?? watch.atTurn(threadError(error, this.#heapMiB));
      return brokenOff(definition, seed, wallMs, failure);
    } finally {
      watch.stop();
      this.#watches.delete(watch);
    }
  }

  /**
   * A thread has died between two runs, of what a case has left behind, and the next run gets a new one; or
   * before it could begin. Then no other is tried, and runs that wait would wait for ever.
   */
  #lostThread(error: Error): void {
    if (this.#piscina.threads.length > 0) return;
    const message = `no thread could be started for the run: ${error.message}`;
    for (const watch of this.#watches) watch.end({ kind: "exit", message });
  }

  /** Ends every thread. Resolves when none is left. */
  async close(): Promise<void> {
    await this.#piscina.destroy();
  }
}

/** In memory that all threads read, so that a task is small. */
function shared(setup: RunSetup): SharedArrayBuffer {
  const bytes = serialize(setup);
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

function threadError(error: unknown, heapMiB: number): Omit<RunError, "atMs"> {
  const { code, message } = error as Error & { code?: string };
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return outOfMemory(`${heapMiB} MiB of heap`);
  const exitCode = /^worker exited with code: (\d+)$/.exec(message)?.[1];
  if (exitCode !== undefined) return endedItself("thread", exitCode);
  return { kind: "exit", message: `the thread of the run died: ${message}` };
}
