/** Up to so many bytes share their memory with others. */
const SHORT_BYTES = 1024;
const SLAB_BYTES = 8 * 1024;

let slab = new ArrayBuffer(SLAB_BYTES);
/** So much of it is given away. */
let slabLength = 0;

/**
 * Memory for a message of `count` bytes, to be filled at once. That of short ones is part of a larger piece, since
 * to make memory for a message costs more than to fill it; no part is given away twice.
 */
export function newBytes(count: number): Uint8Array<ArrayBuffer> {
  if (count > SHORT_BYTES) return new Uint8Array(count);
  if (count > SLAB_BYTES - slabLength) {
    slab = new ArrayBuffer(SLAB_BYTES);
    slabLength = 0;
  }
  const bytes = new Uint8Array(slab, slabLength, count);
  slabLength += count;
  return bytes;
}
