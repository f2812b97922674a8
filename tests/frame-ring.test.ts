/** The shared memory of a link, both ends in this thread. */
import test from "ava";
import fc from "fast-check";
import { FrameRing, newLinkMemory } from "../src/runtime/frame-ring.js";

const CAPACITY = 32 * 1024;
const LONGEST = 4 * 1024;

function openRing() {
  const { toPeer } = newLinkMemory();
  return { writer: new FrameRing(toPeer), reader: new FrameRing(toPeer) };
}

/** Bytes that tell where they are from. */
const filled = (length: number, from: number) => Uint8Array.from({ length }, (_, i) => (from + i) % 251);

test("what was put in comes out as it was, round and round, as long as it fits", (t) => {
  const step = fc.record({ length: fc.nat(LONGEST), takes: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50 }), (steps) => {
      const { writer, reader } = openRing();
      const inside: Uint8Array[] = [];
      for (const [i, { length, takes }] of steps.entries()) {
        const bytes = filled(length, i);
        const held = inside.reduce((sum, one) => sum + one.length, 0);
        t.is(writer.put(bytes), held + length <= CAPACITY);
        if (held + length <= CAPACITY) inside.push(bytes);
        for (const next of inside.splice(0, takes)) t.deepEqual(reader.take(next.length), next);
      }
    }),
    { numRuns: 20 },
  );
});

test("what came out stays as it was when its place is written again", (t) => {
  const { writer, reader } = openRing();
  writer.put(filled(100, 1));
  const first = reader.take(100);
  for (let put = 0; put < 2 * CAPACITY; put += LONGEST) {
    t.true(writer.put(new Uint8Array(LONGEST).fill(255)));
    reader.take(LONGEST);
  }
  t.deepEqual(first, filled(100, 1));
});

test("a full ring takes nothing, not even in part, until a quarter of it is free", (t) => {
  const { writer, reader } = openRing();
  for (let put = 0; put < CAPACITY; put += LONGEST) t.true(writer.put(filled(LONGEST, put)));
  for (let taken = 0; taken < CAPACITY / 4; taken += LONGEST) {
    t.false(writer.put(filled(1, 7)));
    t.deepEqual(reader.take(LONGEST), filled(LONGEST, taken));
  }
  t.true(writer.put(filled(1, 7)));
  t.deepEqual(reader.take(LONGEST), filled(LONGEST, CAPACITY / 4));
});

test("frames longer than 4 KiB are not for a ring", (t) => {
  t.false(openRing().writer.put(new Uint8Array(LONGEST + 1)));
});

test("a ring goes on after more bytes than 32 bits count", (t) => {
  const { writer, reader } = openRing();
  const bytes = filled(LONGEST, 0);
  let isWhole = true;
  for (let put = 0; put < 2 ** 32 + 2 ** 20; put += LONGEST) {
    isWhole &&= writer.put(bytes) && reader.take(LONGEST).length === LONGEST;
  }
  t.true(isWhole);
  for (let put = 0; put < CAPACITY; put += LONGEST) t.true(writer.put(bytes));
  t.false(writer.put(bytes));
  t.deepEqual(reader.take(LONGEST), bytes);
});
