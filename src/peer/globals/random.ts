import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Draws thrown away at first: the very first ones of this generator are the seed itself, hardly mixed. */
const WARM_UP_DRAWS = 16;

/** A seeded stream of chance for one realm; it begins with the realm. */
export class RandomBits {
  readonly #generator;

  /** @param seed a whole number of 32 bits; only these bits count */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
    for (let i = 0; i < WARM_UP_DRAWS; i++) this.#generator.next();
  }

  /** The stream of the same seed that begins 2^64 draws later: the two never meet. */
  static farFrom(seed: number): RandomBits {
    const bits = new RandomBits(seed);
    bits.#generator.jump();
    return bits;
  }

  /** Uniform in 0 to 1, 1 excluded, with all 53 bits of a double, as `Math.random` has. */
  float(): number {
    const high = this.#generator.next() >>> 5; // 27 bits
    const low = this.#generator.next() >>> 6; // 26 bits
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }

  /** A uniform whole number from `min` to `max`, `max` excluded. */
  int(min: number, max: number): number {
    return min + Math.floor(this.float() * (max - min));
  }

  /** Fills all of `bytes`. */
  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = i % 4 === 0 ? this.#generator.next() : word >>> 8;
      bytes[i] = word;
    }
  }

  /** A random UUID (version 4, RFC 9562), in lower case. */
  uuid(): string {
    const bytes = new Uint8Array(16);
    this.fill(bytes);
    bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40; // version 4
    bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80; // the RFC's variant
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }
}
