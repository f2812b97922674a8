import type { Bench, SpeedPromise } from "./bench.js";
import { type Calls, newArgs } from "./fixtures/caller.js";
import { BarePair } from "./helpers/bare-pair.js";
import { type Cores, coresToHold, holdTo, withThreads } from "./helpers/held-threads.js";
import { PeerGroup } from "./helpers/peer-group.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 20, warmUpRounds: 2, runsPerRound: 3 };
const ONE_AT_A_TIME: Calls = { count: 250, outstanding: 1 };
const ONE_AT_A_TIME_AT_MOST = 1.2;
/** The load of three callers with 100 calls each. */
const PIPELINED: Calls = { count: 3000, outstanding: 3 * 100 };
/** Until V8 has compiled what they run. */
const WARM_UP: Calls = { count: 20_000, outstanding: 1 };

/** Which of two cores each of the three threads has. */
interface Layout {
  readonly where: string;
  readonly main: 0 | 1;
  readonly caller: 0 | 1;
  readonly called: 0 | 1;
}

const LAYOUTS: readonly Layout[] = [
  { where: "the main thread has a core of its own", main: 0, caller: 1, called: 1 },
  { where: "the caller has a core of its own", main: 1, caller: 0, called: 1 },
  { where: "the called peer has a core of its own", main: 1, caller: 1, called: 0 },
  { where: "all three share one core", main: 0, caller: 0, called: 0 },
];

/** Two threads that talk by the main thread, caller and called, and the system's numbers of them. */
interface Pair {
  readonly started: PeerGroup | BarePair;
  readonly threads: readonly number[];
}

/** Bare hops, by what they carry. */
interface Hops extends Pair {
  readonly of: string;
}

/**
 * RPCs from peer to peer, each on its thread, through the router on the main thread; against bare messages
 * that go the same way: caller, main, echo, main, caller. These carry what the RPC carries, a value of a few
 * fields; or as many bytes, which nobody has to make of a value, nor read.
 *
 * Which threads share a core decides more of an RPC alone than all that is done for it, and the system decides that anew
 * all the time, and otherwise for who works a little longer. So both are held to the same cores, and compared as the
 * system places them as well.
 */
export const rpcOnThreads: Bench = {
  title: "an RPC in the mode threads, peer to peer through the router",
  run: async (_options, tell) => {
    const peers = await withThreads(2, () => PeerGroup.start({ mode: "threads", peerCount: 2 }));
    const values = { of: "the value", ...(await bareHops(newArgs())) };
    const bytes = { of: "100 bytes", ...(await bareHops(new Uint8Array(100))) };
    try {
      for (const { started } of [peers, values, bytes]) await started.call(WARM_UP);
      const cores = coresToHold();
      if ("why" in cores) tell(`Threads are not held to cores: ${cores.why}`);
      return [
        ...("why" in cores ? [] : await inEachLayout(cores, peers, [values, bytes])),
        ...(await against([values, bytes], peers, {
          what: "one at a time, the system places the threads",
          calls: ONE_AT_A_TIME,
          promise: ONE_AT_A_TIME_AT_MOST,
        })),
        ...(await against([values, bytes], peers, {
          what: "one of 300 at once",
          calls: PIPELINED,
          promise: 1,
        })),
      ];
    } finally {
      await Promise.all([peers, values, bytes].map(({ started }) => started.close()));
    }
  },
};

function bareHops(message: unknown): Promise<Pair> {
  return withThreads(2, async () => {
    const hops = new BarePair(message);
    await hops.call(ONE_AT_A_TIME); // so that both threads have begun
    return hops;
  });
}

async function inEachLayout(cores: Cores, peers: Pair, bare: readonly Hops[]): Promise<SpeedPromise[]> {
  const lines: SpeedPromise[] = [];
  for (const { where, main, caller, called } of LAYOUTS) {
    holdTo(cores.pair[main], [process.pid]);
    for (const { threads } of [peers, ...bare]) {
      holdTo(cores.pair[caller], threads.slice(0, 1));
      holdTo(cores.pair[called], threads.slice(1));
    }
    const what = `one at a time, ${where}`;
    const promise = ONE_AT_A_TIME_AT_MOST;
    lines.push(...(await against(bare, peers, { what, calls: ONE_AT_A_TIME, promise })));
  }
  holdTo(cores.all, [process.pid, ...[peers, ...bare].flatMap(({ threads }) => threads)]);
  return lines;
}

async function against(
  bare: readonly Hops[],
  peers: Pair,
  { calls, ...line }: Pick<SpeedPromise, "what" | "promise"> & { readonly calls: Calls },
): Promise<SpeedPromise[]> {
  const lines: SpeedPromise[] = [];
  for (const hops of bare) {
    const measured = await compare(timedBy(peers, calls), timedBy(hops, calls), ROUNDS);
    lines.push({ ...line, against: `four bare hops of ${hops.of}`, measured });
  }
  return lines;
}

function timedBy({ started }: Pair, calls: Calls): Contestant {
  return { run: async () => ({ overriddenDuration: (await started.call(calls)) / calls.count }) };
}
