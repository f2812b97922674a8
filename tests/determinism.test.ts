/**
 * What could make two runs from one seed differ, planted in a raft.ts: each is neutralised (one history, in
 * sim twice and in lockstep), refused in words, or found by running twice. Runs of a case with two restarts.
 */
import test from "ava";
import { failureBlock } from "../src/harness/report.js";
import type { Program } from "../src/peer/program.js";
import { firstDifference } from "../src/trace/difference.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, logged, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

interface Neutralised {
  readonly what: string;
  /** What each peer logs every 50 ms: the value of this. */
  readonly does: string;
  readonly before?: string;
  /** What the very first peer to log must have logged. */
  readonly shows?: RegExp;
}

const NEUTRALISED: readonly Neutralised[] = [
  {
    what: "Date, performance, Intl and process clocks",
    does: `return [Date.now(), new Date().toISOString(), performance.now(), performance.timeOrigin,
      process.hrtime().join(), process.hrtime.bigint(), process.uptime(), console.timeStamp,
      new Intl.DateTimeFormat(undefined, { timeStyle: "full" }).format(), new Date().toLocaleString()].join()`,
    shows: /^17040672000\d\d,2024-01-01T00:00:00\.0\d\dZ,\d\d(\.\d+)?,1704067200000,/,
  },
  {
    what: "Math.random and crypto",
    before: 'import { randomInt, randomBytes } from "node:crypto";',
    does: `return [Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2)), randomInt(1e9),
      randomBytes(4).toString("hex")].join()`,
    shows: /^0\.\d+,[0-9a-f-]{36},\d+,\d+,\d+,[0-9a-f]{8}$/,
  },
  {
    what: "memory, processors and names of the machine",
    before: 'import * as os from "node:os";',
    does: `return JSON.stringify([process.memoryUsage(), process.pid, process.env, process.cwd(), process.title,
      process.cpuUsage(), os.hostname(), os.cpus(), os.freemem(), os.loadavg()])`,
  },
  {
    what: "module state across a crash",
    before: "let turns = 0;",
    does: "turns += 1; return turns;",
    shows: /^1$/,
  },
  {
    what: "state on globalThis",
    does: "globalThis.turns = (globalThis.turns ?? 0) + 1; return globalThis.turns;",
    shows: /^1$/,
  },
  {
    what: "state on prototypes of the language",
    does: `Object.prototype.turns = (Object.prototype.turns ?? 0) + 1; Array.prototype.push.turns = ({}).turns;
      return Array.prototype.push.turns;`,
    shows: /^1$/,
  },
  {
    what: "state on what the lab gives",
    before: 'import { LabEncoder } from "whitewater";',
    does: `for (const object of [LabEncoder, Object.getPrototypeOf(persister), Object.getPrototypeOf(applyCh),
        Object.getPrototypeOf(peers[0])]) object.turns = (object.turns ?? 0) + 1;
      return [LabEncoder.turns, persister.turns, applyCh.turns, peers[0].turns].join();`,
    shows: /^1,1,1,1$/,
  },
  {
    what: "what a WeakSet and a WeakMap still hold",
    before: 'import { inspect } from "node:util";',
    does: `const set = new WeakSet(), map = new WeakMap();
      for (let i = 0; i < 20; i++) { set.add({ i }); map.set({ i }, i); }
      return inspect([set, map], { showHidden: true });`,
    shows: /^\[ .*WeakSet.* \{\}, .*WeakMap.* \{\}, \[length\]: 2 \]$/,
  },
  {
    what: "a WeakRef, and a FinalizationRegistry, after much garbage",
    before: "const registry = new FinalizationRegistry(() => console.log('collected'));",
    does: `let target = { me }; const ref = new WeakRef(target); registry.register(target, 1); target = undefined;
      setTimeout(() => console.log(ref.deref()?.me), 10);
      return Array.from({ length: 20_000 }, (_, i) => [i]).length;`,
  },
  {
    what: "memory that was not cleared",
    does: "return Buffer.allocUnsafe(64).join() + Buffer.from('a').byteOffset",
  },
  {
    what: "the order of timers, ticks and microtasks",
    does: `const note = (text) => () => console.log(text);
      setTimeout(note("timeout")); setImmediate(note("immediate")); process.nextTick(note("tick"));
      void Promise.resolve().then(note("then")); queueMicrotask(note("microtask"));
      void (async () => { await undefined; console.log("await"); })();`,
  },
  {
    what: "node:timers/promises, imported when used",
    does: `void import("node:timers/promises").then((timers) => timers.setTimeout(3, "waited")).then(console.log);`,
    shows: /^waited$/,
  },
  {
    what: "the thread that a peer runs on",
    before: 'import { threadId, isMainThread } from "node:worker_threads";',
    does: "return [threadId, isMainThread].join();",
    shows: /^0,true$/,
  },
  {
    what: "the words of a stack",
    does: "return new Error('here').stack;",
    shows: /^Error: here\n {4}at act \(raft\.ts:3:\d+\)\n {4}at /,
  },
];

for (const { what, does, before, shows } of NEUTRALISED) {
  test.serial(`neutralised: ${what}`, async (t) => {
    const runner = runnerHere(t, await programOf(t, idleRaft(does, before)));
    const first = await runIn(runner, "sim", { trace: true });
    t.is(first.result.status, "passed", failureBlock(first.result, { mode: "sim" }));
    t.true(logged(first).length > 20);
    if (shows) t.regex(logged(first)[0] ?? "", shows);
    for (const mode of ["sim", "lockstep"] as const) {
      const second = await runIn(runner, mode, { trace: true });
      t.is(firstDifference(first.trace ?? [], second.trace ?? []), undefined);
      t.is(second.result.history, first.result.history);
    }
  });
}

