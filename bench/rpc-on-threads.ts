import type { Bench, SpeedPromise } from "./bench.js";
import type { Calls } from "./fixtures/caller.js";
import { BarePair } from "./helpers/bare-pair.js";
import { PeerPair } from "./helpers/peer-pair.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 40, warmUpRounds: 8, runsPerRound: 3 };
const ONE_AT_A_TIME: Calls = { count: 250, outstanding: 1 };
/** The load of three callers with 100 calls each. */
const PIPELINED: Calls = { count: 3000, outstanding: 3 * 100 };

/**
 * One RPC from peer to peer, each on its thread, through the router on the main thread; against bare
 * messages of its size that go the same way: caller, main, echo, main, caller.
 */
export const rpcOnThreads: Bench = {
  title: "an RPC in the mode threads, peer to peer through the router",
  run: async () => {
    const peers = await PeerPair.start();
    const bare = new BarePair();
    try {
      return [
        await promised("one RPC at a time", "four bare MessagePort hops", 1.2, ONE_AT_A_TIME),
        await promised("an RPC of 300 at once", "four hops of bare, pipelined postMessage", 1, PIPELINED),
      ];
    } finally {
      await Promise.all([peers.close(), bare.close()]);
    }

    async function promised(
      what: string,
      against: string,
      promise: number,
      calls: Calls,
    ): Promise<SpeedPromise> {
      const measured = await compare(timedBy(peers, calls), timedBy(bare, calls), ROUNDS);
      return { what, against, promise, measured };
    }
  },
};

function timedBy(pair: PeerPair | BarePair, calls: Calls): Contestant {
  return { run: async () => ({ overriddenDuration: (await pair.call(calls)) / calls.count }) };
}
