import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, SpeedPromise } from "./bench.js";
import type { Turn, TurnCosts } from "./fixtures/agreements.js";
import type { Kind } from "./helpers/profiled-or-not.js";
import { comparisonOf } from "./rounds.js";

/** Each with two new clusters: two of the same kind differ by a twentieth, whatever they do. */
const ROUNDS = 15;
/** In which V8 compiles most of what it will: the profiler's part of it as well, which is paid once. */
const FIRST_TURNS = 5;
/** With them 6 s, as long as `whitewater profile --load` runs unless told otherwise, its warm-up included. */
const LATER_TURNS = 4;
/** Long, for what the profiler does by the clock goes on while the other cluster has its turn. */
const TURN: Turn = { commands: 2000, atOnce: 20 };
/** A cluster can lose its leader when it is held up for too long, and a case can fail: the round is then made again. */
const ATTEMPTS = 5;
/** A short one of the lab's, which agrees on some commands at once and counts the RPCs. */
const CASE = "TestCount3B";
const CASE_ROUNDS = 15;

/** What both took for the same turns, or the same case. */
interface Pair {
  readonly profiled: TurnCosts;
  readonly plain: TurnCosts;
}

/** What came of one pair of clusters. */
interface Round {
  readonly first: Pair;
  readonly later: Pair;
}

/**
 * What being profiled costs: to a run of one of the lab's cases; and to a cluster that agrees on commands as fast
 * as it can. Of the latter two, one of them profiled, take turns of some 400 ms: how fast this machine is changes
 * from one quarter of an hour to the next, and so does for both.
 */
export const profileCost: Bench = {
  title: "a run that is profiled",
  run: async () => {
    const runs: Pair[] = [];
    while (runs.length < CASE_ROUNDS) runs.push(await madeAtLast(() => pairOfRuns(runs.length)));
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) rounds.push(await madeAtLast(pairOfClusters));
    const first = rounds.map((round) => round.first);
    const later = rounds.map((round) => round.later);
    const whole = rounds.map(bothOf);
    const count = (turns: number) => turns * TURN.commands;
    const load = `a run of ${count(FIRST_TURNS + LATER_TURNS)} commands, ${TURN.atOnce} at once`;
    return [
      line(`a run of ${CASE}`, runs, "wallMs", 1.05),
      line("the time on a core of all threads meanwhile", runs, "coresMs"),
      line(load, whole, "wallMs", 1.05),
      line("the time on a core of all threads meanwhile", whole, "coresMs"),
      line(`its first ${count(FIRST_TURNS)}, while V8 compiles`, first, "wallMs"),
      line(`its last ${count(LATER_TURNS)}`, later, "wallMs"),
    ];
  },
};

/** The whole of what a pair of clusters did. */
function bothOf({ first, later }: Round): Pair {
  return { profiled: sum(first.profiled, later.profiled), plain: sum(first.plain, later.plain) };
}

function sum(some: TurnCosts, more: TurnCosts): TurnCosts {
  return { wallMs: some.wallMs + more.wallMs, coresMs: some.coresMs + more.coresMs };
}

/** @throws {Error} what the last attempt did, if none comes to its end */
async function madeAtLast<Made>(make: () => Promise<Made>): Promise<Made> {
  for (let left = ATTEMPTS - 1; left > 0; left -= 1) {
    try {
      return await make();
    } catch {} // the next one may do
  }
  return await make();
}

/** Who begins alternates. @throws {Error} if a run fails */
async function pairOfRuns(round: number): Promise<Pair> {
  const [first, second] =
    round % 2 === 0 ? (["profiled", "plain"] as const) : (["plain", "profiled"] as const);
  const costs = { [first]: await costsOfRun(first), [second]: await costsOfRun(second) };
  return costs as unknown as Pair;
}

async function costsOfRun(kind: Kind): Promise<TurnCosts> {
  const child = fork(new URL("./fixtures/lab-case.js", import.meta.url), [CASE, kind]);
  const [costs] = await Promise.race([once(child, "message"), once(child, "exit").then(() => [])]);
  if (costs === undefined || costs === null) throw new Error(`A ${kind} run of ${CASE} failed.`);
  return costs as TurnCosts;
}

/** @throws {Error} if a cluster ends too early */
async function pairOfClusters(): Promise<Round> {
  const clusters = { profiled: new Cluster("profiled"), plain: new Cluster("plain") };
  try {
    await Promise.all([clusters.profiled.booted(), clusters.plain.booted()]);
    return { first: await costsOf(FIRST_TURNS, clusters), later: await costsOf(LATER_TURNS, clusters) };
  } finally {
    for (const cluster of Object.values(clusters)) cluster.end();
  }
}

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
  /** Rejects when the process ends. */
  readonly #ended: Promise<never>;
  #costs: TurnCosts = { wallMs: 0, coresMs: 0 };

  constructor(kind: Kind) {
    this.#process = fork(new URL("./fixtures/agreements.js", import.meta.url), [kind]);
    this.#ended = once(this.#process, "exit").then(() => {
      throw new Error(`The ${kind} cluster ended before it was told to; the line above says why.`);
    });
    this.#ended.catch(() => {}); // told to who waits for an answer, if anyone does
  }

  /** Of all turns since the last `forget`. */
  get costs(): TurnCosts {
    return this.#costs;
  }

  forget(): void {
    this.#costs = { wallMs: 0, coresMs: 0 };
  }

  async booted(): Promise<void> {
    await this.#answer();
  }

  async turn(): Promise<void> {
    this.#process.send(TURN);
    const { wallMs, coresMs } = (await this.#answer()) as TurnCosts;
    this.#costs = sum(this.#costs, { wallMs, coresMs });
  }

  end(): void {
    this.#process.kill();
  }

  async #answer(): Promise<unknown> {
    const [answer] = await Promise.race([once(this.#process, "message"), this.#ended]);
    return answer;
  }
}
