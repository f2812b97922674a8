import test from "ava";
import { openRealm, quiescence } from "./helpers/realm.js";

test("what Node hands out is an instance of the realm's own classes", async (t) => {
  const realm = await openRealm();
  for (const claim of [
    "Buffer.from('a') instanceof Uint8Array && Buffer.from('a') instanceof Buffer",
    "Buffer.alloc(1).buffer instanceof ArrayBuffer",
    "new TextEncoder().encode('é') instanceof Uint8Array",
    "new TextEncoder().encode('é').constructor === Uint8Array",
    "require('util').promisify((done) => done())() instanceof Promise",
    "(() => { try { new URL('?') } catch (e) { return e instanceof TypeError && e instanceof Error } })()",
    "(() => { try { new URL('?') } catch (e) { return !(e instanceof RangeError) } })()",
    "(() => { try { atob('?') } catch (e) { return e instanceof DOMException && e.code === 5 } })()",
    "(() => { class Mine extends Error {} return !(new Error() instanceof Mine) && new Mine() instanceof Mine })()",
    "!({} instanceof Error) && !('text' instanceof Error) && !(null instanceof Uint8Array)",
  ]) {
    t.true(realm.run(claim), claim);
  }
});

test("text, base64 and URLs work as in Node", async (t) => {
  const realm = await openRealm();
  t.is(realm.run("new TextDecoder().decode(new TextEncoder().encode('grüß'))"), "grüß");
  t.is(realm.run("new TextEncoder().encodeInto('ab', new Uint8Array(1)).written"), 1);
  t.is(realm.run("atob(btoa('text'))"), "text");
  t.is(realm.run("new URL('/a?b=1', 'http://c').searchParams.get('b')"), "1");
  t.is(realm.run("new URLSearchParams({ a: '1 2' }).toString()"), "a=1+2");
  t.is(
    realm.run("Buffer.from('a').toString('hex') + Buffer.byteLength('é') + Buffer.isBuffer(Buffer('a'))"),
    "612true",
  );
});

test("structuredClone copies every cloneable kind into the realm", async (t) => {
  const realm = await openRealm();
  const isSame = realm.run(`
    const original = {
      plain: { a: [1, , "x", null, undefined, -0, NaN, 5n] },
      map: new Map([[{ k: 1 }, new Set([1, "2"])]]),
      date: new Date(5),
      pattern: /a+/gi,
      bytes: new Uint8Array([1, 2, 3]).subarray(1),
      view: new DataView(new ArrayBuffer(4), 1, 2),
      boxed: [new Number(1), new String("s"), Object(2n)],
      error: new RangeError("far", { cause: new Error("near") }),
      instance: new (class Point { x = 1; get y() { return 2; } })(),
    };
    original.self = original;
    original.sameBuffer = new Uint8Array(original.bytes.buffer);
    const copy = structuredClone(original);
    require("assert").deepStrictEqual({ ...copy, instance: 0, error: 0, self: 0 }, { ...original, instance: 0, error: 0, self: 0 });
    copy !== original && copy.self === copy && copy.map instanceof Map && copy.date instanceof Date &&
      copy.sameBuffer.buffer === copy.bytes.buffer && copy.bytes.buffer !== original.bytes.buffer &&
      copy.error instanceof RangeError && copy.error.message === "far" && copy.error.cause.message === "near" &&
      copy.error.stack === original.error.stack && copy.instance.constructor === Object && copy.instance.x === 1`);
  t.true(isSame);
});

test("structuredClone refuses what cannot be cloned, and transfers buffers", async (t) => {
  const realm = await openRealm();
  for (const [source, shown] of [
    ["() => 1", "() => 1"],
    ["Symbol('s')", "Symbol(s)"],
    ["{ p: Promise.resolve() }", "#<Promise>"],
    ["new WeakMap()", "#<WeakMap>"],
  ]) {
    const error = t.throws(() => realm.run(`structuredClone(${source})`), { any: true }) as Error;
    t.is(error.name, "DataCloneError");
    t.is(error.message, `${shown} could not be cloned.`);
  }
  const lengths =
    "const b = new ArrayBuffer(3); const c = structuredClone(b, { transfer: [b] }); b.byteLength + ' ' + c.byteLength";
  t.is(realm.run(lengths), "0 3");
});

