/**
 * The format of one generation on disk. All integers are unsigned and big-endian.
 *
 *     offset  bytes
 *          0      4   magic "WWPS"
 *          4      4   version of the format
 *          8      8   generation: also in the file's name
 *         16      4   length of the state
 *         20      4   length of the snapshot
 *         24      4   CRC-32 of bytes 0-23, then of the state and the snapshot
 *         28          the state, then the snapshot, then the end of the file
 */
import { crc32 } from "node:zlib";

/** What one save wrote. */
export interface Generation {
  readonly number: number;
  readonly state: Uint8Array;
  readonly snapshot: Uint8Array;
}

const MAGIC = 0x57_57_50_53;
const VERSION = 1;
const HEADER_BYTES = 28;
const CHECKED_HEADER_BYTES = 24;
const MAX_BYTES = 0xffff_ffff;

/** The parts of the file, to be written in this order. */
export function encodeGeneration({ number, state, snapshot }: Generation): readonly Uint8Array[] {
  if (state.length > MAX_BYTES || snapshot.length > MAX_BYTES) {
    throw new RangeError(`state and snapshot may have up to ${MAX_BYTES} bytes each`);
  }
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint32(0, MAGIC);
  header.setUint32(4, VERSION);
  header.setBigUint64(8, BigInt(number));
  header.setUint32(16, state.length);
  header.setUint32(20, snapshot.length);
  const headerBytes = new Uint8Array(header.buffer);
  header.setUint32(CHECKED_HEADER_BYTES, checksum(headerBytes, state, snapshot));
  return [headerBytes, state, snapshot];
}

/**
 * What the file holds, or, as a string, what is wrong with it.
 * @param number the generation that the file's name tells
 */
export function decodeGeneration(file: Uint8Array, number: number): Generation | string {
  if (file.length < HEADER_BYTES) return `it ends after ${file.length} bytes, within the header`;
  const header = new DataView(file.buffer, file.byteOffset, HEADER_BYTES);
  if (header.getUint32(0) !== MAGIC) return "it is no file of a FilePersister";
  const version = header.getUint32(4);
  if (version !== VERSION) return `its format is version ${version}, and only version ${VERSION} is known`;
  const stateEnd = HEADER_BYTES + header.getUint32(16);
  const end = stateEnd + header.getUint32(20);
  if (file.length !== end) return `it has ${file.length} bytes instead of ${end}`;
  const state = new Uint8Array(file.subarray(HEADER_BYTES, stateEnd));
  const snapshot = new Uint8Array(file.subarray(stateEnd));
  const bytes = file.subarray(0, HEADER_BYTES);
  if (header.getUint32(CHECKED_HEADER_BYTES) !== checksum(bytes, state, snapshot))
    return "its checksum is wrong";
  const told = Number(header.getBigUint64(8));
  return told === number ? { number, state, snapshot } : `it is generation ${told} under another name`;
}

function checksum(header: Uint8Array, state: Uint8Array, snapshot: Uint8Array): number {
  return crc32(snapshot, crc32(state, crc32(header.subarray(0, CHECKED_HEADER_BYTES))));
}
