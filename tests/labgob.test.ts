import { isDeepStrictEqual } from "node:util";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import {
  DecodeError,
  decode,
  EncodeError,
  encode,
  errorCount,
  LabDecoder,
  LabEncoder,
} from "../src/labgob/labgob.js";
import { sendable } from "./helpers/sendable.js";

// --- The lab's tests of labgob (lab-spec 4.2) ---

test.serial("TestGOB: values come out of a stream in order, whole, with their types", (t) => {
  const before = errorCount();
  const t1 = { int0: 0, int1: 1, string0: "", string1: "6.5840" };
  const t2 = {
    slice: [{}, t1],
    map: new Map([[99, { int0: 1, int1: 2, string0: "x", string1: "y" }]]),
    any: { kind: "T3", int: 999 } as unknown,
  };
  const encoder = new LabEncoder();
  for (const value of [0, 1, t1, t2]) encoder.encode(value);

  const decoder = new LabDecoder(encoder.bytes());
  t.is(decoder.decode(), 0);
  t.is(decoder.decode(), 1);
  t.deepEqual(decoder.decode<typeof t1>(), t1);
  const got = decoder.decode<typeof t2>();
  t.is(got.slice.length, 2);
  t.deepEqual(got.slice[1], t1);
  t.true(got.map instanceof Map);
  t.is(got.map.size, 1);
  t.is(got.map.get(99)?.string1, "y");
  t.deepEqual(got.any, { kind: "T3", int: 999 });
  t.is(errorCount(), before);
});

test.serial("TestCapital: a field that would be lost on the way is an error, and counted once", (t) => {
  const before = errorCount();
  const lowerCase = [new Map([[{ Yes: 1 }, { Yes: 1, no: () => 1 }]])];
  const error = t.throws(() => new LabEncoder().encode(lowerCase), { instanceOf: EncodeError });
  t.is(error.message, "value[0].get(key 0).no: a function cannot be sent");
  t.is(errorCount(), before + 1);
});

test.serial("TestDefault: decoding over a field that already holds something is counted once", (t) => {
  const before = errorCount();
  const encoder = new LabEncoder();
  encoder.encode({ x: 0 });
  const target = { x: 99 };
  t.is(new LabDecoder(encoder.bytes()).decodeInto(target), target);
  t.is(target.x, 0);
  t.is(errorCount(), before + 1);
});

test.serial(
  "decodeInto counts each boolean, number and string that is not zero, in the object's own fields",
  (t) => {
    const before = errorCount();
    const encoder = new LabEncoder();
    for (let i = 0; i < 2; i++) encoder.encode({ term: 7, log: [] });
    const decoder = new LabDecoder(encoder.bytes());

    const fresh = { term: 0, leader: false, name: "", votes: 0n, log: [1], inner: { term: 3 }, vote: null };
    t.deepEqual(decoder.decodeInto<object>(fresh), { ...fresh, term: 7, log: [] });
    t.is(errorCount(), before);

    decoder.decodeInto<object>({ term: 1, leader: true, name: "x", votes: 2n, ratio: Number.NaN, log: [1] });
    t.is(errorCount(), before + 5);
  },
);

// --- What travels ---

