import type { Bench, SpeedPromise } from "./bench.js";
import type { Calls } from "./fixtures/caller.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { compare } from "./rounds.js";

const FEWEST = 3;
const MORE = [5, 9, 25, 101];
const CALLS = 4000;
const IN_A_ROW = 60;
const ROUNDS = { rounds: 12, warmUpRounds: 1, runsPerRound: 1 };
/** Calls to each of the peers before any counts: each evaluates the file for itself, and V8 compiles it anew. */
const WARM_UP_CALLS = 2000;

/**
 * What an RPC costs in `sim` as peers get more: one of them calls all others in turn, as a leader does, with a
 * call to each under way at any time, and the history is kept. The last line has as many peers, but each of them
 * called some times in a row: what is cheaper then is what the machine's caches hold of one peer and not of all.
 */
export const peerCounts: Bench = {
  title: `an RPC in the mode sim, with more peers than ${FEWEST}`,
  run: async () => {
    const few = await startWarm(FEWEST);
    const lines: SpeedPromise[] = [];
    try {
      for (const peers of MORE) lines.push(...(await comparedTo(few, peers)));
      return lines;
    } finally {
      await few.close();
    }
  },
};

async function comparedTo(few: PeerGroup, peerCount: number): Promise<SpeedPromise[]> {
  const group = await startWarm(peerCount);
  const line = async (how: string, promise: number | undefined, load: (peerCount: number) => Calls) => ({
    what: `one RPC among ${peerCount} peers${how}`,
    against: `among ${FEWEST}`,
    promise,
    measured: await compare(group.calling(load(peerCount)), few.calling(load(FEWEST)), ROUNDS),
  });
  try {
    const inTurn = await line("", 1.3, (peers) => ({ count: CALLS, outstanding: peers - 1 }));
    if (peerCount !== MORE.at(-1)) return [inTurn];
    const inARow = { count: IN_A_ROW * (peerCount - 1), outstanding: 1, inARow: IN_A_ROW };
    return [inTurn, await line(`, ${IN_A_ROW} in a row to each`, undefined, () => inARow)];
  } finally {
    await group.close();
  }
}

async function startWarm(peerCount: number): Promise<PeerGroup> {
  const group = await PeerGroup.start({ mode: "sim", peerCount, keepsHistory: true });
  await group.call({ count: WARM_UP_CALLS * (peerCount - 1), outstanding: peerCount - 1 });
  return group;
}
