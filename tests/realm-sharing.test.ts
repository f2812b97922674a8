/** In `sim` the peers of a run share a realm: what they can tell must be as in a realm each, or the run is spoilt. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { runCase } from "../src/harness/runner.js";
import { encode, LabEncoder } from "../src/labgob/labgob.js";
import type { PeerToMain } from "../src/labrpc/wire.js";
import { CompiledProgram, type Housing } from "../src/peer/isolate.js";
import { loadProgram, type Program, REFERENCE_RAFT, withHost } from "../src/peer/program.js";
import { SharedRealms } from "../src/peer/shared-realms.js";
import { IsolatedPeer } from "../src/runtime/isolated-peer.js";
import type { BootSpec } from "../src/runtime/runtime.js";
import { Sim } from "../src/runtime/sim.js";
import { VirtualRuntime } from "../src/runtime/virtual-runtime.js";
import { HereRunner } from "../src/stress/runner.js";
import { corners } from "./fixtures/squatter.js";
import { quiescence } from "./helpers/realm.js";
import { labCase } from "./helpers/virtual-runs.js";

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
    t.true(housing.close());
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
        t.false(housing.close());
      } else {
        t.deepEqual(found, ["found nothing", "found nothing", "found nothing"]);
        t.true(housing.close());
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
    t.false(first.close());
    const second = realms.houseRun();
    await talkIn(second);
    t.true(second.close());
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
    "a peer has changed something that others share: the run was made again, with a realm for each peer",
  ]);
  const { result: second } = await runner.run(definition, 5, MANNER, () => {});
  t.is(second.history, result.history);
  t.is(second.warnings, undefined);
  await runner.close();
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
