import type { Stall } from "../runtime/kernel.js";
import type { Runtime } from "../runtime/runtime.js";
import type { TraceSink } from "../trace/event.js";
import { History } from "../trace/history.js";
import { Recorder, type TraceListener } from "../trace/recorder.js";
import type { CaseDefinition, RunResult } from "./case.js";
import { Config } from "./config.js";
import { guardRejections } from "./rejections.js";
import type { LogLine } from "./report.js";
import { type Failing, failingOf } from "./verdict.js";

export interface RunOptions {
  /** What the run stands on; it is closed when the run ends. */
  readonly runtime: Runtime;
  /** The seed that `runtime` was made from, for the result. */
  readonly seed: number;
  /** Hear each event of the run. */
  readonly listeners?: readonly TraceListener[];
  /** Whether a hash of all events, the history, is in the result, in virtual time; by default it is. */
  readonly history?: boolean | undefined;
  /** Is told all that happens instead of the listeners, and no history is kept. */
  readonly trace?: TraceSink;
  /** Told the case's title, once, before anything else is told of it. */
  readonly onTitle?: (title: string) => void;
  readonly onLog?: (line: LogLine) => void;
  /** The tester waits this many times as long as the lab's before it gives up; 1 unless told otherwise. */
  readonly patience?: number | undefined;
  /** Given the tester before the first peer boots: a checker can fail the case through it. */
  readonly onConfig?: (cfg: Config) => void;
}

/**
 * Runs one case from make_config to cleanup (lab-spec 7). Whatever a peer or the case does wrong is in the
 * result: it never rejects for that, and it leaves no peer and no timer behind.
 */
export async function runCase(definition: CaseDefinition, options: RunOptions): Promise<RunResult> {
  const { name, part, title, servers } = definition;
  const { runtime, seed } = options;
  const startedAtMs = performance.now();
  const { trace, history } = traceOf(options);
  const warnings = new Set<string>();
  const onWarning = (text: string): void => void warnings.add(text);
  const { unreliable = false } = definition;
  const cfg = new Config({ ...options, trace, n: servers, unreliable, onWarning });
  runtime.watchForStall?.({
    isTesterWaiting: () => cfg.isWaiting,
    onStall: (stall) => cfg.fail(stalled(stall, cfg, runtime.clock.nowMs())),
  });
  const releaseRejections = guardRejections(cfg);
  options.onTitle?.(title);
  options.onConfig?.(cfg);

  await Promise.race([runSteps(definition, cfg), cfg.failed()]);

  const totals = cfg.totals();
  const error = cfg.failure?.toRunError();
  cfg.cleanup();
  try {
    await runtime.close();
  } finally {
    await releaseRejections();
  }
  const wallMs = performance.now() - startedAtMs;
  const result = { name, part, title, ...totals, wallMs, peers: servers, seed };
  const outcome = error ? { status: "failed" as const, error } : { status: "passed" as const };
  return {
    ...result,
    ...outcome,
    ...(history ? { history: history.digest() } : {}),
    ...(warnings.size > 0 ? { warnings: [...warnings] } : {}),
  };
}

function traceOf({ runtime, listeners = [], trace, history: isWanted = true }: RunOptions): {
  trace: TraceSink | undefined;
  history: History | undefined;
} {
  if (trace) return { trace, history: undefined };
  const history = isWanted && runtime.mode !== "threads" ? new History() : undefined;
  const all = history ? [history.see, ...listeners] : listeners;
  return { trace: all.length > 0 ? new Recorder(runtime.clock, all) : undefined, history };
}

function stalled(stall: Stall, cfg: Config, nowMs: number): Failing {
  switch (stall.kind) {
    case "deadlock":
      return {
        kind: "deadlock",
        message: `deadlock: ${stall.reason}, so the case would wait for ever. Below is where everyone stands.`,
        details: [`the case: its last step was ${cfg.lastStep}`],
      };
    case "storm":
      return {
        kind: "stuck",
        peer: stall.peer,
        message:
          `peer ${stall.peer} asks for turn after turn: ${stall.turns} in ${(nowMs / 1000).toFixed(3)} s, of ${stall.events} ` +
          "events in all. A loop of setImmediate must wait for something that takes time.",
      };
    default:
      return stall satisfies never;
  }
}

/** Runs the case to its end or its failure, which `cfg` then holds. It never rejects. */
async function runSteps({ title, run }: CaseDefinition, cfg: Config): Promise<void> {
  try {
    await cfg.boot();
    cfg.begin(title);
    await run(cfg);
    cfg.end();
  } catch (error) {
    cfg.fail(failingOf(error));
  }
}
