import { decode, encode } from "../labgob/labgob.js";

/**
 * Told what a peer does for the RPCs that it makes and serves, where the run is profiled. It is called in
 * the peer's realm and lives outside: it changes nothing of how the peer goes.
 */
export interface PeerMeter {
  /** Milliseconds on the thread's own clock, which runs in real time in every mode. */
  now(): number;
  /** labgob made bytes of a call's arguments or of a reply, from `startedAt` until now. */
  encoded(startedAt: number): void;
  /** labgob read them, from `startedAt` until now. */
  decoded(startedAt: number): void;
  /** The handler `svcMeth` begins to run for the request `rpcId`. */
  handlerBegins(rpcId: number, svcMeth: string): HandlerMeter;
}

/** Told how one run of a handler goes on. */
export interface HandlerMeter {
  /** It gave a promise of its reply: until here it had the event loop to itself. */
  promised(): void;
  /** The reply is there; at once, if it was not promised before. */
  settled(): void;
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
      const startedAt = meter.now();
      const bytes = encode(value, rootName);
      meter.encoded(startedAt);
      return bytes;
    },
    decode: <T>(bytes: Uint8Array) => {
      const startedAt = meter.now();
      const value = decode<T>(bytes);
      meter.decoded(startedAt);
      return value;
    },
  };
}
