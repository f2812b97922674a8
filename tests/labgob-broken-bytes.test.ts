import test from "ava";
import fc from "fast-check";
import { DecodeError, decode, encode, LabDecoder, LabEncoder } from "../src/labgob/labgob.js";
import { sendable } from "./helpers/sendable.js";

test("reading past the end says so, and what to do", (t) => {
  const encoder = new LabEncoder();
  encoder.encode(1);
  encoder.encode(2);
  const decoder = new LabDecoder(encoder.bytes());
  decoder.decode();
  decoder.decode();
  t.throws(() => decoder.decode(), {
    instanceOf: DecodeError,
    message: /value 3, but the stream of 4 bytes ends after 2\. Decode as many values as were encoded/,
  });
  t.throws(() => new LabDecoder(new Uint8Array(0)).decode(), {
    instanceOf: DecodeError,
    message: /nothing was saved yet/,
  });
  t.throws(() => decode(new Uint8Array(0)), { instanceOf: DecodeError, message: /first boot/ });
});

test("what is no Uint8Array is refused in plain words", (t) => {
  t.throws(() => decode("abc" as never), {
    instanceOf: DecodeError,
    message: /decode needs a Uint8Array; got a value of type string/,
  });
  t.throws(() => new LabDecoder(undefined as never), {
    instanceOf: DecodeError,
    message: /new LabDecoder needs a Uint8Array/,
  });
});

test("decodeInto refuses what has no fields", (t) => {
  const encoder = new LabEncoder();
  encoder.encode([1, 2]);
  t.throws(() => new LabDecoder(encoder.bytes()).decodeInto({}), {
    instanceOf: DecodeError,
    message: /value 1 of the stream is no plain object/,
  });
});

test("any beginning of a value is a DecodeError, never half a value", (t) => {
  fc.assert(
    fc.property(sendable, fc.array(fc.nat(), { minLength: 10 }), (value, places) => {
      const bytes = encode(value);
      for (const end of [bytes.length - 1, ...places.map((place) => place % bytes.length)]) {
        assertDecodeError(() => decode(bytes.subarray(0, end)));
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test("a stream cut anywhere gives its whole values, then a DecodeError", (t) => {
  const values = ["state", { term: 3 }, [1, 2, 3]];
  const encoder = new LabEncoder();
  const ends = values.map((value) => {
    encoder.encode(value);
    return encoder.bytes().length;
  });
  const bytes = encoder.bytes();
  for (let end = 0; end < bytes.length; end++) {
    const decoder = new LabDecoder(bytes.subarray(0, end));
    for (let i = 0; (ends[i] ?? Number.POSITIVE_INFINITY) <= end; i++)
      t.deepEqual(decoder.decode(), values[i]);
    t.throws(() => decoder.decode(), { instanceOf: DecodeError });
  }
});

test("random bytes give a value or a DecodeError, nothing else", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      valueOrDecodeError(() => decode(bytes));
      valueOrDecodeError(() => new LabDecoder(bytes).decode());
      valueOrDecodeError(() => new LabDecoder(bytes).decodeInto({}));
    }),
    { numRuns: 5000 },
  );
  t.pass();
});

test("bytes changed on the way give a value or a DecodeError, and the same one each time", (t) => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(sendable, changes, (value, places) => {
      const bytes = encode(value);
      for (const [place, byte] of places) bytes[place % bytes.length] = byte;
      const first = valueOrDecodeError(() => decode(bytes));
      encode("something in between".repeat(20));
      decode(encode(["something", "in", "between"]));
      return first === valueOrDecodeError(() => decode(bytes));
    }),
    { numRuns: 1500 },
  );
  t.pass();
});

test("a length without an end is a DecodeError", (t) => {
  t.throws(() => new LabDecoder(new Uint8Array(20).fill(0xff)).decode(), {
    instanceOf: DecodeError,
    message: /no readable length/,
  });
});

function assertDecodeError(read: () => unknown): void {
  const outcome = valueOrDecodeError(read);
  if (outcome === "a value") throw new Error("expected a DecodeError");
}

/** The error's text, or that there was a value. Any other error is a failure of the test. */
function valueOrDecodeError(read: () => unknown): string {
  try {
    read();
    return "a value";
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}
