import type { Bench, SpeedPromise } from "./bench.js";
import type { Calls } from "./fixtures/caller.js";
import { OwnProcess } from "./helpers/own-process.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 40, warmUpRounds: 2, runsPerRound: 3 };
const ONE_AT_A_TIME: Calls = { count: 250, outstanding: 1 };
/** The load of three callers with 100 calls each. */
const PIPELINED: Calls = { count: 3000, outstanding: 3 * 100 };
/** Until V8 has compiled what they run. */
const WARM_UP: readonly Calls[] = [
  { count: 60_000, outstanding: 300 },
  { count: 10_000, outstanding: 1 },
];

/** What an RPC does is promised against the first: it carries a value. Of bytes, nobody has to make them, nor read them. */
const HOPS = ["hops of the value", "hops of 100 bytes"] as const;

/**
 * RPCs from peer to peer, each on its thread, through the router on the main thread; against bare messages
 * that go the same way: caller, main, echo, main, caller.
 *
 * Each has a process of its own, as a run has. The system decides at each message which core a thread wakes on, by the
 * load of late; threads that have just been at it in the same process lead it elsewhere, and an RPC and a bare hop
 * differently so.
 */
export const rpcOnThreads: Bench = {
  title: "an RPC in the mode threads, peer to peer through the router",
  run: async () => {
    const rpc = new OwnProcess("rpc");
    const hops = HOPS.map((of) => ({ of, process: new OwnProcess(of) }));
    const all = [rpc, ...hops.map(({ process }) => process)];
    const against = async (what: string, calls: Calls, promises: readonly (number | undefined)[]) => {
      const lines: SpeedPromise[] = [];
      for (const [i, { of, process }] of hops.entries()) {
        const measured = await compare(timedBy(rpc, calls), timedBy(process, calls), ROUNDS);
        lines.push({ what, against: `four bare ${of}`, promise: promises[i], measured });
      }
      return lines;
    };
    try {
      for (const threads of all) {
        for (const calls of WARM_UP) await threads.call(calls);
      }
      return [
        ...(await against("one at a time", ONE_AT_A_TIME, [1.2, undefined])),
        ...(await against("one of 300 at once", PIPELINED, [1, 1])),
      ];
    } finally {
      await Promise.all(all.map((threads) => threads.close()));
    }
  },
};

function timedBy(threads: OwnProcess, calls: Calls): Contestant {
  return { run: async () => ({ overriddenDuration: (await threads.call(calls)) / calls.count }) };
}
