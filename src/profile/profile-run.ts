import type { Profiler as Inspector } from "node:inspector";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import type { Config } from "../harness/config.js";
import { runCase } from "../harness/runner.js";
import type { Program } from "../peer/program.js";
import { PeerThreads } from "../runtime/threads.js";
import type { TraceSink } from "../trace/event.js";
import { bottleneckOf } from "./bottleneck.js";
import { type LoadOptions, SteadyLoad } from "./load.js";
import type { RecordOptions } from "./peer-record.js";
import type { Measured, Profile } from "./profile.js";
import { Profiler } from "./profiler.js";

/** The kind of error of a run that was cut short. */
export const INTERRUPTED = "interrupted";

export interface ProfileOptions extends RecordOptions {
  readonly program: Program;
  readonly seed: number;
  /** Hear all that the router tells of the run, after the profiler. */
  readonly listeners?: readonly TraceSink[];
  /** Called when measuring begins. What it is given ends it at once, before the run has: what came of it so far. */
  readonly onBegin?: (cutShort: () => ProfiledRun) => void;
}

/** What came of a run that was profiled. */
export interface ProfiledRun {
  readonly result: RunResult;
  /** `undefined` if the run failed before its steps began: a peer that does not load. */
  readonly profile: Profile | undefined;
  /** What a trace is made of. */
  readonly profiler: Profiler;
  /** The samples of each thread's stack, by the thread's name, where they were asked for. */
  readonly cpuProfiles: ReadonlyMap<string, Inspector.Profile>;
}

/** Runs a case once on threads and measures it from its first step to its last. */
export async function profileCase(definition: CaseDefinition, options: ProfileOptions): Promise<ProfiledRun> {
  const run = new MeasuredRun(options);
  const steps = async (cfg: Config): Promise<void> => {
    run.begin(cfg);
    options.onBegin?.(() => run.cutShort(definition, cfg));
    await definition.run(cfg);
    run.end();
  };
  return await run.profiled({ ...definition, run: steps }, [], { spares: 3 });
}

/** Puts a steady load on one cluster and measures it. */
export async function profileLoad(load: LoadOptions, options: ProfileOptions): Promise<ProfiledRun> {
  const run = new MeasuredRun(options);
  const withLoad = (profiled: ProfiledRun): ProfiledRun => {
    const { profile } = profiled;
    return { ...profiled, profile: profile && { ...profile, load: steady.result } };
  };
  const begin = (cfg: Config): void => {
    run.begin(cfg);
    options.onBegin?.(() => withLoad(run.cutShort(steady.definition, cfg)));
  };
  const steady = new SteadyLoad(load, { begin, end: () => run.end() });
  // No peer is restarted, so no spare is needed, and none shares the cores.
  return withLoad(await run.profiled(steady.definition, [steady], { spares: 0 }));
}

/** One run and the profiler around it. */
class MeasuredRun {
  readonly #options: ProfileOptions;
  readonly #profiler: Profiler;
  #measured: Measured | undefined;
  /** The run's tester, once it is measured. */
  #cfg: Config | undefined;

  constructor(options: ProfileOptions) {
    this.#options = options;
    this.#profiler = new Profiler(options);
  }

  begin(cfg: Config): void {
    this.#cfg = cfg;
    this.#profiler.begin();
  }

  /** Ends the measuring: at the run's last step, or at its failure. */
  end(): void {
    if (this.#cfg) this.#measured ??= this.#profiler.end(this.#cfg.openCalls());
  }

  /** Ends the measuring of a run that goes on, and tells of it as of one that was interrupted. */
  cutShort(definition: CaseDefinition, cfg: Config): ProfiledRun {
    this.end();
    const { name, part, title, servers: peers } = definition;
    const { seconds, ...totals } = cfg.totals();
    const atMs = seconds * 1000;
    const error = { kind: INTERRUPTED, message: "interrupted", atMs };
    const run = { name, part, title, seconds, ...totals, wallMs: atMs, peers, seed: this.#options.seed };
    const result: RunResult = { ...run, status: "failed", error };
    // Peers tell the samples of their stacks at their ends, which nobody waits for any more.
    return this.#runOf(result, new Map());
  }

  async profiled(
    definition: CaseDefinition,
    listeners: readonly TraceSink[],
    { spares }: { readonly spares: number },
  ): Promise<ProfiledRun> {
    const { program, seed, listeners: others = [] } = this.#options;
    const profiler = this.#profiler;
    const threads = new PeerThreads(program, { spares, probe: profiler.probe });
    try {
      const result = await runCase(definition, {
        runtime: threads.runtime(seed),
        seed,
        trace: toAll([profiler.trace, ...listeners, ...others]),
        onConfig: (cfg) => void cfg.failed().then(() => this.end()),
      });
      this.end();
      return this.#runOf(result, await profiler.cpuProfiles());
    } finally {
      await threads.close();
      profiler.close();
    }
  }

  #runOf(result: RunResult, cpuProfiles: ReadonlyMap<string, Inspector.Profile>): ProfiledRun {
    const measured = this.#measured;
    const profile = measured && { ...measured, bottleneck: bottleneckOf(measured), result };
    return { result, profile, profiler: this.#profiler, cpuProfiles };
  }
}

function toAll(sinks: readonly TraceSink[]): TraceSink {
  return {
    record: (event) => {
      for (const sink of sinks) sink.record(event);
    },
    delays: (rpc, ms) => {
      for (const sink of sinks) sink.delays?.(rpc, ms);
    },
  };
}
