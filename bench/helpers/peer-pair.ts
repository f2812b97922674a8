import { fileURLToPath } from "node:url";
import { PeerHandle, type PeerListener } from "../../src/harness/peer-handle.js";
import { decode } from "../../src/labgob/labgob.js";
import { Network } from "../../src/labrpc/network.js";
import { loadProgram } from "../../src/peer/program.js";
import type { ApplyMsg } from "../../src/peer/raft-peer.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import type { Runtime } from "../../src/runtime/runtime.js";
import { PeerThreads } from "../../src/runtime/threads.js";
import type { Calls } from "../fixtures/caller.js";
import { bootSpec, endName } from "./boot-spec.js";

interface Waiting {
  readonly resolve: (tookMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** Two peers of caller.ts on threads, on a reliable network: what a case of the lab stands on, and no more. */
export class PeerPair {
  readonly #threads: PeerThreads;
  readonly #runtime: Runtime;
  readonly #network: Network;
  readonly #peers: readonly PeerHandle[];
  #waiting: Waiting | undefined;

  /** @returns resolves when both peers are on the network */
  static async start(): Promise<PeerPair> {
    const raft = fileURLToPath(new URL("../fixtures/caller.js", import.meta.url));
    const pair = new PeerPair(new PeerThreads(await loadProgram(raft), { spares: 0 }));
    await Promise.all(pair.#peers.map(({ ready }) => ready));
    return pair;
  }

  private constructor(threads: PeerThreads) {
    this.#threads = threads;
    this.#runtime = threads.runtime(1);
    const { clock, random } = this.#runtime;
    this.#network = new Network({ clock, random: random.fork("network") });
    this.#peers = [0, 1].map((peer) => this.#boot(peer));
    this.#network.makeEnd(endName(0, 1));
    this.#network.connect(endName(0, 1), 1);
    this.#network.enable(endName(0, 1), true);
  }

  /** @returns milliseconds that the calls of peer 0 to peer 1 took, on peer 0's own clock */
  async call(calls: Calls): Promise<number> {
    const answer = new Promise<number>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    await this.#peers[0]?.start(calls);
    return answer;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.crash();
    this.#network.cleanup();
    await this.#runtime.close();
    await this.#threads.close();
  }

  #boot(peer: number): PeerHandle {
    const handle = new PeerHandle({
      peer,
      process: this.#runtime.boot(bootSpec(peer, 2)),
      network: this.#network,
      clock: this.#runtime.clock,
      persister: new MemoryPersister(),
      listener: this.#listener,
    });
    this.#network.addServer(peer, handle.server);
    return handle;
  }

  readonly #listener: PeerListener = {
    onSave: () => {},
    onApply: (bytes) => this.#waiting?.resolve(decode<ApplyMsg>(bytes).command as number),
    onLog: ({ text }) => console.error(text),
    onFault: ({ message, stack }) => this.#waiting?.reject(new Error(`${message}\n${stack ?? ""}`)),
  };
}
