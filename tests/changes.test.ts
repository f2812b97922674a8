/** What differs between two states of bytes. */
import test from "ava";
import fc from "fast-check";
import { changes } from "../src/labrpc/changes.js";

/** Some KiB of which a few stretches were overwritten and the end cut or made longer. */
const edited = fc
  .tuple(
    fc.nat(20_000),
    fc.nat(20_000),
    fc.array(fc.tuple(fc.nat(20_000), fc.nat(300), fc.nat(255)), { maxLength: 60 }),
  )
  .map(([lengthBefore, lengthAfter, edits]) => {
    const before = Uint8Array.from({ length: lengthBefore }, (_, place) => (place * 7) % 256);
    const after = new Uint8Array(lengthAfter);
    after.set(before.subarray(0, lengthAfter));
    for (const [from, length, byte] of edits) after.fill(byte, from, from + length);
    return { before, after };
  });

test("what is not in a stretch is the same in both; the stretches are in order and apart", (t) => {
  fc.assert(
    fc.property(edited, ({ before, after }) => {
      const rebuilt = new Uint8Array(after.length);
      rebuilt.set(before.subarray(0, after.length));
      let end = -1;
      for (const { from, to } of changes(before, after)) {
        t.true(from > end && to > from && to <= after.length);
        rebuilt.set(after.subarray(from, to), from);
        end = to;
      }
      t.deepEqual(rebuilt, after);
    }),
  );
});

test("equal states have no changes, and the first state is all change", (t) => {
  const state = Uint8Array.from({ length: 5000 }, (_, place) => place % 256);
  t.deepEqual(changes(state, state.slice()), []);
  t.deepEqual(changes(new Uint8Array(0), state), [{ from: 0, to: 5000 }]);
  t.deepEqual(changes(state, new Uint8Array(0)), []);
  t.deepEqual(changes(state, state.slice(0, 70)), []);
});

test("a change at the beginning and an end that has grown are found apart", (t) => {
  const before = new Uint8Array(100_000);
  const after = new Uint8Array(100_010);
  after[3] = 1;
  const [first, last, ...others] = changes(before, after);
  t.deepEqual(others, []);
  t.is(first?.from, 0);
  t.true((first?.to ?? 0) <= 128);
  t.deepEqual(last, { from: 100_000, to: 100_010 });
});

test("where all is new, all is one stretch", (t) => {
  const [before, after] = [new Uint8Array(50_000), new Uint8Array(60_000).fill(1)];
  t.deepEqual(changes(before, after), [{ from: 0, to: 60_000 }]);
});
