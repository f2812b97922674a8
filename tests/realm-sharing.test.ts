/** In `sim` the peers of a run share a realm: what they can tell must be as in a realm each, or the run is spoilt. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { runCase } from "../src/harness/runner.js";
import { encode, LabEncoder } from "../src/labgob/labgob.js";
import type { PeerToMain } from "../src/labrpc/wire.js";
import { CompiledProgram, type Housing } from "../src/peer/isolate.js";
import { loadProgram, type Program, withHost } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { SharedRealms } from "../src/peer/shared-realms.js";
import { IsolatedPeer } from "../src/runtime/isolated-peer.js";
import type { BootSpec } from "../src/runtime/runtime.js";
import { Sim } from "../src/runtime/sim.js";
import { VirtualRuntime } from "../src/runtime/virtual-runtime.js";
import { HereRunner } from "../src/stress/runner.js";
import { corners } from "./fixtures/squatter.js";
import { quiescence } from "./helpers/realm.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, labCase, programOf, runIn } from "./helpers/virtual-runs.js";

const NOTHING = new Uint8Array();
const SPEC = { incarnation: 1, ends: [0, 1, 2], state: NOTHING, snapshot: NOTHING };
const MANNER = { mode: "sim", schedule: "lively", check: true } as const;

function fixture(name: string): Promise<Program> {
  return loadProgram(fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url)));
}

/** A raft.ts whose `make` does this, as it stands in a bundle. */
function bundle(declared: string, does: string): Promise<Program> {
  const raftText = `${declared}\nexports.make = () => { ${does}; return { start() {}, getState() {}, kill() {} }; };`;
  return withHost({ raftPath: "raft.ts", raftText, raftMap: "{}" });
}

/** What three peers say that have their turns one after another, for a virtual second. */
async function talkIn(housing: Housing): Promise<readonly (readonly PeerToMain[])[]> {
  const peers = [0, 1, 2].map((peer) => new IsolatedPeer(housing, { ...SPEC, peer, seed: 7 + peer }));
  const said: PeerToMain[][] = peers.map(() => []);
  const dueUs = peers.map(() => 0);
  const turn = async (peer: number, nowUs: number, kind: "boot" | "timer" | "start"): Promise<void> => {
    peers[peer]?.begin(nowUs, [kind === "start" ? { kind, askId: 1, command: encode(1) } : { kind }]);
    await quiescence();
    const end = peers[peer]?.end();
    said[peer]?.push(...(end?.said ?? []));
    dueUs[peer] = end?.nextDueUs ?? Number.POSITIVE_INFINITY;
  };
  for (const peer of [0, 1, 2]) await turn(peer, 10 * peer, "boot");
  for (let nowUs = 0; ; ) {
    nowUs = Math.min(...dueUs);
    if (nowUs > 1_000_000) break;
    await turn(dueUs.indexOf(nowUs), nowUs, "timer");
  }
  for (const peer of [2, 0, 1]) await turn(peer, 1_000_000, "start");
  for (const peer of peers) peer.terminate();
  return said;
}

test("peers that share a realm find each their own behind the globals, run after run", async (t) => {
  const neighbour = await fixture("neighbour");
  const apart = await talkIn(new CompiledProgram(neighbour));
  t.true(apart.every((said) => said.filter(({ kind }) => kind === "log").length > 20));
  t.notDeepEqual(apart[0], apart[1]);
  const realms = new SharedRealms(new CompiledProgram(neighbour));
  for (const run of [1, 2, 3]) {
    const housing = realms.houseRun();
    t.deepEqual(await talkIn(housing), apart, `run ${run}`);
    t.is(housing.close(), undefined);
  }
});

/** Corners of a realm that are shared, and watched; the others each peer has for itself. */
const SHARED_CORNERS = [
  ...[
    "a built-in class",
    "a built-in prototype",
    "a class of labgob",
    "a clock replaced",
    "a function replaced",
  ],
  ...[
    "a getter",
    "a global",
    "a global replaced",
    "a module",
    "a property made fixed",
    "the class of a timer",
  ],
  ...["the class of the console", "the prototype of an iterator", "the prototype of async functions"],
];

