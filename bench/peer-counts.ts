import type { Bench, SpeedPromise } from "./bench.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { type Contestant, compare } from "./rounds.js";

const FEWEST = 3;
const MORE = [5, 9, 25, 101];
const CALLS = 4000;
const ROUNDS = { rounds: 20, warmUpRounds: 2, runsPerRound: 1 };
/** Calls to each of the peers before any counts: each realm has its own code to be compiled. */
const WARM_UP_CALLS = 2000;

/**
 * What an RPC costs in `sim` as peers get more: one of them calls all others in turn, as a leader does, with a
 * call to each under way at any time, and keeps the history.
 */
export const peerCounts: Bench = {
  title: `an RPC in the mode sim, with more peers than ${FEWEST}`,
  run: async () => {
    const few = await startWarm(FEWEST);
    const lines: SpeedPromise[] = [];
    try {
      for (const peers of MORE) lines.push(await comparedTo(few, peers));
      return lines;
    } finally {
      await few.close();
    }
  },
};

async function comparedTo(few: PeerGroup, peerCount: number): Promise<SpeedPromise> {
  const group = await startWarm(peerCount);
  try {
    return {
      what: `one RPC among ${peerCount} peers`,
      against: `among ${FEWEST}`,
      promise: 1.3,
      measured: await compare(calling(group, peerCount), calling(few, FEWEST), ROUNDS),
    };
  } finally {
    await group.close();
  }
}

async function startWarm(peerCount: number): Promise<PeerGroup> {
  const group = await PeerGroup.start({ mode: "sim", peerCount, keepsHistory: true });
  await group.call({ count: WARM_UP_CALLS * (peerCount - 1), outstanding: peerCount - 1 });
  return group;
}

function calling(group: PeerGroup, peerCount: number): Contestant {
  const calls = { count: CALLS, outstanding: peerCount - 1 };
  return { run: async () => ({ overriddenDuration: await group.msPerCall(calls) }) };
}