test("any value that can be sent arrives equal, and alike each time", (t) => {
  fc.assert(
    fc.property(sendable, (value) => {
      const bytes = encode(value);
      return isDeepStrictEqual(decode(bytes), value) && isDeepStrictEqual(encode(decode(bytes)), bytes);
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test("any values in one stream arrive equal, in order", (t) => {
  fc.assert(
    fc.property(fc.array(sendable), (values) => {
      const encoder = new LabEncoder();
      for (const value of values) encoder.encode(value);
      const decoder = new LabDecoder(encoder.bytes());
      return values.every((value) => isDeepStrictEqual(decoder.decode(), value));
    }),
  );
  t.pass();
});

for (const { name, value } of [
  { name: "100 and the string 100", value: [100, "100", 100n] },
  { name: "bigint beyond 64 bits", value: [2n ** 63n, -(2n ** 63n) - 1n, 2n ** 64n, -(2n ** 200n)] },
  { name: "undefined as property and as element", value: { a: undefined, b: [undefined, null] } },
  {
    name: "NaN, the infinities and -0",
    value: [Number.NaN, Number.POSITIVE_INFINITY, -1 / 0, -0, [{ x: -0 }]],
  },
  { name: "a long string that begins with a byte order mark", value: `\ufeff${"x".repeat(100)}` },
  { name: "half a surrogate pair, as value and as key", value: { "\udc00": "\ud800 and more" } },
  {
    name: "an object with the key that msgpackr uses",
    value: [{ a: 1, __keys__: 2 }, { a: 1 }, { a: 1, __keys__: 3, length: 0 }],
  },
  {
    name: "more shapes of objects than msgpackr keeps",
    value: Array.from({ length: 300 }, (_, i) => ({ [`k${i % 150}`]: i })),
  },
  { name: "an array of 70,000 elements", value: Array.from({ length: 70_000 }, (_, i) => i) },
  { name: "an array with holes", value: Object.assign(new Array(5), { 1: "a", 3: undefined }) },
  { name: "1 MiB of bytes", value: new Uint8Array(1 << 20).fill(7) },
  {
    name: "dates before 1970 and at the end of time",
    value: [new Date(-1), new Date(-8.64e15), new Date(8.64e15)],
  },
]) {
  test(`round trip: ${name}`, (t) => t.true(isDeepStrictEqual(decode(encode(value)), value)));
}

test("what changes its type on the way does so as documented", (t) => {
  t.deepEqual(decode(encode(Object.assign(Object.create(null), { term: 1 }))), { term: 1 });
  t.deepEqual(
    decode(
      encode({
        get term() {
          return 4;
        },
      }),
    ),
    { term: 4 },
  );
  t.deepEqual(decode(encode(Buffer.from("abc"))), Uint8Array.of(97, 98, 99));
  t.is(decode<Date>(encode(new Date(Number.NaN))).getTime(), Number.NaN);
  const shared = { term: 1 };
  const [first, second] = decode<[object, object]>(encode([shared, shared]));
  t.deepEqual(first, second);
  t.not(first, second);
});

test("what is 500 deep travels; 501 is too deep", (t) => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  t.deepEqual(decode(encode(deep(500))), deep(500));
  t.throws(() => encode(deep(501)), {
    instanceOf: EncodeError,
    message: /^value\[0\].*\[0\]: objects nested more than 500 deep/,
  });
});

// --- What is refused ---

class Entry {
  readonly #term = 1;
  term(): number {
    return this.#term;
  }
}
class Votes extends Map<string, boolean> {}

const cyclic: { term: number; next?: unknown } = { term: 1 };
cyclic.next = { previous: [cyclic] };

for (const { path, reason, value } of [
  { path: "args", reason: "a function cannot be sent", value: () => 1 },
  {
    path: "args.entries[3].command",
    reason: "a function cannot be sent",
    value: { entries: [1, 2, 3, { command() {} }] },
  },
  { path: "args.id", reason: "a symbol cannot be sent", value: { id: Symbol("x") } },
  { path: "args[Symbol(tag)]", reason: "a symbol as a key cannot be sent", value: { [Symbol("tag")]: 1 } },
  {
    path: "args.list[Symbol(tag)]",
    reason: "a symbol as a key cannot be sent",
    value: { list: Object.assign([1], { [Symbol("tag")]: 1 }) },
  },
  {
    path: "args.log[0]",
    reason: "an instance of class Entry cannot be sent; send its fields as a plain object",
    value: { log: [new Entry()] },
  },
  {
    path: "args.votes",
    reason: "an instance of class Votes cannot be sent; send its fields as a plain object",
    value: { votes: new Votes() },
  },
  {
    path: "args.child",
    reason: "an object with a prototype of its own cannot be sent; send its fields as a plain object",
    value: { child: Object.create({ term: 1 }) },
  },
  { path: "args.next.previous[0]", reason: "a cycle cannot be sent; this is args again", value: cyclic },
  {
    path: "args.reply",
    reason: "a Promise cannot be sent; await it first",
    value: { reply: Promise.resolve(1) },
  },
  {
    path: 'args.get("a b")',
    reason: "an Error cannot be sent; send its message",
    value: new Map([["a b", new TypeError("x")]]),
  },
  {
    path: "args.get(5n)",
    reason: "a RegExp cannot be sent; send its source and flags",
    value: new Map([[5n, /x/]]),
  },
  {
    path: "args.keys()[1]",
    reason: "a symbol cannot be sent",
    value: new Map<unknown, number>([
      [1, 1],
      [Symbol("k"), 2],
    ]),
  },
  { path: "args.values()[1]", reason: "a WeakMap cannot be sent", value: new Set([1, new WeakMap()]) },
  {
    path: 'args["next index"][0]',
    reason: "a WeakSet cannot be sent",
    value: { "next index": [new WeakSet()] },
  },
  {
    path: "args.memory",
    reason: "a SharedArrayBuffer cannot be sent; send a copy of its bytes",
    value: { memory: new SharedArrayBuffer(4) },
  },
  {
    path: "args.view",
    reason: "a Uint8Array on shared memory cannot be sent; send a copy of its bytes",
    value: { view: new Uint8Array(new SharedArrayBuffer(4)) },
  },
  {
    path: "args.hidden",
    reason: "a property that is not enumerable cannot be sent",
    value: Object.defineProperty({}, "hidden", { value: 1 }),
  },
  {
    path: "args.__proto__",
    reason: "a key of this name cannot be sent",
    value: JSON.parse('{"__proto__": {"x": 1}}') as unknown,
  },
  {
    path: "args.when.zone",
    reason: "a property of Date beside its contents cannot be sent",
    value: { when: Object.assign(new Date(0), { zone: 1 }) },
  },
  {
    path: "args.log.base",
    reason: "a property of Array beside its contents cannot be sent",
    value: { log: Object.assign([1, 2], { base: 7 }) },
  },
]) {
  test(`refused: ${path}: ${reason}`, (t) => {
    const before = errorCount();
    const error = t.throws(() => encode(value, "args"), { instanceOf: EncodeError });
    t.is(error.message, `${path}: ${reason}`);
    t.is(errorCount(), before + 1);
  });
}

test("an object that only pretends to be a Map, or throws when looked at, is an EncodeError too", (t) => {
  t.throws(() => encode(Object.create(Map.prototype)), { instanceOf: EncodeError, message: /^value: / });
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no entry");
      },
    },
  );
  t.throws(() => encode([trap], "reply"), {
    instanceOf: EncodeError,
    message: /^reply: cannot be sent: no entry$/,
  });
});

test("a refused value leaves the stream as it was", (t) => {
  const encoder = new LabEncoder();
  encoder.encode(1);
  t.throws(() => encoder.encode({ f() {} }, "state"), { message: "state.f: a function cannot be sent" });
  encoder.encode(2);
  const decoder = new LabDecoder(encoder.bytes());
  t.deepEqual([decoder.decode(), decoder.decode()], [1, 2]);
});

// --- Sharing ---

test("what was encoded owes nothing to the value, nor to what is encoded later", (t) => {
  const value = { bytes: Uint8Array.of(1, 2, 3), buffer: Uint8Array.of(4).buffer, list: [1] };
  const bytes = encode(value);
  const before = bytes.slice();
  value.bytes.fill(9);
  value.list.push(2);
  for (let i = 0; i < 2000; i++) encode({ other: "x".repeat(i) }); // short ones, and ones with memory of their own
  t.deepEqual(bytes, before);
  t.is(Object.getPrototypeOf(bytes), Uint8Array.prototype, "no Buffer");
});

for (const length of [10, 10_000]) {
  test(`what was decoded owes nothing to its bytes (${length} bytes)`, (t) => {
    const value = { bytes: new Uint8Array(length).fill(1), buffer: new Uint8Array(length).fill(2).buffer };
    const bytes = encode(value);
    const stream = new LabEncoder();
    stream.encode(value);
    const streamBytes = stream.bytes();
    const decoder = new LabDecoder(streamBytes);
    streamBytes.fill(0xff);

    const got = decode<typeof value>(bytes);
    bytes.fill(0xff);
    decode(encode(new Uint8Array(length).fill(3)));
    t.deepEqual(got, value);
    t.deepEqual(Object.getOwnPropertyNames(bytes).length, bytes.length, "nothing was hung on the input");
    t.deepEqual(decoder.decode<typeof value>(), value);
  });
}

test("a LabEncoder takes over what another has encoded, and each goes on alone", (t) => {
  const entries = new LabEncoder();
  for (const entry of [{ term: 1 }, "x".repeat(300)]) entries.encode(entry);
  const state = new LabEncoder();
  state.encode(7);
  state.append(entries);
  state.append(new LabEncoder());
  entries.encode("later");
  state.append(state);
  const decoder = new LabDecoder(state.bytes());
  const once = [7, { term: 1 }, "x".repeat(300)];
  t.deepEqual(
    [...once, ...once].map(() => decoder.decode()),
    [...once, ...once],
  );
  t.throws(() => decoder.decode(), { instanceOf: DecodeError });
});

test("a LabEncoder can give its bytes and go on", (t) => {
  const encoder = new LabEncoder();
  t.is(encoder.bytes().length, 0);
  encoder.encode("a");
  const first = encoder.bytes();
  for (const later of ["b", "c".repeat(1000)]) {
    encoder.encode(later);
    decodeAll(t, first, ["a"]);
  }
  decodeAll(t, encoder.bytes(), ["a", "b", "c".repeat(1000)]);
});

test("a LabEncoder that is reset begins an empty stream", (t) => {
  const encoder = new LabEncoder();
  encoder.encode("of the stream before");
  encoder.reset();
  t.is(encoder.bytes().length, 0);
  encoder.encode("new");
  decodeAll(t, encoder.bytes(), ["new"]);
});

/** As many values as are expected; nothing may come after them. */
function decodeAll(t: ExecutionContext, stream: Uint8Array, expected: readonly unknown[]): void {
  const decoder = new LabDecoder(stream);
  for (const value of expected) t.is(decoder.decode(), value);
  t.throws(() => decoder.decode(), { instanceOf: DecodeError, message: /the stream of .* ends after/ });
}

// --- Sizes (lab-spec 9.11) ---

test("encoding adds little: a byte per character, a few for the frame", (t) => {
  t.true(encode("x".repeat(284)).length <= 284 + 3);
  t.true(encode("y".repeat(107)).length <= 107 + 2);
  t.true(encode("z".repeat(5000)).length <= 5000 + 3);
  const encoder = new LabEncoder();
  for (let i = 0; i < 10; i++) encoder.encode("x".repeat(100));
  t.true(encoder.bytes().length <= 10 * (100 + 3));
});