for (const corner of Object.keys(corners)) {
  const isShared = SHARED_CORNERS.includes(corner);
  test(`left in a realm: ${corner}: ${isShared ? "the run is spoilt" : "no other peer finds it"}`, async (t) => {
    const realms = new SharedRealms(new CompiledProgram(await fixture("squatter")));
    for (const run of [1, 2]) {
      const housing = realms.houseRun();
      const found = [0, 1, 2].map((peer) => findIn(housing, peer, corner));
      if (isShared && run === 1) {
        t.deepEqual(found, ["found nothing", "found something", "found something"]);
        t.is(typeof housing.close(), "string");
      } else {
        t.deepEqual(found, ["found nothing", "found nothing", "found nothing"]);
        t.is(housing.close(), undefined);
      }
    }
  });
}

/** What a squatter says of the corner when it boots. */
function findIn(housing: Housing, peer: number, corner: string): string | undefined {
  const said: PeerToMain[] = [];
  const encoder = new LabEncoder();
  encoder.encode(corner);
  const spec = { ...SPEC, peer, seed: peer, state: encoder.bytes() };
  const isolate = housing.open({ spec, time: "virtual", say: (message) => said.push(message) });
  isolate.enter();
  isolate.boot();
  isolate.close();
  const log = said.find((message) => message.kind === "log");
  return log?.kind === "log" ? log.text : undefined;
}

for (const [what, declared, does] of [
  ["a built-in object has a property more", "", "Object.assign(Array.prototype, { left: 1 })"],
  ["a built-in object has a property less", "", "Reflect.deleteProperty(Array.prototype, 'flat')"],
  ["a built-in function is replaced", "", "Reflect.set(Math, 'max', () => 7)"],
  ["a built-in object is frozen", "", "Object.freeze(Array.prototype)"],
  ["a global is added without its name", "", "(function () { this.left = 1; })()"],
  ["a built-in function takes no more properties", "", "Object.preventExtensions(Array.prototype.map)"],
  ["a built-in function has a property more", "", "Array.prototype.map.left = 1"],
  ["a built-in function has another name", "", "Object.defineProperty([].map, 'name', { value: 'left' })"],
  ["a built-in object has another prototype", "", "Object.setPrototypeOf(Math, Array.prototype)"],
  ["a property is fixed", "", "Object.defineProperty(globalThis, 'Map', { configurable: false })"],
  [
    "a property has become a getter",
    "",
    "Object.defineProperty(Array.prototype, 'map', { get: () => () => [] })",
  ],
  ["a property is seen in loops", "", "Object.defineProperty(Array.prototype, 'map', { enumerable: true })"],
  [
    "labgob is changed",
    'const labgob = require("whitewater");',
    "Reflect.set(labgob.LabEncoder.prototype, 'left', 1)",
  ],
  [
    "a module is changed",
    'const timers = require("timers/promises");',
    "Reflect.set(timers.setTimeout, 'left', 1)",
  ],
] as const) {
  test(`a run is spoilt when ${what}, and from then on each peer has a realm`, async (t) => {
    const realms = new SharedRealms(new CompiledProgram(await bundle(declared, does)));
    const first = realms.houseRun();
    await talkIn(first);
    t.is(typeof first.close(), "string");
    const second = realms.houseRun();
    await talkIn(second);
    t.is(second.close(), undefined);
  });
}

for (const [named, does] of [
  ["Array.prototype.last", "Array.prototype.last = 1"],
  ["Array.prototype[Symbol.iterator]", "delete Array.prototype[Symbol.iterator]"],
  ["Promise.prototype.then", "delete Promise.prototype.then"],
  ["JSON.stringify", "JSON.stringify = () => { throw new Error(); }"],
  ["Map", "globalThis.Map = null"],
  ["Object.prototype", "Object.freeze(Object.prototype)"],
  ["Array.prototype.map.left", "Array.prototype.map.left = 1"],
  ["Error.stackTraceLimit", "Error.stackTraceLimit = 0"],
  ["globalThis", "Object.preventExtensions(globalThis)"],
  ["LabEncoder.prototype.left", "require('whitewater').LabEncoder.prototype.left = 1"],
] as const) {
  test(`what was changed is told by its name: ${named}`, async (t) => {
    const housing = new SharedRealms(new CompiledProgram(await bundle("", does))).houseRun();
    const spec = { ...SPEC, peer: 0, seed: 1 };
    const isolate = housing.open({ spec, time: "virtual", say: () => {} });
    isolate.boot();
    isolate.close();
    t.is(housing.close(), named);
  });
}

