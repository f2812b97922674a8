import type { CaseDefinition, RunResult } from "../src/harness/case.js";
import type { Config } from "../src/harness/config.js";
import { runCase } from "../src/harness/runner.js";
import { loadProgram, type Program, REFERENCE_RAFT } from "../src/peer/program.js";
import { profileCase } from "../src/profile/profile-run.js";
import { PeerThreads } from "../src/runtime/threads.js";
import type { TraceEvent, TraceRecord, TraceSink } from "../src/trace/event.js";
import type { Bench } from "./bench.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 61, warmUpRounds: 1, runsPerRound: 1 };
const ATTEMPTS = 5;
const PEERS = 3;
const SEED = 1;

/** Commands agreed on in one run, and how many of them are under way at once. */
const COMMANDS = 2000;
const AT_ONCE = 20;
const WARM_UP_COMMANDS = 300;

/** What being profiled costs: the same run with the profiler and without. */
export const profileCost: Bench = {
  title: "a run that is profiled",
  run: async () => {
    const program = await loadProgram(REFERENCE_RAFT);
    const line = async (what: string, cost: Cost) => ({
      what: `${what}, profiled`,
      against: "not profiled",
      promise: 1.05,
      measured: await compare(profiledRun(program, cost), plainRun(program, cost), ROUNDS),
    });
    return [
      await line(`${COMMANDS} commands agreed on, ${AT_ONCE} at once`, "wall"),
      await line("the time on a core of all threads meanwhile", "cores"),
    ];
  },
};

/** What is compared: how long it took, or how much of the cores. */
type Cost = "wall" | "cores";

interface Costs {
  wallMs: number;
  coresMs: number;
}

function profiledRun(program: Program, cost: Cost): Contestant {
  const options = { program, seed: SEED, trace: false, cpuProfile: false };
  return costing(cost, async ({ definition, applies }) => {
    const { result } = await profileCase(definition, { ...options, listeners: [applies] });
    return result;
  });
}

/** As `whitewater test` makes a run: with listeners to its events, which the profiler goes without. */
function plainRun(program: Program, cost: Cost): Contestant {
  return costing(cost, async ({ definition, applies }) => {
    const threads = new PeerThreads(program);
    try {
      const listeners = [({ event }: TraceRecord) => applies.record(event)];
      return await runCase(definition, { runtime: threads.runtime(SEED), seed: SEED, listeners });
    } finally {
      await threads.close();
    }
  });
}

/** A run that does not come to its end, as when a leader is held up for too long, is made again. */
function costing(cost: Cost, make: (run: Agreements) => Promise<RunResult>): Contestant {
  return {
    run: async () => {
      for (let attempt = 1; ; attempt += 1) {
        const run = agreements();
        const { error } = await make(run);
        if (!error) return { overriddenDuration: cost === "wall" ? run.costs.wallMs : run.costs.coresMs };
        if (attempt === ATTEMPTS) throw new Error(error.message);
      }
    },
  };
}

/** Resolves waits for an index as soon as a peer has applied it. */
class Applies implements TraceSink {
  readonly #waiting = new Map<number, () => void>();
  #highest = 0;

  record(event: TraceEvent): void {
    if (event.kind !== "apply" || event.index <= this.#highest) return;
    this.#highest = event.index;
    this.#waiting.get(event.index)?.();
    this.#waiting.delete(event.index);
  }

  until(index: number): Promise<void> {
    if (index <= this.#highest) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(index, resolve);
    });
  }
}

interface Agreements {
  readonly definition: CaseDefinition;
  readonly costs: Costs;
  readonly applies: Applies;
}

/** A case that keeps agreements under way all the time, and what they cost once everything is compiled. */
function agreements(): Agreements {
  const costs: Costs = { wallMs: 0, coresMs: 0 };
  const applies = new Applies();
  const run = async (cfg: Config): Promise<void> => {
    const leader = await cfg.checkOneLeader();
    const agree = async (from: number, to: number): Promise<void> => {
      let next = from;
      const client = async (): Promise<void> => {
        while (next < to) {
          next += 1;
          const { index, isLeader } = await cfg.start(leader, next);
          if (!isLeader) throw cfg.fail("the leader lost its office: the machine is too busy for it");
          await applies.until(index);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, client));
    };
    await agree(0, WARM_UP_COMMANDS);
    const startedAtMs = performance.now();
    const before = process.cpuUsage();
    await agree(WARM_UP_COMMANDS, WARM_UP_COMMANDS + COMMANDS);
    const { user, system } = process.cpuUsage(before);
    costs.wallMs = performance.now() - startedAtMs;
    costs.coresMs = (user + system) / 1000;
  };
  const definition = { name: "Agreements", part: "bench", title: "agreements", servers: PEERS, run };
  return { definition, costs, applies };
}
