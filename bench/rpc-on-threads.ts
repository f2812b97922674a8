import type { Bench, SpeedPromise } from "./bench.js";
import { type Calls, newArgs } from "./fixtures/caller.js";
import { BarePair } from "./helpers/bare-pair.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 40, warmUpRounds: 10, runsPerRound: 3 };
const ONE_AT_A_TIME: Calls = { count: 250, outstanding: 1 };
/** The load of three callers with 100 calls each. */
const PIPELINED: Calls = { count: 3000, outstanding: 3 * 100 };

/**
 * RPCs from peer to peer, each on its thread, through the router on the main thread; against bare messages
 * that go the same way: caller, main, echo, main, caller. These carry what the RPC carries, a value of a few
 * fields; or as many bytes, which nobody has to make of a value, nor read.
 */
export const rpcOnThreads: Bench = {
  title: "an RPC in the mode threads, peer to peer through the router",
  run: async () => {
    const peers = await PeerGroup.start({ mode: "threads", peerCount: 2 });
    const values = new BarePair(newArgs());
    const bytes = new BarePair(new Uint8Array(100));
    const compared = async (
      what: string,
      calls: Calls,
      promise: number,
      against: string,
      bare: BarePair,
    ): Promise<SpeedPromise> => {
      const measured = await compare(timedBy(peers, calls), timedBy(bare, calls), ROUNDS);
      return { what, against, promise, measured };
    };
    try {
      return [
        await compared("one at a time", ONE_AT_A_TIME, 1.2, "four bare hops of the value", values),
        await compared("one at a time", ONE_AT_A_TIME, 1.2, "four bare hops of 100 bytes", bytes),
        await compared("one of 300 at once", PIPELINED, 1, "four bare hops of the value", values),
        await compared("one of 300 at once", PIPELINED, 1, "four bare hops of 100 bytes", bytes),
      ];
    } finally {
      await Promise.all([peers.close(), values.close(), bytes.close()]);
    }
  },
};

function timedBy(pair: PeerGroup | BarePair, calls: Calls): Contestant {
  return { run: async () => ({ overriddenDuration: (await pair.call(calls)) / calls.count }) };
}