const TRAPS = "get() { throw new RangeError('trapped'); }, has() { throw new RangeError('trapped'); }";
for (const { ruined, does } of [
  { ruined: "Array.prototype.push", does: "Array.prototype.push = null" },
  {
    ruined: "all of Array.prototype",
    does: "for (const key of Reflect.ownKeys([].__proto__)) delete [].__proto__[key]",
  },
  {
    ruined: "the prototype of arrays",
    does: `Object.setPrototypeOf(Array.prototype, new Proxy({}, { ${TRAPS} }))`,
  },
  {
    ruined: "RegExp.prototype.test",
    does: "RegExp.prototype.test = () => { throw new RangeError('no test'); }",
  },
]) {
  test.serial(
    `a peer that ruins ${ruined} fails the case in words, the same in sim and lockstep`,
    async (t) => {
      muteAva(t);
      const ruins = `if (me === 1 && persister) setTimeout(() => { ${does} }, 175);`;
      const source = idleRaft("void Promise.resolve([1]).then(([one]) => one);").replace(
        "const act",
        `${ruins} const act`,
      );
      const runner = new HereRunner(await programOf(t, source));
      t.teardown(() => runner.close());
      const { result } = await runIn(runner, "sim");
      t.is(result.error?.peer, 1);
      t.is(result.error?.kind, "unhandled");
      t.notRegex(result.error?.stack ?? "", /prelude|isolated-peer|node:/);
      const { result: inLockstep } = await runIn(runner, "lockstep");
      t.deepEqual(inLockstep.error, result.error);
      t.is(inLockstep.history, result.history);
    },
  );
}

for (const does of [
  "promisify(setTimeout); promisify(promisify(setTimeout))",
  "promisify(require('timers').setImmediate)",
]) {
  test(`no run is spoilt by ${does}`, async (t) => {
    const realms = new SharedRealms(
      new CompiledProgram(await bundle('const { promisify } = require("util");', does)),
    );
    const run = realms.houseRun();
    await talkIn(run);
    t.is(run.close(), undefined);
  });
}

test("a spoilt run is made again, and says so", async (t) => {
  const tamperer = await fixture("tamperer");
  const definition = labCase("TestReElection3A");
  const runner = new HereRunner(tamperer);
  const told: string[] = [];
  const { result } = await runner.run(definition, 5, MANNER, (line) => told.push(line));
  t.is(result.status, "passed", result.error?.message);
  t.deepEqual(told, [`${definition.title} ...`], "for whoever reads it, it is one run");
  t.deepEqual(result.warnings, [
    "a peer has changed Array.prototype.boots, which in sim its other peers would see: the run was made again, with a realm for each peer",
  ]);
  const { result: second } = await runner.run(definition, 5, MANNER, () => {});
  t.is(second.history, result.history);
  t.is(second.warnings, undefined);
  await runner.close();
});

test("with the peers' lines, those of the run made again come after a word that it is", async (t) => {
  const runner = new HereRunner(await fixture("tamperer"));
  t.teardown(() => runner.close());
  const told: string[] = [];
  const manner = { ...MANNER, verbose: true };
  const { result } = await runner.run(labCase("TestInitialElection3A"), 5, manner, (line) => told.push(line));
  const [warning = ""] = result.warnings ?? t.fail("no warning");
  const at = told.indexOf(`warning: ${warning}; its lines are these`);
  t.true(at > 0, told.join("\n"));
  t.is(told[at + 1], told[0], "the title");
});

test("who does not make a spoilt run again cannot take it for good", async (t) => {
  const runtime = new Sim(await fixture("tamperer")).runtime(5);
  await t.throwsAsync(runCase(labCase("TestInitialElection3A"), { runtime, seed: 5 }), {
    message: /Make it again/,
  });
});

test("the reference Raft has the same histories in a realm for each peer, and never spoils a run", async (t) => {
  const program = await loadProgram(REFERENCE_RAFT);
  const compiled = new CompiledProgram(program);
  const runner = new HereRunner(program);
  for (const name of ["TestReElection3A", "TestBackup3B", "TestPersist23C"]) {
    const { result } = await runner.run(labCase(name), 9, MANNER, () => {});
    t.is(result.status, "passed", result.error?.message);
    t.is(result.warnings, undefined);
    const newPeer = (spec: BootSpec) => new IsolatedPeer(compiled, spec);
    const runtime = new VirtualRuntime({ mode: "sim", seed: 9, schedule: "lively", newPeer });
    t.is(result.history, (await runCase(labCase(name), { runtime, seed: 9 })).history, name);
  }
});
