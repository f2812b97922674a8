import type { Bench, BenchOptions, SpeedPromise } from "./bench.js";
import { type Calls, newArgs } from "./fixtures/caller.js";
import { BarePair } from "./helpers/bare-pair.js";
import { goCall } from "./helpers/go-call.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { type Contestant, compare, type RoundsOptions } from "./rounds.js";

const ROUNDS: RoundsOptions = { rounds: 30, warmUpRounds: 5, runsPerRound: 1 };
/** A run of Go's benchmark takes seconds. */
const ROUNDS_WITH_GO: RoundsOptions = { rounds: 7, warmUpRounds: 1, runsPerRound: 1 };

/** The call of the benchmark of Go's labrpc, one at a time as there. */
const BENCHMARK: Calls = { count: 3000, outstanding: 1, handler: "handler2" };
const AT_ONCE: Calls = { ...BENCHMARK, outstanding: 300 };
const APPEND_ENTRIES: Calls = { count: 3000, outstanding: 1 };
const IN_LOCKSTEP: Calls = { count: 500, outstanding: 1 };
/** Until V8 has compiled what they run. */
const WARM_UP: Calls = { ...BENCHMARK, count: 20_000 };

/**
 * RPCs from peer to peer in virtual time, through host, codec, kernel and network: in `sim` against the same
 * call in Go's labrpc; in `lockstep`, where a call takes four hops between threads, against bare ones.
 */
export const rpcInSim: Bench = {
  title: "an RPC in the modes sim and lockstep, peer to peer through the router",
  run: async (options, tell) => {
    const bare = await warmPair(false);
    const traced = await warmPair(true);
    try {
      return [
        ...(await againstGo(options, bare, traced, tell)),
        ...(await againstSim(bare, traced)),
        await inLockstep(),
      ];
    } finally {
      await Promise.all([bare.close(), traced.close()]);
    }
  },
};

async function againstGo(
  options: BenchOptions,
  bare: PeerGroup,
  traced: PeerGroup,
  tell: (line: string) => void,
): Promise<SpeedPromise[]> {
  const go = await goCall(options);
  if ("why" in go) {
    tell(`Not compared with Go: ${go.why}`);
    return [];
  }
  const line = async (what: string, group: PeerGroup): Promise<SpeedPromise> => ({
    what: `sim, one at a time${what}`,
    against: "a call of the benchmark of Go's labrpc",
    promise: 1,
    measured: await compare(group.calling(BENCHMARK), go.contestant, ROUNDS_WITH_GO),
  });
  try {
    return [await line("", bare), await line(", its history kept", traced)];
  } finally {
    await go.close();
  }
}

async function againstSim(bare: PeerGroup, traced: PeerGroup): Promise<SpeedPromise[]> {
  const line = async (what: string, ours: Contestant): Promise<SpeedPromise> => ({
    what: `sim, ${what}`,
    against: "one at a time",
    promise: undefined,
    measured: await compare(ours, bare.calling(BENCHMARK), ROUNDS),
  });
  return [
    await line("one of 300 at once", bare.calling(AT_ONCE)),
    await line("its history kept", traced.calling(BENCHMARK)),
    await line("an AppendEntries with one entry, its history kept", traced.calling(APPEND_ENTRIES)),
  ];
}

async function inLockstep(): Promise<SpeedPromise> {
  const group = await PeerGroup.start({ mode: "lockstep", peerCount: 2, keepsHistory: true });
  const hops = new BarePair(newArgs());
  const bareHops: Contestant = {
    run: async () => ({ overriddenDuration: (await hops.call(IN_LOCKSTEP)) / IN_LOCKSTEP.count }),
  };
  try {
    return {
      what: "lockstep, an AppendEntries at a time, its history kept",
      against: "four bare hops of the value",
      promise: undefined,
      measured: await compare(group.calling(IN_LOCKSTEP), bareHops, ROUNDS),
    };
  } finally {
    await Promise.all([group.close(), hops.close()]);
  }
}

async function warmPair(keepsHistory: boolean): Promise<PeerGroup> {
  const pair = await PeerGroup.start({ mode: "sim", peerCount: 2, keepsHistory });
  await pair.call(WARM_UP);
  return pair;
}
