import type { Bench, BenchOptions, SpeedPromise } from "./bench.js";
import { ARGS, type Calls } from "./fixtures/caller.js";
import { BarePair } from "./helpers/bare-pair.js";
import { goCall } from "./helpers/go-call.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { type Contestant, compare, type RoundsOptions } from "./rounds.js";

const ROUNDS: RoundsOptions = { rounds: 30, warmUpRounds: 10, runsPerRound: 1 };
/** What the benchmark of Go's labrpc does, though it makes 100,000 of them. */
const BENCHMARK: Calls = { count: 3000, outstanding: 1, handler: "handler2" };
const BENCHMARK_AT_ONCE: Calls = { count: 3000, outstanding: 300, handler: "handler2" };
const APPEND_ENTRIES: Calls = { count: 3000, outstanding: 1 };
const IN_LOCKSTEP: Calls = { count: 500, outstanding: 1 };

/**
 * RPCs from peer to peer in virtual time, through host, codec, kernel and network: in `sim` against the same
 * call in Go's labrpc; in `lockstep`, where a call takes four hops between threads, against bare ones.
 */
export const rpcInSim: Bench = {
  title: "an RPC in the modes sim and lockstep, peer to peer through the router",
  run: async (options, tell) => [...(await inSim(options, tell)), await inLockstep()],
};

async function inSim(options: BenchOptions, tell: (line: string) => void): Promise<SpeedPromise[]> {
  const go = await goCall(options);
  if (go.us === undefined) tell(`Go: not measured. ${go.why}`);
  const bare = await PeerGroup.start({ mode: "sim", peerCount: 2 });
  const traced = await PeerGroup.start({ mode: "sim", peerCount: 2, keepsHistory: true });
  const measure = async (group: PeerGroup, calls: Calls, what: string): Promise<SpeedPromise | undefined> => {
    const measured = await compare(calling(group, calls), constantly(go.us ?? Number.NaN), ROUNDS);
    if (go.us !== undefined)
      return { what, against: "a call of Go's labrpc benchmark", promise: 1, measured };
    tell(`${(measured.whatMs * 1000).toFixed(1).padStart(8)} µs  ${what}`);
    return undefined;
  };
  try {
    const lines = [
      await measure(bare, BENCHMARK, "sim, Go's benchmark call"),
      await measure(traced, BENCHMARK, "sim, the same, its history kept"),
      await measure(bare, BENCHMARK_AT_ONCE, "sim, one of 300 at once"),
      await measure(traced, APPEND_ENTRIES, "sim, an AppendEntries with one entry, its history kept"),
    ];
    return lines.filter((line) => line !== undefined);
  } finally {
    await Promise.all([bare.close(), traced.close()]);
  }
}

async function inLockstep(): Promise<SpeedPromise> {
  const group = await PeerGroup.start({ mode: "lockstep", peerCount: 2, keepsHistory: true });
  const hops = new BarePair(ARGS);
  const bareHops: Contestant = {
    run: async () => ({ overriddenDuration: (await hops.call(IN_LOCKSTEP)) / IN_LOCKSTEP.count }),
  };
  try {
    return {
      what: "lockstep, one at a time",
      against: "four bare hops of the value",
      promise: undefined,
      measured: await compare(calling(group, IN_LOCKSTEP), bareHops, ROUNDS),
    };
  } finally {
    await Promise.all([group.close(), hops.close()]);
  }
}

function calling(group: PeerGroup, calls: Calls): Contestant {
  return { run: async () => ({ overriddenDuration: await group.msPerCall(calls) }) };
}

function constantly(us: number): Contestant {
  return { run: async () => ({ overriddenDuration: us / 1000 }) };
}
