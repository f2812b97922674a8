import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import type { PeerThread } from "../src/runtime/peer-thread.js";
import { PeerThreads } from "../src/runtime/threads.js";
import type { Bench, SpeedPromise } from "./bench.js";
import { bootSpec } from "./helpers/boot-spec.js";
import { type Contestant, compare } from "./rounds.js";

const ROUNDS = { rounds: 50, warmUpRounds: 2, runsPerRound: 1 };

/** From the order to boot a peer of the reference Raft until its `make` has returned and its `ready` is heard. */
export const boot: Bench = {
  title: "the boot of a peer on a thread",
  run: async () => {
    const threads = new PeerThreads(await loadProgram(REFERENCE_RAFT), { spares: 0 });
    const promised = async (
      what: string,
      count: number,
      promise: number | undefined,
      ours: Contestant,
    ): Promise<SpeedPromise> => {
      const against = `new Worker("") until it is online, ${count} at once`;
      return { what, against, promise, measured: await compare(ours, bareWorkers(count), ROUNDS) };
    };
    try {
      return [
        await promised("one peer", 1, 1.3, freshPeers(threads, 1)),
        await promised("five peers at once", 5, 1.3, freshPeers(threads, 5)),
        await promised("one peer, on a spare thread", 1, undefined, sparePeers(threads, 1)),
        await promised("five peers at once, on spare threads", 5, undefined, sparePeers(threads, 5)),
      ];
    } finally {
      await threads.close();
    }
  },
};

/** Peers on threads that begin with them. */
function freshPeers(threads: PeerThreads, count: number): Contestant {
  let booted: PeerThread[] = [];
  return {
    run: async () => {
      booted = take(threads, count);
      await Promise.all(booted.map(becomePeer));
    },
    after: () => endAll(booted),
  };
}

/** Peers on threads that stood ready, as after a crash. */
function sparePeers(threads: PeerThreads, count: number): Contestant {
  let spares: PeerThread[] = [];
  return {
    before: async () => {
      spares = take(threads, count);
      await Promise.all(spares.map(({ ready }) => ready));
    },
    run: async () => {
      await Promise.all(spares.map(becomePeer));
    },
    after: () => endAll(spares),
  };
}

function bareWorkers(count: number): Contestant {
  let workers: Worker[] = [];
  return {
    run: async () => {
      workers = Array.from({ length: count }, () => new Worker("", { eval: true }));
      await Promise.all(workers.map((worker) => once(worker, "online")));
    },
    after: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function take(threads: PeerThreads, count: number): PeerThread[] {
  return Array.from({ length: count }, () => threads.take());
}

function becomePeer(thread: PeerThread, peer: number, { length }: readonly PeerThread[]): Promise<void> {
  return new Promise((resolve, reject) => {
    thread.link.onMessage((message) => {
      if (message.kind === "ready") resolve();
      if (message.kind === "fault") reject(new Error(message.fault.message));
    });
    thread.become(bootSpec(peer, length));
  });
}

async function endAll(threads: readonly PeerThread[]): Promise<void> {
  for (const thread of threads) thread.terminate();
  await Promise.all(threads.map(({ ended }) => ended));
}