test.serial("another seed gives peers other random numbers, and so does a restart", async (t) => {
  const runner = runnerHere(t, await programOf(t, idleRaft("return Math.random();")));
  const [one, two] = [
    await runIn(runner, "sim", { trace: true }),
    await runIn(runner, "sim", { seed: 2, trace: true }),
  ];
  const all = [...logged(one), ...logged(two)];
  t.is(new Set(all).size, all.length);
});

interface Refused {
  readonly does: string;
  readonly before?: string;
  /** The call as the error names it. */
  readonly call: string;
}

const REFUSED: readonly Refused[] = [
  {
    call: "fs.rmSync",
    does: "fs.rmSync('/tmp/a');",
    before: 'import * as fs from "node:fs";',
  },
  {
    call: "fs/promises.writeFile",
    does: "void writeFile('/tmp/a', '').catch(() => {});",
    before: 'import { writeFile } from "node:fs/promises";',
  },
  { call: "fs.writeFileSync", does: 'void import("node:fs").then((fs) => fs.writeFileSync("/tmp/x", ""));' },
  { call: "net.connect", does: "net.connect(80);", before: 'import * as net from "node:net";' },
  {
    call: "dgram.createSocket",
    does: "createSocket('udp4');",
    before: 'import { createSocket } from "node:dgram";',
  },
  {
    call: "child_process.execSync",
    does: "execSync('date');",
    before: 'import { execSync } from "node:child_process";',
  },
  {
    call: "worker_threads.Worker",
    does: "new Worker('1', { eval: true });",
    before: 'import { Worker } from "node:worker_threads";',
  },
  { call: "Atomics.wait", does: "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);" },
  {
    call: "Atomics.waitAsync",
    does: "Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);",
  },
  {
    call: "WebAssembly.compile",
    does: "WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));",
  },
  {
    call: "WebAssembly.instantiate",
    does: "WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));",
  },
  { call: "crypto.subtle.digest", does: "crypto.subtle.digest('SHA-256', new Uint8Array(1));" },
  { call: "fetch", does: "void fetch('http://127.0.0.1/');" },
  {
    call: "async_hooks.executionAsyncId",
    does: "executionAsyncId();",
    before: 'import { executionAsyncId } from "node:async_hooks";',
  },
  {
    call: "v8.getHeapStatistics",
    does: "getHeapStatistics();",
    before: 'import { getHeapStatistics } from "node:v8";',
  },
  {
    call: "perf_hooks.monitorEventLoopDelay",
    does: "monitorEventLoopDelay();",
    before: 'import { monitorEventLoopDelay } from "node:perf_hooks";',
  },
];

for (const { call, does, before } of REFUSED) {
  test.serial(`refused in words, also where the error is swallowed: ${call}`, async (t) => {
    muteAva(t);
    const swallowing = idleRaft(`if (me !== 1) return; try { ${does} } catch {}`, before);
    const runner = runnerHere(t, await programOf(t, swallowing));
    const { result } = await runIn(runner, "sim");
    const shown = failureBlock(result, { mode: "sim" });
    t.is(result.error?.kind, "forbidden", shown);
    t.is(result.error?.peer, 1, shown);
    t.true(
      result.error?.message.startsWith(`ForbiddenError: ${call} is not available in sim and lockstep: `),
      shown,
    );
    t.true(result.error?.message.endsWith("; run with --mode threads"), shown);
    t.regex(result.error?.stack ?? "", /raft\.ts:3:/, shown);
    t.is((await runIn(runner, "lockstep")).result.history, result.history);
  });
}

/** What realms of one thread share all the same: Node's own classes, which live outside them. */
const FOUND: readonly { what: string; does: string; before?: string }[] = [
  {
    what: "state on a class of Node's",
    before: 'import { EventEmitter } from "node:events";',
    does: "EventEmitter.turns = (EventEmitter.turns ?? 0) + 1; return EventEmitter.turns;",
  },
  {
    what: "state on the prototype of URL",
    does: "URL.prototype.turns = (URL.prototype.turns ?? 0) + 1; return URL.prototype.turns;",
  },
  {
    what: "the real clock, reached through a function of the main realm",
    does: "return new URL('a:b').constructor.constructor('return performance.now()')();",
  },
];

for (const { what, does, before } of FOUND) {
  test.serial(`found by a second run on the same thread: ${what}`, async (t) => {
    const runner = runnerHere(t, await programOf(t, idleRaft(does, before)));
    const [first, second] = [
      await runIn(runner, "sim", { trace: true }),
      await runIn(runner, "sim", { trace: true }),
    ];
    t.not(first.result.history, second.result.history);
    const difference = firstDifference(first.trace ?? [], second.trace ?? []);
    t.regex(difference?.first ?? "", /"kind":"log"/);
    t.not(difference?.first, difference?.second);
    t.true((difference?.seq ?? 0) > 5);
  });
}

test.serial(
  "a run does not depend on what ran before it on its thread, nor on runs of other seeds",
  async (t) => {
    const program: Program = await programOf(t, idleRaft("return [Math.random(), Date.now()].join();"));
    const fresh = await runIn(runnerHere(t, program), "sim", { seed: 5 });
    const used = runnerHere(t, program);
    for (const seed of [1, 2, 3]) await runIn(used, "sim", { seed });
    t.is((await runIn(used, "sim", { seed: 5 })).result.history, fresh.result.history);
  },
);
