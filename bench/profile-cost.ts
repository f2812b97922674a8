import { fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, SpeedPromise } from "./bench.js";
import type { RunCosts } from "./fixtures/agreements.js";
import type { Kind } from "./helpers/profiled-or-not.js";
import { comparisonOf } from "./rounds.js";

const ROUNDS = 15;
/** A short one of the lab's, which agrees on some commands at once and counts the RPCs. */
const CASE = "TestCount3B";
/** Some 5 to 6 s: `whitewater profile --load` runs for 6 unless told otherwise, its warm-up included. */
const COMMANDS = 54_000;
/** A cluster can lose its leader when it is held up for too long, and a case can fail: the pair is then made again. */
const ATTEMPTS = 5;

/** What a run took that is profiled, and what one that is not. */
type Pair = Readonly<Record<Kind, RunCosts>>;

/** What being profiled costs: to a run of one of the lab's cases; and where a cluster agrees as fast as it can. */
export const profileCost: Bench = {
  title: "a run that is profiled",
  run: async () => [
    ...(await lines(`a run of ${CASE}`, "lab-case", CASE)),
    ...(await lines(`a run of ${COMMANDS} commands, 20 at once`, "agreements", `${COMMANDS}`)),
  ],
};

async function lines(what: string, fixture: string, argument: string): Promise<SpeedPromise[]> {
  const pairs: Pair[] = [];
  while (pairs.length < ROUNDS) pairs.push(await madeAtLast(() => pair(fixture, argument, pairs.length)));
  const line = (of: string, cost: keyof RunCosts, promise?: number): SpeedPromise => {
    const costs = pairs.map(({ profiled, plain }) => ({ whatMs: profiled[cost], againstMs: plain[cost] }));
    return { what: `${of}, profiled`, against: "not profiled", promise, measured: comparisonOf(costs) };
  };
  return [line(what, "wallMs", 1.05), line("the time on a core of all threads meanwhile", "coresMs")];
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

/** One run after the other, in processes of their own; who begins alternates. @throws {Error} if a run fails */
async function pair(fixture: string, argument: string, round: number): Promise<Pair> {
  const kinds: readonly Kind[] = round % 2 === 0 ? ["profiled", "plain"] : ["plain", "profiled"];
  const costs: Partial<Record<Kind, RunCosts>> = {};
  for (const kind of kinds) costs[kind] = await costsOfRun(fixture, argument, kind);
  return costs as Pair;
}

async function costsOfRun(fixture: string, argument: string, kind: Kind): Promise<RunCosts> {
  const child = fork(new URL(`./fixtures/${fixture}.js`, import.meta.url), [argument, kind]);
  const ended = once(child, "exit");
  const [costs] = await Promise.race([once(child, "message"), ended.then(() => [])]);
  await ended; // the next one has the machine to itself
  if (costs === undefined || costs === null) throw new Error(`A ${kind} run of ${argument} failed.`);
  return costs as RunCosts;
}
