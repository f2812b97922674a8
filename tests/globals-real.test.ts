import test from "ava";
import { openRealm } from "./helpers/realm.js";

/** Waits in real time until `isDone`, at most 10 s: the machine may be busy. */
async function until(isDone: () => boolean): Promise<void> {
  const endMs = Date.now() + 10_000;
  while (!isDone() && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
}

test("in real time nothing is virtual: clocks and chance are the machine's", async (t) => {
  const realm = await openRealm({ time: "real" });
  t.falsy(realm.time);
  const before = Date.now();
  t.true(realm.run<number>("Date.now()") >= before);
  t.true(realm.run<number>("performance.timeOrigin") > before - 3_600_000);
  t.not(realm.run("Math.random()"), (await openRealm({ time: "real" })).run("Math.random()"));
  t.not(realm.run("crypto.randomUUID()"), (await openRealm({ time: "real" })).run("crypto.randomUUID()"));
});

test("in real time timers have Node's shape and fire in real time", async (t) => {
  const realm = await openRealm({ time: "real" });
  realm.run(`
    const start = performance.now();
    const timeout = setTimeout(function (...args) { out([performance.now() - start, args, this === timeout]); }, 20, 1, 2);
    clearTimeout(setTimeout(() => out("cleared"), 1));
    clearTimeout(+setTimeout(() => out("cleared by number"), 1));
    clearImmediate(setImmediate(() => out("cleared immediate")));
    const interval = setInterval(() => { clearInterval(interval); }, 1);
    out(timeout.hasRef() && typeof timeout.refresh === "function" && typeof timeout[Symbol.dispose] === "function");
  `);
  await until(() => realm.out.length >= 2);
  t.is(realm.out[0], true);
  const [elapsedMs, args, isThis] = realm.out[1] as [number, number[], boolean];
  t.true(elapsedMs >= 19, `${elapsedMs} ms`);
  t.deepEqual([...args, isThis], [1, 2, true]);
  t.is(realm.out.length, 2);
});

test("in real time what is thrown in a timer, tick or microtask is reported and ends no thread", async (t) => {
  const realm = await openRealm({ time: "real" });
  realm.run(`
    setTimeout(() => { throw new Error("timeout"); }, 1);
    setImmediate(() => { throw new Error("immediate"); });
    process.nextTick(() => { throw new Error("tick"); });
    queueMicrotask(() => { throw new Error("microtask"); });
  `);
  await until(() => realm.errors.length >= 4);
  t.deepEqual(realm.errors.map(({ error, where }) => `${where} ${error.message}`).sort(), [
    "microtask microtask",
    "microtask tick",
    "timer immediate",
    "timer timeout",
  ]);
});

test("in real time node:timers/promises waits, aborts with the realm's errors, and ticks", async (t) => {
  const realm = await openRealm({ time: "real" });
  realm.run(`
    const { setTimeout: sleep, setInterval: every } = require("node:timers/promises");
    (async () => {
      out(await sleep(1, "slept"));
      await sleep(60_000, 0, { signal: AbortSignal.timeout(5) }).catch((error) => out(error instanceof Error && error.name));
      for await (const tick of every(1, "tick", { ref: false })) { out(tick); break; }
      out(await require("util").promisify(setTimeout)(1, "promisified"));
    })();
  `);
  await until(() => realm.out.length >= 4);
  t.deepEqual(realm.out, ["slept", "AbortError", "tick", "promisified"]);
});

test("in real time every module and global of Node is there, and the console is captured", async (t) => {
  const realm = await openRealm({ time: "real" });
  t.is(realm.run("require('node:fs').existsSync('/')"), true);
  t.is(realm.run("require('worker_threads').threadId"), 0);
  t.is(realm.run("process.pid"), process.pid);
  t.is(
    realm.run("typeof fetch + typeof Blob + typeof AbortController + typeof ReadableStream"),
    "function".repeat(4),
  );
  t.is(realm.run("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)"), "timed-out");
  t.is(realm.run("structuredClone(new Map([[1, 2]])) instanceof Map"), true);
  realm.run("console.warn('hot', 5)");
  t.deepEqual(realm.lines, [{ level: "warn", text: "hot 5" }]);
  t.deepEqual(realm.errors, []);
  t.throws(() => realm.run("require('left-pad')"), { any: true, message: /Cannot find module "left-pad"/ });
});
