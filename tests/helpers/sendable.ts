import fc, { type Arbitrary } from "fast-check";

/** Keys that a codec may trip over, because objects, arrays or msgpackr know them. */
const AWKWARD_KEYS = [
  "constructor",
  "hasOwnProperty",
  "length",
  "toJSON",
  "toString",
  "then",
  "__keys__",
  "0",
  "",
];

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), // half pairs, byte order marks
  fc.string({ minLength: 60, maxLength: 300 }).map((tail) => `\ufeff${tail}`),
);

const bytes: Arbitrary<unknown> = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.int16Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint8Array().map((array) => array.buffer),
  fc.uint8Array({ minLength: 3 }).map((array) => new DataView(array.buffer, 1, array.length - 2)),
);

const leaf: Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 2 ** 32, -(2 ** 31) - 1),
  fc.bigInt(),
  fc.nat(2000).map((power) => 2n ** BigInt(power) - 1n),
  text,
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.date({ noInvalidDate: true }),
  bytes,
);

const key = fc.oneof(text, fc.constantFrom(...AWKWARD_KEYS), fc.constantFrom("term", "index", "command"));

/** Everything that labgob carries, nested in any way. */
export const sendable: Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.array(tie("value")),
    fc.array(tie("value")).map(withHoles),
    fc.array(fc.tuple(key, tie("value"))).map(recordOf),
    fc.array(fc.tuple(tie("value"), tie("value"))).map((entries) => new Map(entries)),
    fc.array(tie("value")).map((members) => new Set(members)),
  ),
})).value;

function recordOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries.filter(([name]) => name !== "__proto__"));
}

/** Every third place empty. */
function withHoles(values: readonly unknown[]): unknown[] {
  const array = [...values];
  for (let i = 2; i < array.length; i += 3) delete array[i];
  return array;
}