test("the console is captured: level, Node's formatting, groups, counts and virtual durations", async (t) => {
  const realm = await openRealm();
  realm.run(`
    const { log } = console; // works without its this
    log("%s is %d", "x", 5, { a: [1] });
    console.info(new Map([["k", new Uint8Array(2)]]));
    console.debug("d"); console.warn("w"); console.error(new Error("e").message);
    console.group("outer"); log("one\\ntwo"); console.groupEnd(); log("back");
    console.count(); console.count("x"); console.count();
    console.assert(true, "no"); console.assert(false, "%s!", "yes"); console.assert(0, { a: 1 });
    console.table([{ a: 1 }]);
    console.dir({ deep: { er: { est: {} } } }, { depth: 0 });
    console.time("t"); setTimeout(() => { console.timeLog("t", "so far"); }, 2);
    setTimeout(() => { console.timeEnd("t"); console.timeEnd("t"); }, 2500);
    log();
  `);
  await realm.advanceTo(3000);
  t.deepEqual(
    realm.lines.map(({ level, text }) => `${level} ${text}`),
    [
      "info x is 5 { a: [ 1 ] }",
      "info Map(1) { 'k' => Uint8Array(2) [ 0, 0 ] }",
      "debug d",
      "warn w",
      "error e",
      "info outer",
      "info   one\n  two",
      "info back",
      "info default: 1",
      "info x: 1",
      "info default: 2",
      "warn Assertion failed: yes!",
      "warn Assertion failed { a: 1 }",
      "info ┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘",
      "info { deep: [Object] }",
      "info ",
      "info t: 2ms so far",
      "info t: 2.5s",
      "warn No such label 't' for console.timeEnd()",
    ],
  );
});

