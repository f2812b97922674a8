import { fileURLToPath } from "node:url";
import { TextDecoder, TextEncoder } from "node:util";
import { type Context, constants, createContext, Script } from "node:vm";
import test from "ava";
import { build } from "esbuild";
import { decode, encode } from "../src/labgob/labgob.js";

type Labgob = typeof import("../src/labgob/labgob.js");

/** A realm with labgob in it: ECMAScript's built-ins, two more globals, and no code from strings. */
interface LabgobRealm {
  readonly labgob: Labgob;
  /** The value of a script of the realm, in which `labgob` is a global. */
  run<Value>(source: string): Value;
}

const scripts = { neutral: compile("neutral"), browser: compile("browser") };

async function compile(platform: "neutral" | "browser"): Promise<Script> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../src/labgob/labgob.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "labgob",
    platform,
    logLevel: "error",
  });
  return new Script(outputFiles[0]?.text ?? "", { filename: `labgob-${platform}.js` });
}

async function openRealm(platform: "neutral" | "browser", extras: object = {}): Promise<LabgobRealm> {
  const context = createContext(constants.DONT_CONTEXTIFY as unknown as Context, {
    codeGeneration: { strings: false, wasm: false },
  });
  const run = <Value>(source: string): Value => new Script(source).runInContext(context) as Value;
  Object.assign(run<object>("globalThis"), { TextEncoder, TextDecoder, ...extras });
  (await scripts[platform]).runInContext(context);
  return { labgob: run<Labgob>("labgob"), run };
}

for (const platform of ["neutral", "browser"] as const) {
  test(`bundled as ${platform}, values made in a bare realm come back as values of that realm`, async (t) => {
    const realm = await openRealm(platform);
    const verdicts = realm.run<Record<string, boolean>>(`
      const sent = {
        map: new Map([[1n, "x"]]), set: new Set([undefined]), date: new Date(5), big: 2n ** 70n,
        bytes: Uint8Array.of(1, 2), floats: Float64Array.of(0.5), buffer: Uint8Array.of(3).buffer,
        log: [{ term: 1, command: -0 }], text: "é".repeat(100), holes: [, 1],
      };
      const got = labgob.decode(labgob.encode(sent));
      const refused = (value) => {
        try { labgob.encode(value, "args"); } catch (error) { return error; }
      };
      ({
        map: got.map instanceof Map && got.map.get(1n) === "x",
        set: got.set instanceof Set && got.set.has(undefined),
        date: got.date instanceof Date && got.date.getTime() === 5,
        big: got.big === 2n ** 70n,
        bytes: got.bytes.constructor === Uint8Array && got.bytes.join() === "1,2",
        floats: got.floats instanceof Float64Array && got.floats[0] === 0.5,
        buffer: got.buffer instanceof ArrayBuffer && new Uint8Array(got.buffer)[0] === 3,
        log: got.log.constructor === Array && got.log[0].constructor === Object,
        negativeZero: Object.is(got.log[0].command, -0),
        text: got.text === sent.text,
        holes: got.holes instanceof Array && got.holes.length === 2 && !(0 in got.holes),
        ownBytes: labgob.encode(1) instanceof Uint8Array,
        ownError: refused({ f() {} }) instanceof Error && refused({ f() {} }) instanceof labgob.EncodeError,
        path: refused({ a: [class {}] }).message === "args.a[0]: a function cannot be sent",
        counted: labgob.errorCount() === 3,
      })`);
    const wrong = Object.keys(verdicts).filter((name) => verdicts[name] !== true);
    t.deepEqual(wrong, []);
    t.is(Object.keys(verdicts).length, 15);
  });
}

test("bytes that a realm decoded owe nothing to what it decodes later", async (t) => {
  const { run } = await openRealm("neutral");
  const kept = run<string>(`
    const encoded = labgob.encode({ bytes: Uint8Array.of(1, 2, 3) });
    const got = labgob.decode(encoded);
    encoded.fill(9);
    labgob.decode(labgob.encode({ bytes: Uint8Array.of(7, 7, 7) }));
    got.bytes.join() + " of " + got.bytes.buffer.byteLength`);
  t.is(kept, "1,2,3 of 3");
});

test("what the host encodes, a realm decodes into its own objects, and the other way round", async (t) => {
  const { labgob, run } = await openRealm("neutral");
  const value = { votes: new Map([["a", new Set([1n])]]), bytes: Uint8Array.of(1, 2), at: new Date(7) };
  const inRealm = labgob.decode<typeof value>(encode(value));
  t.false(inRealm.votes instanceof Map, "not the host's Map");
  t.true(
    Reflect.apply(
      run<(x: unknown) => boolean>("(x) => x.votes instanceof Map && x.bytes instanceof Uint8Array"),
      undefined,
      [inRealm],
    ),
  );
  t.deepEqual(decode(labgob.encode(inRealm)), value);
});

test("values of another realm are carried, and its classes refused", async (t) => {
  const { run } = await openRealm("neutral");
  const foreign = run<object>(`({
    map: new Map([[{ k: 1 }, new Set([-0])]]), date: new Date(7), bytes: Uint8Array.of(1, 2),
    view: new DataView(new ArrayBuffer(3), 1), buffer: new ArrayBuffer(2), list: [1, { x: undefined }],
  })`);
  t.deepEqual(decode(encode(foreign)), {
    map: new Map([[{ k: 1 }, new Set([0])]]),
    date: new Date(7),
    bytes: Uint8Array.of(1, 2),
    view: new DataView(new ArrayBuffer(2)),
    buffer: new ArrayBuffer(2),
    list: [1, { x: undefined }],
  });
  t.throws(() => encode({ v: run("new (class Vote {})") }), {
    message: "value.v: an instance of class Vote cannot be sent; send its fields as a plain object",
  });
  t.throws(() => encode({ m: run("new (class Votes extends Map {})") }), {
    message: /^value\.m: an instance of class Votes/,
  });
});

test("a stale target warns of the first field only, and does without a console", async (t) => {
  const warnings: string[] = [];
  const source = `
    const encoder = new labgob.LabEncoder();
    encoder.encode({ term: 0 });
    encoder.encode({ term: 0 });
    const decoder = new labgob.LabDecoder(encoder.bytes());
    decoder.decodeInto({ term: 3, votedFor: 1 });
    decoder.decodeInto({ term: 4 });
    labgob.errorCount()`;
  const talking = await openRealm("neutral", { console: { warn: (text: string) => warnings.push(text) } });
  t.is(talking.run<number>(source), 3);
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? "", /target\.term = 3 there before/);
  const mute = await openRealm("neutral");
  t.is(mute.run<number>(source), 3);
});
