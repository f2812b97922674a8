import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, SpeedPromise } from "./bench.js";
import type { Kind, Turn, TurnCosts } from "./fixtures/agreements.js";
import { comparisonOf } from "./rounds.js";

/** Each with two new clusters: two of the same kind differ by a twentieth, whatever they do. */
const ROUNDS = 15;
/** In which V8 compiles most of what it will: the profiler's part of it as well, which is paid once. */
const FIRST_TURNS = 18;
const LATER_TURNS = 16;
const COMMANDS_PER_TURN = 500;

/** What both clusters took for the same turns. */
interface Pair {
  readonly profiled: TurnCosts;
  readonly plain: TurnCosts;
}

/**
 * What being profiled costs. Two clusters, one of them profiled, take turns of some 100 ms: how fast this machine
 * is changes from second to second, and so does for both.
 */
export const profileCost: Bench = {
  title: "a run that is profiled",
  run: async () => {
    const first: Pair[] = [];
    const later: Pair[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const profiled = await Cluster.boot("profiled");
      const plain = await Cluster.boot("plain");
      try {
        first.push(await costsOf(FIRST_TURNS, { profiled, plain }));
        later.push(await costsOf(LATER_TURNS, { profiled, plain }));
      } finally {
        for (const cluster of [profiled, plain]) cluster.end();
      }
    }
    const commands = (turns: number) => `${turns * COMMANDS_PER_TURN} commands agreed on, 20 at once`;
    return [
      line(`${commands(LATER_TURNS)}, once compiled`, later, "wallMs", 1.05),
      line("the time on a core of all threads meanwhile", later, "coresMs"),
      line(`${commands(FIRST_TURNS)}, the first`, first, "wallMs"),
      line("the time on a core of all threads meanwhile", first, "coresMs"),
    ];
  },
};

function line(what: string, pairs: readonly Pair[], cost: keyof TurnCosts, promise?: number): SpeedPromise {
  const costs = pairs.map(({ profiled, plain }) => ({ whatMs: profiled[cost], againstMs: plain[cost] }));
  return { what: `${what}, profiled`, against: "not profiled", promise, measured: comparisonOf(costs) };
}

/** What each took for so many turns, which they take by turns. */
async function costsOf(
  turns: number,
  { profiled, plain }: { readonly profiled: Cluster; readonly plain: Cluster },
): Promise<Pair> {
  for (const cluster of [profiled, plain]) cluster.forget();
  for (let turn = 0; turn < turns; turn += 1) {
    for (const cluster of turn % 2 === 0 ? [profiled, plain] : [plain, profiled]) await cluster.turn();
  }
  return { profiled: profiled.costs, plain: plain.costs };
}

/** A cluster in a process of its own, which stands still between its turns. */
class Cluster {
  readonly #process: ChildProcess;
  #costs: TurnCosts = { wallMs: 0, coresMs: 0 };

  static async boot(kind: Kind): Promise<Cluster> {
    const process = fork(new URL("./fixtures/agreements.js", import.meta.url), [kind]);
    await answerOf(process);
    return new Cluster(process);
  }

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  /** Of all turns since the last `forget`. */
  get costs(): TurnCosts {
    return this.#costs;
  }

  forget(): void {
    this.#costs = { wallMs: 0, coresMs: 0 };
  }

  async turn(): Promise<void> {
    this.#process.send({ commands: COMMANDS_PER_TURN } satisfies Turn);
    const { wallMs, coresMs } = (await answerOf(this.#process)) as TurnCosts;
    this.#costs = { wallMs: this.#costs.wallMs + wallMs, coresMs: this.#costs.coresMs + coresMs };
  }

  end(): void {
    this.#process.kill();
  }
}

/** @throws {Error} if the process ends without one */
async function answerOf(process: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort();
  process.once("exit", onExit);
  try {
    const [answer] = await once(process, "message", { signal: ended.signal });
    return answer;
  } catch (cause) {
    throw new Error("A cluster of the bench has ended before its turn did; see above.", { cause });
  } finally {
    process.off("exit", onExit);
  }
}