test("console.trace shows the caller's stack", async (t) => {
  const realm = await openRealm();
  realm.run("function inner() { console.trace('here'); } inner();");
  const [line] = realm.lines;
  t.is(line?.level, "error");
  t.regex(line?.text ?? "", /^Trace: here\n {4}at inner \(raft\.ts:1:/);
});

for (const time of ["real", "virtual"] as const) {
  test(`process cannot be ended in ${time} time, and says what to do`, async (t) => {
    const realm = await openRealm({ time });
    for (const [call, shown] of [
      ["process.exit(3)", "process.exit(3)"],
      ["require('node:process').exit()", "process.exit()"],
      ["process.abort()", "process.abort()"],
      ["process.kill(1)", "process.kill(1)"],
    ]) {
      const message =
        `${shown} was called: a peer cannot end its thread. ` +
        "Throw an Error to fail the case, or return to go on.";
      t.throws(() => realm.run(call as string), { any: true, message });
      t.is(realm.errors.at(-1)?.where, "exit");
      t.is(realm.errors.at(-1)?.error.message, message);
    }
    const listening = process.listenerCount("uncaughtException");
    t.true(
      realm.run("process.on('exit', () => out('exit')).once('uncaughtException', () => {}) === process"),
    );
    t.is(process.listenerCount("uncaughtException"), listening);
    realm.run("process.emitWarning('careful'); process.emitWarning('old', 'DeprecationWarning')");
    t.deepEqual(
      realm.lines.map(({ text }) => text),
      ["Warning: careful", "DeprecationWarning: old"],
    );
  });
}

test("process.stdout and stderr write to the console's log", async (t) => {
  const realm = await openRealm();
  realm.run(
    "process.stdout.write('a\\n'); process.stderr.write('b'); process.env.MINE = '1'; out(process.env.MINE)",
  );
  t.deepEqual(realm.lines, [
    { level: "info", text: "a" },
    { level: "error", text: "b" },
  ]);
  t.deepEqual(realm.out, ["1"]);
});

test("EventTarget: order, once, removal, handleEvent, default prevented, a listener that throws", async (t) => {
  const realm = await openRealm();
  realm.run(`
    const target = new EventTarget();
    const again = (event) => out("again " + event.type + " " + (event.target === target));
    target.addEventListener("e", again);
    target.addEventListener("e", again);
    target.addEventListener("e", () => out("once"), { once: true });
    target.addEventListener("e", () => { throw new Error("listener"); });
    target.addEventListener("e", { handleEvent: (event) => { event.preventDefault(); } });
    const controller = new AbortController();
    target.addEventListener("e", () => out("by signal"), { signal: controller.signal });
    target.addEventListener("e", (event) => { if (event.detail === 2) event.stopImmediatePropagation(); });
    target.addEventListener("e", () => out("last"));
    out(target.dispatchEvent(new CustomEvent("e", { detail: 1, cancelable: true })));
    controller.abort();
    target.removeEventListener("e", again);
    out(target.dispatchEvent(new CustomEvent("e", { detail: 2 })));
  `);
  t.deepEqual(realm.out, ["again e true", "once", "by signal", "last", false, true]);
  await quiescence();
  t.deepEqual(
    realm.errors.map(({ error, where }) => `${where} ${error.message}`),
    ["microtask listener", "microtask listener"],
  );
});

test("an aborted signal keeps its first reason and refuses to be made by hand", async (t) => {
  const realm = await openRealm();
  realm.run(`
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => out("aborted"));
    controller.abort();
    controller.abort("again");
    out(controller.signal.reason.name + " " + controller.signal.reason.message);
    try { controller.signal.throwIfAborted(); } catch (error) { out(error === controller.signal.reason); }
    out(AbortSignal.abort("r").reason);
    out(AbortSignal.any([AbortSignal.abort("first"), controller.signal]).reason);
    try { new AbortSignal(); } catch (error) { out(error.message); }
  `);
  t.deepEqual(realm.out, [
    "aborted",
    "AbortError This operation was aborted",
    true,
    "r",
    "first",
    "Illegal constructor",
  ]);
});

test("randomness keeps to the shapes of Node's", async (t) => {
  const realm = await openRealm();
  t.regex(
    realm.run("crypto.randomUUID()"),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  t.throws(() => realm.run("crypto.getRandomValues(new Float64Array(1))"), {
    any: true,
    message: /integer-type/,
  });
  t.throws(() => realm.run("crypto.getRandomValues(new Uint8Array(65537))"), {
    any: true,
    message: /65536 bytes/,
  });
  t.throws(() => realm.run("require('crypto').randomInt(5, 5)"), {
    any: true,
    message: /got min 5 and max 5/,
  });
  t.true(realm.run("const { randomInt } = require('crypto'); randomInt(3) < 3 && randomInt(7, 8) === 7"));
  realm.run(`
    require("crypto").randomBytes(3, (error, bytes) => out(error ?? bytes.length));
    require("crypto").randomInt(4, 5, (error, n) => out(error ?? n));
    require("crypto").randomFill(new Uint8Array(2), (error, bytes) => out(error ?? bytes.length));
  `);
  await realm.advanceTo(1);
  t.deepEqual(realm.out, [3, 4, 2]);
});

test("two realms share no global", async (t) => {
  const [one, other] = [await openRealm(), await openRealm()];
  one.run("Array.prototype.mine = 1; globalThis.mine = 2; process.env.mine = 3; EventTarget.mine = 4");
  t.is(
    other.run("typeof [].mine + typeof mine + typeof process.env.mine + typeof EventTarget.mine"),
    "undefined".repeat(4),
  );
});
