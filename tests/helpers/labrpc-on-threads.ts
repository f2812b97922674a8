import { fileURLToPath } from "node:url";
import { PeerHandle } from "../../src/harness/peer-handle.js";
import { decode, encode } from "../../src/labgob/labgob.js";
import { Network } from "../../src/labrpc/network.js";
import type { Fault, Name } from "../../src/labrpc/wire.js";
import { MemoryPersister } from "../../src/persister/memory-persister.js";
import type { Runtime } from "../../src/runtime/runtime.js";
import type { CallOrder } from "../fixtures/junk-peer.js";
import { dispatched } from "./asked.js";
import type { Caller, JunkServerProbe, LabrpcFixture } from "./labrpc-cases.js";

/** What the peers of a `ThreadsFixture` run. */
export const JUNK_PEER = fileURLToPath(new URL("../fixtures/junk-peer.ts", import.meta.url));

/** Every end that a case makes: a peer learns the names of its ends when it is born. */
const END_NAMES: readonly Name[] = ["end1-99", "c", ...Array.from({ length: 300 }, (_, client) => client)];

const NOTHING = new Uint8Array(0);

/**
 * The lab's labrpc tests on real threads: each server is a peer on a worker thread of its own, and all the
 * ends are another's. A call goes from the caller's thread over its link to the network, over the server's
 * link to the server, and back the same way.
 */
export class ThreadsFixture implements LabrpcFixture {
  readonly network: Network;
  readonly benchmarkCalls = 3000;
  /** Rejects when a peer says a fault, for which a call would else wait in vain. */
  readonly faulted: Promise<never>;
  readonly #runtime: Runtime;
  #caller: Promise<PeerHandle> | undefined;
  #peerCount = 0;
  #fail: (error: Error) => void = () => {};

  /** @param runtime runs `JUNK_PEER` on threads */
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.network = new Network({ clock: runtime.clock, random: runtime.random.fork("network") });
    this.faulted = new Promise((_, reject) => {
      this.#fail = reject;
    });
  }

  async addJunkServer(name: Name): Promise<JunkServerProbe> {
    const { server } = await this.#boot([]);
    this.network.addServer(name, server);
    return { log2Length: async () => decode(await dispatched(server, "Probe.log2Length", encode(null))) };
  }

  async makeEnd(name: Name): Promise<Caller> {
    const end = END_NAMES.indexOf(name);
    if (end < 0) throw new RangeError(`The caller's thread was born without an end ${name}.`);
    this.network.makeEnd(name);
    this.#caller ??= this.#boot(END_NAMES);
    const { server } = await this.#caller;
    return {
      // The order goes past the network, so only the call that it makes counts. It takes two hops of its own,
      // which the time of a call seen from here has in it.
      call: async <Reply>(svcMeth: string, args: unknown) => {
        const order: CallOrder = { end, svcMeth, args };
        return decode<{ reply: Reply | undefined }>(await dispatched(server, "Caller.call", encode(order)))
          .reply;
      },
    };
  }

  /** Ends every thread. */
  async close(): Promise<void> {
    this.network.cleanup();
    await this.#runtime.close();
  }

  async #boot(ends: readonly Name[]): Promise<PeerHandle> {
    this.#peerCount += 1;
    const peer = this.#peerCount;
    const spec = { peer, incarnation: 1, ends, state: NOTHING, snapshot: NOTHING, seed: peer };
    const handle = new PeerHandle({
      peer,
      process: this.#runtime.boot(spec),
      network: this.network,
      clock: this.#runtime.clock,
      persister: new MemoryPersister(),
      listener: {
        onSave() {},
        onApply() {},
        onLog() {},
        onFault: (fault) => this.#fail(errorOf(peer, fault)),
      },
    });
    await handle.ready;
    return handle;
  }
}

function errorOf(peer: number, { kind, message, stack = "" }: Fault): Error {
  return new Error(`peer ${peer}, ${kind}: ${message}\n${stack}`);
}
