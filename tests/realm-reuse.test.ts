/** In `sim` a realm serves one incarnation after another: what is left of one must not reach the next. */
import { fileURLToPath } from "node:url";
import { type Context, constants, createContext, runInContext } from "node:vm";
import test from "ava";
import type { PeerToMain } from "../src/labrpc/wire.js";
import { Imprint } from "../src/peer/imprint.js";
import { CompiledProgram } from "../src/peer/isolate.js";
import { loadProgram, withHost } from "../src/peer/program.js";

const NOTHING = new Uint8Array();
const SPEC = { peer: 0, incarnation: 1, ends: [0, 1], state: NOTHING, snapshot: NOTHING, seed: 7 };

/** What an incarnation says when it boots; it is over then. `isReused` tells whether its realm will be used again. */
function lifeIn(program: CompiledProgram): { said: readonly PeerToMain[]; isReused: boolean } {
  const said: PeerToMain[] = [];
  const isolate = program.open({ spec: SPEC, time: "virtual", say: (message) => said.push(message) });
  isolate.time?.setNowUs(5_000_000);
  isolate.boot();
  return { said, isReused: isolate.close() };
}

test("an incarnation finds nothing of those who had its realm before", async (t) => {
  const squatter = await loadProgram(fileURLToPath(new URL("fixtures/squatter.ts", import.meta.url)));
  const program = new CompiledProgram(squatter, { reusesRealms: true });
  const first = lifeIn(program);
  t.like(first.said[0], { kind: "log" });
  t.regex(JSON.stringify(first.said[0]), /found\\":\[\]/);
  t.like(first.said.at(-1), { kind: "ready" });
  t.true(first.isReused);
  t.deepEqual(lifeIn(program), first);
  t.deepEqual(lifeIn(program), first);
  t.deepEqual(lifeIn(new CompiledProgram(squatter)).said, first.said, "as in a realm of its own");
});

for (const [what, code] of [
  ["a built-in object is frozen", "Object.freeze(Array.prototype)"],
  ["a built-in function takes no more properties", "Object.preventExtensions(Array.prototype.map)"],
  ["a built-in function has a property more", "Array.prototype.map.left = 1"],
  ["a built-in object has got something for good", "Object.defineProperty(Math, 'left', { value: 1 })"],
  [
    "a property cannot be changed any more",
    "Object.defineProperty(globalThis, 'Map', { configurable: false })",
  ],
  ["a built-in object has another prototype", "Object.setPrototypeOf(Math, Array.prototype)"],
  ["a built-in object has lost a property", "delete Array.prototype.flat"],
  [
    "a built-in function has another name",
    "Object.defineProperty(Array.prototype.map, 'name', { value: 'left' })",
  ],
] as const) {
  test(`a realm is given up when ${what}`, async (t) => {
    const raftText = `exports.make = () => { ${code}; return { start() {}, getState() {}, kill() {} }; };`;
    const raft = await withHost({ raftPath: "raft.ts", raftText, raftMap: "{}" });
    const program = new CompiledProgram(raft, { reusesRealms: true });
    const { said, isReused } = lifeIn(program);
    t.deepEqual(said, [{ kind: "ready" }]);
    t.false(isReused);
    t.deepEqual(lifeIn(program).said, said);
  });
}

test("an imprint brings back what properties held, and how", (t) => {
  const context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
  const { JSON: realmJson, Array: realmArray } = runInContext("globalThis", context) as typeof globalThis;
  const imprint = new Imprint([realmArray, realmJson]);
  const places = [realmJson, realmArray.prototype];
  const before = places.map((place) => Object.getOwnPropertyDescriptors(place));
  runInContext("JSON.left = 1; JSON.parse = null; JSON[Symbol.for('left')] = 2;", context);
  runInContext("Object.defineProperty(Array.prototype, 'map', { get: () => 7 });", context);
  runInContext("Object.defineProperty(Array.prototype, 'sort', { enumerable: true });", context);
  t.is((realmJson as { left?: number }).left, 1);
  t.true(imprint.restore());
  for (const [i, place] of places.entries()) {
    const now = Object.getOwnPropertyDescriptors(place) as Record<PropertyKey, PropertyDescriptor>;
    const then = before[i] as typeof now;
    t.deepEqual(Reflect.ownKeys(now), Reflect.ownKeys(then));
    for (const key of Reflect.ownKeys(then)) t.like(now[key], then[key] as object);
  }
});
