import { decode, encode } from "../labgob/labgob.js";

/**
 * Told what a peer does for the RPCs that it makes and serves, where the run is profiled. It is called in
 * the peer's realm and lives outside: it changes nothing of how the peer goes.
 */
export interface PeerMeter {
  /** Whether anything is measured now. While it is not, nothing need be told: each word of it takes its time. */
  readonly isOn: boolean;
  /** Milliseconds on the thread's own clock, which runs in real time in every mode. */
  now(): number;
  /** labgob made bytes of a call's arguments or of a reply, from `startedAt` until now. */
  encoded(startedAt: number): void;
  /** labgob read them, from `startedAt` until now. */
  decoded(startedAt: number): void;
  /**
   * A handler has run for the request `rpcId`, from `startedAt` until now.
   * @param promisedAt when it gave a promise of its reply: until then it had the event loop to itself;
   *   `undefined` if it replied at once
   */
  handled(rpcId: number, svcMeth: string, startedAt: number, promisedAt: number | undefined): void;
}

/** How a peer makes bytes of arguments and replies. */
export interface Codec {
  encode(value: unknown, rootName: string): Uint8Array;
  decode<T>(bytes: Uint8Array): T;
}

/** labgob, with its time told to `meter` if there is one. */
export function meteredCodec(meter: PeerMeter | undefined): Codec {
  if (!meter) return { encode, decode };
  return {
    encode: (value, rootName) => {
      if (!meter.isOn) return encode(value, rootName);
      const startedAt = meter.now();
      const bytes = encode(value, rootName);
      meter.encoded(startedAt);
      return bytes;
    },
    decode: <T>(bytes: Uint8Array) => {
      if (!meter.isOn) return decode<T>(bytes);
      const startedAt = meter.now();
      const value = decode<T>(bytes);
      meter.decoded(startedAt);
      return value;
    },
  };
}
