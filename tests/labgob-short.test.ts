import test from "ava";
import fc from "fast-check";
import { travelsAsIs } from "../src/labgob/checks.js";
import { pack } from "../src/labgob/codec.js";
import { decode, encode } from "../src/labgob/labgob.js";
import { packShort } from "../src/labgob/short.js";
import { sendable } from "./helpers/sendable.js";

/** Short and plain values, and some that only look like them. */
const plain = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(fc.integer(), fc.integer({ min: -300, max: 70_000 }), fc.double(), fc.boolean()),
    fc.oneof(fc.string(), fc.constantFrom(null, undefined, "é", 0, -0, 2 ** 32, -(2 ** 31))),
    fc.string({ minLength: 28, maxLength: 36 }),
    fc.array(tie("value"), { maxLength: 17 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 17 }),
  ),
})).value;

for (const { of, values, runs } of [
  { of: "values of all kinds", values: sendable, runs: 2000 },
  { of: "plain values", values: plain, runs: 5000 },
]) {
  test(`${of}: what is packed as short is what msgpackr makes of it, and travels as it stands`, (t) => {
    let short = 0;
    fc.assert(
      fc.property(values, (value) => {
        const packed = packShort(value);
        if (!packed) return true;
        short += 1;
        return travelsAsIs(value, 0) && Buffer.compare(packed, pack(value)) === 0;
      }),
      { numRuns: runs },
    );
    t.true(short > runs / 10, `${short} of them were short`);
  });
}

for (const { name, value } of [
  {
    name: "an AppendEntries",
    value: { term: 7, leaderId: 0, entries: [{ term: 7, command: 2 ** 40 }], leaderCommit: 1024 },
  },
  { name: "a reply without a hint", value: { term: 300, success: false, conflictTerm: undefined } },
  { name: "a command of a key-value store", value: { op: "append", key: "8", value: "x ".repeat(100) } },
  {
    name: "numbers of each width",
    value: [0x3f, 0x40, 0xff, 0x100, 0xffff, 0x10000, 2 ** 32 - 1, 2 ** 32, -32, 0.5],
  },
  { name: "four objects", value: [{}, { a: null }, [{ b: { c: true } }]] },
]) {
  test(`short: ${name}`, (t) => {
    t.deepEqual(packShort(value)?.slice(), Uint8Array.from(pack(value)));
    t.deepEqual(decode(encode(value)), value);
  });
}

const inItself: unknown[] = [];
inItself.push(inItself);
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

for (const { name, value } of [
  { name: "more objects than are written key by key", value: [{}, {}, {}, {}, {}] },
  { name: "16 elements", value: new Array(16).fill(1) },
  { name: "16 keys", value: Object.fromEntries("abcdefghijklmnop".split("").map((key) => [key, 1])) },
  { name: "a long string", value: "x".repeat(256) },
  { name: "many strings", value: ["x".repeat(200), "y".repeat(200), "z"] },
  { name: "-0", value: { x: -0 } },
  { name: "letters beyond ASCII", value: "é" },
  { name: "a key that msgpackr uses", value: { __keys__: 1 } },
  { name: "a bigint", value: [1n] },
  { name: "an object without a prototype", value: Object.create(null) },
  { name: "a symbol as a key", value: { [Symbol("tag")]: 1 } },
  { name: "a hidden property", value: Object.defineProperty({ a: 1 }, "b", { value: 1 }) },
  { name: "a hole", value: Object.assign(new Array(3), { 0: 1, 2: 3 }) },
  { name: "a property of an array", value: Object.assign([1], { base: 7 }) },
  { name: "an array in itself", value: inItself },
  { name: "an array that is nested deep", value: deep(400) },
  { name: "a class's instance", value: new Map() },
  { name: "a function", value: { f() {} } },
]) {
  test(`not short: ${name}`, (t) => t.is(packShort(value), undefined));
}

test("a getter that encodes something itself disturbs nothing", (t) => {
  const value = {
    before: "first",
    get own() {
      return encode({ term: 3, entries: ["xxxxxxxxxxxxxxxx"] }).length;
    },
    after: "last",
  };
  t.deepEqual(decode(encode(value)), { before: "first", own: value.own, after: "last" });
});

test("after a getter that throws, the next value is packed as ever", (t) => {
  const value = {
    term: 1,
    get broken(): number {
      throw new Error("no such field");
    },
  };
  t.throws(() => encode(value, "args"), { message: "args: cannot be sent: no such field" });
  t.deepEqual(decode(encode({ term: 2 })), { term: 2 });
});
