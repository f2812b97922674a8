/** In `sim` the peers of a run may share a realm: what they can tell must be as in a realm each. */
import { fileURLToPath } from "node:url";
import test from "ava";
import { runCase } from "../src/harness/runner.js";
import { encode } from "../src/labgob/labgob.js";
import type { PeerToMain } from "../src/labrpc/wire.js";
import { CompiledProgram, type Housing } from "../src/peer/isolate.js";
import { loadProgram, type Program, REFERENCE_RAFT, withHost } from "../src/peer/program.js";
import { IsolatedPeer } from "../src/runtime/isolated-peer.js";
import { Sim } from "../src/runtime/sim.js";
import { HereRunner } from "../src/stress/runner.js";
import { quiescence } from "./helpers/realm.js";
import { labCase } from "./helpers/virtual-runs.js";

const NOTHING = new Uint8Array();
const SPEC = { incarnation: 1, ends: [0, 1, 2], state: NOTHING, snapshot: NOTHING };
const MANNER = { mode: "sim", schedule: "lively", check: true } as const;

function fixture(name: string): Promise<Program> {
  return loadProgram(fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url)));
}

/** A raft.ts whose `make` does this, as it stands in a bundle. */
async function bundle(declared: string, does: string): Promise<Program> {
  const raftText = `${declared}\nexports.make = () => { ${does}; return { start() {}, getState() {}, kill() {} }; };`;
  const program = await withHost({ raftPath: "raft.ts", raftText, raftMap: "{}" });
  if (!program.sharedNames) throw new Error(`not to be shared: ${raftText}`);
  return program;
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
  t.truthy(neighbour.sharedNames);
  const apart = await talkIn(new CompiledProgram(neighbour));
  t.true(apart.every((said) => said.filter(({ kind }) => kind === "log").length > 20));
  t.notDeepEqual(apart[0], apart[1]);
  const program = new CompiledProgram(neighbour, { reusesRealms: true });
  for (const run of [1, 2, 3]) {
    const housing = program.houseRun();
    t.deepEqual(await talkIn(housing), apart, `run ${run}`);
    t.true(housing.close());
  }
});

for (const [what, declared, does] of [
  ["a built-in object has a property more", "", "Object.assign(Array.prototype, { left: 1 })"],
  ["a built-in object has a property less", "", "Reflect.deleteProperty(Array.prototype, 'flat')"],
  ["a built-in function is replaced", "", "Reflect.set(Math, 'max', () => 7)"],
  ["a built-in object is frozen", "", "Object.freeze(Array.prototype)"],
  ["a global is added without its name", "", "(function () { this.left = 1; })()"],
  ["a class of its own counts", "class Log { static boots = 0; }", "Reflect.set(Log, 'boots', 1)"],
  ["a function of its own keeps something", "function log() {}", "Object.assign(log, { last: new Map() })"],
  [
    "a method of its class is replaced",
    "class Log { size() {} }",
    "Reflect.set(Log.prototype, 'size', null)",
  ],
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
    const program = new CompiledProgram(await bundle(declared, does), { reusesRealms: true });
    const first = program.houseRun();
    await talkIn(first);
    t.false(first.close());
    const second = program.houseRun();
    await talkIn(second);
    t.true(second.close());
  });
}

test("a spoilt run is made again, and says so", async (t) => {
  const tamperer = await fixture("tamperer");
  t.truthy(tamperer.sharedNames);
  const definition = labCase("TestReElection3A");
  const runner = new HereRunner(tamperer);
  const told: string[] = [];
  const { result } = await runner.run(definition, 5, MANNER, (line) => told.push(line));
  t.is(result.status, "passed", result.error?.message);
  t.is(told.filter((line) => line.includes("made again")).length, 1);
  told.length = 0;
  t.is((await runner.run(definition, 5, MANNER, (line) => told.push(line))).result.history, result.history);
  t.is(told.filter((line) => line.includes("made again")).length, 0);
  await runner.close();
});

test("who does not make a spoilt run again cannot take it for good", async (t) => {
  const runtime = new Sim(await fixture("tamperer")).runtime(5);
  await t.throwsAsync(runCase(labCase("TestInitialElection3A"), { runtime, seed: 5 }), {
    message: /Make it again/,
  });
});

test("the reference Raft is shared, and never spoils a run", async (t) => {
  const program = await loadProgram(REFERENCE_RAFT);
  t.truthy(program.sharedNames);
  const runner = new HereRunner(program);
  const told: string[] = [];
  const apart = new HereRunner({ ...program, sharedNames: undefined });
  for (const name of ["TestReElection3A", "TestBackup3B", "TestPersist23C"]) {
    const run = (by: HereRunner) => by.run(labCase(name), 9, MANNER, (line) => told.push(line));
    const { result } = await run(runner);
    t.is(result.status, "passed", result.error?.message);
    t.is(result.history, (await run(apart)).result.history, name);
  }
  t.deepEqual(
    told.filter((line) => line.includes("made again")),
    [],
  );
});
