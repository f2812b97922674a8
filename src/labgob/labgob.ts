/**
 * labgob (lab-spec 4): values to bytes and back, and loud about what would not survive the trip. Runs in
 * the realm where the values live: a codec of another realm mishandles Map, Set and bytes.
 */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}
export declare function encode(value: unknown): Uint8Array;
export declare function decode<T>(bytes: Uint8Array): T;
export declare function errorCount(): number;
export declare class LabEncoder {
  encode(value: unknown): void;
  bytes(): Uint8Array;
}
export declare class LabDecoder {
  constructor(bytes: Uint8Array);
  decode<T>(): T;
  decodeInto<T extends object>(target: T): T;
}
