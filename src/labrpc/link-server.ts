import type { Clock } from "../runtime/clock.js";
import type { Link } from "../runtime/link.js";
import type { Asker } from "./asker.js";
import type { RpcServer } from "./network.js";
import type { MainToPeer, PeerToMain } from "./wire.js";

/** A request whose handler has not settled. */
export interface Unanswered {
  readonly rpcId: number;
  readonly svcMeth: string;
  /** Milliseconds since it was said to the peer. */
  readonly forMs: number;
}

interface Pending {
  readonly svcMeth: string;
  readonly sinceMs: number;
  readonly resolve: (reply: Uint8Array) => void;
}

/**
 * The server of one incarnation of a peer, seen from the main thread: a request goes out over the peer's
 * link, and its reply comes back over it. A peer that dies answers nothing more; that its requests came to
 * nothing, the network finds out by itself (lab-spec 2.4 step 6). Nor is a request answered whose handler
 * faults: the fault fails the case, whose clean-up frees the caller.
 */
export class LinkServer implements RpcServer {
  readonly #link: Pick<Link<MainToPeer, PeerToMain>, "post">;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #lastRpcId = 0;

  constructor(link: Pick<Link<MainToPeer, PeerToMain>, "post">, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  dispatch(svcMeth: string, args: Uint8Array, { resolve }: Pick<Asker<Uint8Array>, "resolve">): void {
    this.#lastRpcId += 1;
    this.#pending.set(this.#lastRpcId, { svcMeth, sinceMs: this.#clock.nowMs(), resolve });
    this.#link.post({ kind: "request", rpcId: this.#lastRpcId, svcMeth, args });
  }

  /**
   * Takes the peer's reply to a request of this server.
   * @throws {Error} if no request of this number waits for a reply
   */
  settle(rpcId: number, reply: Uint8Array): void {
    const pending = this.#pending.get(rpcId);
    if (!pending) throw new Error(`A peer replied to request ${rpcId}, which waits for no reply.`);
    this.#pending.delete(rpcId);
    pending.resolve(reply);
  }

  /** The requests without a reply, the oldest first: what a tester tells of a peer that hangs. */
  unanswered(nowMs = this.#clock.nowMs()): Unanswered[] {
    return [...this.#pending].map(([rpcId, { svcMeth, sinceMs }]) => ({
      rpcId,
      svcMeth,
      forMs: nowMs - sinceMs,
    }));
  }
}
