import { setImmediate as nextTurn } from "node:timers/promises";
import { decode, encode } from "../../src/labgob/labgob.js";
import type { Fault, PeerToMain } from "../../src/labrpc/wire.js";
import type { BootSpec, PeerProcess } from "../../src/runtime/runtime.js";

const NOTHING = new Uint8Array(0);

/** What a peer with one end is born with. */
export function bootSpec(incarnation = 1): BootSpec {
  return { peer: 0, incarnation, ends: ["outside"], state: NOTHING, snapshot: NOTHING, seed: 1 };
}

/** What is heard of a peer of `fixtures/talking-peer.ts`, and what it is told. */
export class ThreadTalk {
  readonly heard: PeerToMain[] = [];
  readonly #link;
  #lastRpcId = 0;

  /** @param onWord told each message once it is in `heard` */
  constructor(peer: PeerProcess, onWord: (talk: ThreadTalk) => void = () => {}) {
    this.#link = peer.link;
    this.#link.onMessage((message) => {
      this.heard.push(message);
      onWord(this);
    });
  }

  /** Asks for an RPC of the peer. @returns its number */
  ask(method: string, args: unknown): number {
    this.#lastRpcId += 1;
    const svcMeth = `Raft.${method}`;
    this.#link.post({ kind: "request", rpcId: this.#lastRpcId, svcMeth, args: encode(args) });
    return this.#lastRpcId;
  }

  /** The arguments of its calls, in the order heard. */
  get calls(): unknown[] {
    return this.#ofKind("call").map(({ args }) => decode(args));
  }

  /** Its replies, in the order heard: the number of the request, and the reply. */
  get replies(): [number, unknown][] {
    return this.#ofKind("reply").map(({ rpcId, reply }) => [rpcId, decode(reply)]);
  }

  get faults(): Fault[] {
    return this.#ofKind("fault").map(({ fault }) => fault);
  }

  /** Resolves when `isSo`, which is asked turn after turn. */
  async until(isSo: (talk: this) => boolean): Promise<void> {
    while (!isSo(this)) await nextTurn();
  }

  #ofKind<Kind extends PeerToMain["kind"]>(kind: Kind): Extract<PeerToMain, { kind: Kind }>[] {
    return this.heard.filter((message) => message.kind === kind) as Extract<PeerToMain, { kind: Kind }>[];
  }
}
