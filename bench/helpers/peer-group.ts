import { fileURLToPath } from "node:url";
import { PeerHandle, type PeerListener } from "../../src/harness/peer-handle.js";
import { Network } from "../../src/labrpc/network.js";
import { loadProgram, type Program } from "../../src/peer/program.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import { Lockstep } from "../../src/runtime/lockstep.js";
import type { Mode, Runtime } from "../../src/runtime/runtime.js";
import { Sim } from "../../src/runtime/sim.js";
import { PeerThreads } from "../../src/runtime/threads.js";
import { History } from "../../src/trace/history.js";
import { Recorder } from "../../src/trace/recorder.js";
import type { Calls } from "../fixtures/caller.js";
import type { Contestant } from "../rounds.js";
import { bootSpec, endName } from "./boot-spec.js";

export interface PeerGroupOptions {
  readonly mode: Mode;
  readonly peerCount: number;
  /** Whether all that the network does is hashed, as in every run in virtual time. */
  readonly keepsHistory?: boolean;
}

interface Waiting {
  readonly resolve: (tookMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** Gives a program runtimes of one mode. */
interface World {
  runtime(seed: number): Runtime;
  close?(): Promise<void>;
}

/** Peers of caller.ts on a reliable network: what a case of the lab stands on, and no more. */
export class PeerGroup {
  readonly #world: World;
  readonly #runtime: Runtime;
  readonly #network: Network;
  readonly #peers: readonly PeerHandle[];
  #waiting: Waiting | undefined;

  /** @returns resolves when all peers are on the network */
  static async start(options: PeerGroupOptions): Promise<PeerGroup> {
    const raft = fileURLToPath(new URL("../fixtures/caller.js", import.meta.url));
    const group = new PeerGroup(worldOf(options.mode, await loadProgram(raft)), options);
    await Promise.all(group.#peers.map(({ ready }) => ready));
    return group;
  }

  private constructor(world: World, { peerCount, keepsHistory = false }: PeerGroupOptions) {
    this.#world = world;
    this.#runtime = world.runtime(1);
    const { clock, random } = this.#runtime;
    const trace = keepsHistory ? new Recorder(clock, [new History().see]) : undefined;
    this.#network = new Network({ clock, random: random.fork("network"), trace });
    this.#peers = Array.from({ length: peerCount }, (_, peer) => this.#boot(peer, peerCount));
    for (let server = 1; server < peerCount; server += 1) {
      this.#network.makeEnd(endName(0, server));
      this.#network.connect(endName(0, server), server);
      this.#network.enable(endName(0, server), true);
    }
  }

  /** @returns milliseconds that the calls of peer 0 to the others took, on peer 0's own clock */
  async call(calls: Calls): Promise<number> {
    const answer = new Promise<number>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    await this.#peers[0]?.start(calls);
    return answer;
  }

  /** Makes the calls; its cost is that of one, on this thread's clock: that of peers in virtual time is virtual. */
  calling(calls: Calls): Contestant {
    return {
      run: async () => {
        const startedAtMs = performance.now();
        await this.call(calls);
        return { overriddenDuration: (performance.now() - startedAtMs) / calls.count };
      },
    };
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) peer.crash();
    this.#network.cleanup();
    await this.#runtime.close();
    await this.#world.close?.();
  }

  #boot(peer: number, peerCount: number): PeerHandle {
    const handle = new PeerHandle({
      peer,
      process: this.#runtime.boot(bootSpec(peer, peerCount)),
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
    onApply: ({ command }) => this.#waiting?.resolve(command as number),
    onLog: ({ text }) => console.error(text),
    onFault: ({ message, stack }) => this.#waiting?.reject(new Error(`${message}\n${stack ?? ""}`)),
  };
}

function worldOf(mode: Mode, program: Program): World {
  switch (mode) {
    case "threads":
      return new PeerThreads(program, { spares: 0 });
    case "lockstep":
      return new Lockstep(program);
    case "sim":
      return new Sim(program);
    default:
      return mode satisfies never;
  }
}
