import type { Asker } from "./asker.js";
import { type Codec, meteredCodec } from "./peer-meter.js";
import type { Name } from "./wire.js";

/** Takes one encoded call to its fate: the reply's bytes, or `undefined`, the lab's `false`. It never throws. */
export type Carrier = (
  end: Name,
  svcMeth: string,
  args: Uint8Array,
  asker: Asker<Uint8Array | undefined>,
) => void;

const LABGOB = meteredCodec(undefined);

/** One way to one server. Who holds an end can call; where it leads, the network knows. */
export class ClientEnd {
  readonly name: Name;
  readonly #carry: Carrier;
  readonly #codec: Codec;

  constructor(name: Name, carry: Carrier, codec: Codec = LABGOB) {
    this.name = name;
    this.#carry = carry;
    this.#codec = codec;
  }

  /**
   * Sends one RPC and waits for its fate (labrpc `ClientEnd.Call`; Raft §5.1). Calls may overlap. A lost
   * request, a lost reply and a dead peer look alike to the caller, as on a real network.
   * @param svcMeth service and method, such as `"Raft.requestVote"`
   * @param args encoded at once: later changes to the object do not reach the callee
   * @returns the reply; or `undefined`, which a dead end gives after 0–99 ms (0–6999 under `longDelays`)
   * @throws {EncodeError} (as a rejection) if `args` holds what the encoding cannot carry
   */
  call<Reply>(svcMeth: string, args: unknown): Promise<Reply | undefined> {
    return new Promise((resolve, reject) => {
      const take = (reply: Uint8Array | undefined): void => {
        try {
          resolve(reply && this.#codec.decode<Reply>(reply));
        } catch (error) {
          reject(error);
        }
      };
      this.#carry(this.name, svcMeth, this.#codec.encode(args, "args"), { resolve: take, reject });
    });
  }
}
