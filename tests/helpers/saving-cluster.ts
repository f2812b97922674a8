import { fileURLToPath } from "node:url";
import { Cluster } from "../../src/harness/cluster.js";
import type { ClientEnd } from "../../src/labrpc/client-end.js";
import { Server, Service } from "../../src/labrpc/server.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import { sleep } from "../../src/runtime/clock.js";
import type { Random } from "../../src/runtime/random.js";
import type { Runtime } from "../../src/runtime/runtime.js";
import type { Found, Saved } from "../fixtures/saving-peer.js";
import { contentsOf, numberIn } from "./numbered-saves.js";

/** What the peers of a `SavingCluster` run. */
export const SAVING_PEER = fileURLToPath(new URL("../fixtures/saving-peer.ts", import.meta.url));

/** Calls that the outside makes to a peer in each of its lives, all at once. */
const CALLS_PER_LIFE = 5;
const MAX_LIFE_MS = 5;
const MAX_SAVES_HEARD = 12;

/** What the outside knows of one peer's saves, and means to do to it. */
interface Watched {
  /** The highest save that it knows to be done. */
  known: number;
  /** What the peer must find at its next birth, where that is known. */
  mustFind: number | undefined;
  /** The outside kills the peer when it hears of a save, the one after `left - 1` others. */
  ambush: { left: number; readonly sprung: () => void } | undefined;
}

/**
 * Peers that save without end, and the outside, server 0, which kills them. It learns that a save is done
 * from the peer's calls, and from the replies to its own.
 */
export class SavingCluster {
  /** How often a peer has told what it found at birth. */
  births = 0;
  /** How often the outside has been told that a save is done. */
  saves = 0;
  /** What peers found that cannot be: a state that is not whole, or is known to be outdated. */
  readonly wrong: string[] = [];
  readonly #cluster: Cluster;
  readonly #peers: readonly Watched[];

  /** @param runtime runs `SAVING_PEER` */
  constructor(runtime: Runtime, peerCount: number) {
    this.#cluster = new Cluster({ n: peerCount + 1, runtime });
    this.#peers = Array.from({ length: peerCount + 1 }, () => ({
      known: 0,
      mustFind: undefined,
      ambush: undefined,
    }));
    const found = (what: Found) => this.#found(what);
    const saved = ({ peer, number }: Saved) => this.#saved(peer, number);
    const outside = new Server();
    outside.addService(new Service("Outside", { found, saved }));
    this.#cluster.network.addServer(0, outside);
    this.#cluster.connect(0);
  }

  /** Boots peer `peer`, 1 and up, and boots it again after each of `kills` kills. */
  async killAgainAndAgain(peer: number, kills: number): Promise<void> {
    const { network } = this.#cluster;
    const random = this.#cluster.runtime.random.fork(`kills of ${peer}`);
    const end = network.makeEnd(`to ${peer}`);
    network.connect(end.name, peer);
    network.enable(end.name, true);
    await this.#boot(peer);
    for (let kill = 1; kill <= kills; kill += 1) {
      for (let call = 1; call <= CALLS_PER_LIFE; call += 1) void this.#askForSave(peer, end);
      if (random.percent(50)) await this.#killAtSomeTime(peer, random);
      else await this.#killAmidBatch(peer, random);
      await this.#boot(peer);
    }
  }

  async close(): Promise<void> {
    this.#cluster.cleanup();
    await this.#cluster.runtime.close();
  }

  async #boot(peer: number): Promise<void> {
    const booted = this.#cluster.start1(peer);
    this.#cluster.connect(peer); // now, for what it says first it says before it is ready
    await booted;
  }

  async #killAtSomeTime(peer: number, random: Random): Promise<void> {
    await sleep(this.#cluster.runtime.clock, random.int(0, MAX_LIFE_MS));
    this.#cluster.crash1(peer);
  }

  /** What is said in one turn arrives as one batch, so the outside strikes while it hears one. */
  async #killAmidBatch(peer: number, random: Random): Promise<void> {
    await new Promise<void>((sprung) => {
      this.#watched(peer).ambush = { left: random.int(1, MAX_SAVES_HEARD), sprung };
    });
  }

  async #askForSave(peer: number, end: ClientEnd): Promise<void> {
    const number = await end.call<number>("Raft.save", null);
    if (number !== undefined) this.#knows(peer, number);
  }

  #saved(peer: number, number: number): boolean {
    this.#knows(peer, number);
    const watched = this.#watched(peer);
    const { ambush } = watched;
    if (!ambush) return true;
    ambush.left -= 1;
    if (ambush.left > 0) return true;
    watched.ambush = undefined;
    watched.mustFind = number; // later saves of its batch are words of the dead
    this.#cluster.crash1(peer);
    ambush.sprung();
    return true;
  }

  #knows(peer: number, number: number): void {
    this.saves += 1;
    const watched = this.#watched(peer);
    watched.known = Math.max(watched.known, number);
  }

  #found({ peer, state, snapshot }: Found): boolean {
    this.births += 1;
    const watched = this.#watched(peer);
    const number = numberIn(new MemoryPersister(state, snapshot));
    const saved = contentsOf(number);
    const isWhole =
      Buffer.compare(state, saved.state) === 0 && Buffer.compare(snapshot, saved.snapshot) === 0;
    if (!isWhole) this.wrong.push(`peer ${peer} found a save ${number} that is not whole`);
    if (number < (watched.mustFind ?? watched.known) || number > (watched.mustFind ?? Infinity)) {
      this.wrong.push(`peer ${peer} found save ${number}, but save ${watched.known} was known to be done`);
    }
    watched.mustFind = undefined;
    return true;
  }

  #watched(peer: number): Watched {
    const watched = this.#peers[peer];
    if (!watched) throw new RangeError(`there is no peer ${peer}`);
    return watched;
  }
}
