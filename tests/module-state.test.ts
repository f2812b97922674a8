/** Which raft.ts the peers of a run may share one evaluation of. */
import test from "ava";
import { transform } from "esbuild";
import { statelessModule } from "../src/peer/module-state.js";

/** As the bundler writes a raft.ts. */
async function bundled(source: string): Promise<string> {
  const options = {
    loader: "ts",
    format: "cjs",
    platform: "node",
    target: "node20",
    keepNames: true,
  } as const;
  return (await transform(source, options)).code;
}

const MAKE = "export const make = () => ({});";

for (const [what, source] of [
  ["nothing but make", ""],
  [
    "constants, and what is reckoned of them",
    "const A = 100, B = -A * 2; const C = A + ' ms'; const D = A > 1 ? A : B;",
  ],
  [
    "what a global tells",
    "const MOST = Number.MAX_SAFE_INTEGER; const HALF = Math.floor(7 / 2); const has = Object.prototype.hasOwnProperty;",
  ],
  ["a symbol", "const KEY = Symbol('key');"],
  ["a table", "const DELAYS = { low: 1, high: [2, 3] } as const; const FIXED = Object.freeze({ a: 1 });"],
  [
    "enums",
    "enum Role { Follower, Candidate = 4, Leader = -1 } enum Name { A = 'a' } const first = Role.Follower;",
  ],
  [
    "functions",
    "function f() { let n = 0; return () => ++n; } const g = async () => f(); const h = function* () {};",
  ],
  [
    "a class",
    "class Log { #entries = []; last = new Map(); static EMPTY = 0; static of() { return new Log(); } get size() { return 1; } }",
  ],
  [
    "a class of a class",
    "class Lost extends Error {} const Again = class extends Lost { [Symbol.iterator]() {} };",
  ],
  [
    "labgob",
    "import { LabEncoder } from 'whitewater'; import * as w from 'whitewater'; const E = w.EncodeError; export const f = () => new LabEncoder();",
  ],
  [
    "timers that are promises",
    "import { setTimeout as sleep } from 'node:timers/promises'; export const f = () => sleep(1);",
  ],
  [
    "a console and a clock in a function",
    "const f = () => console.log(performance.now(), Date.now(), Math.random());",
  ],
  ["a regular expression in a function", "const f = (text: string) => /a/g.exec(text);"],
  [
    "variables of functions that are set again",
    "function f() { let n = 0; n += 1; for (const i of [1]) n = i; return n; }",
  ],
] as const) {
  test(`shared: ${what}`, async (t) => {
    const names = statelessModule(await bundled(`${source}\n${MAKE}`));
    t.true(names?.includes("make"), String(names));
  });
}

for (const [what, source] of [
  ["a variable that is set again", "let n = 0; export const f = () => { n = 1; };"],
  ["a counter", "let n = 0; export const f = () => ++n;"],
  ["a variable set by taking apart", "let n = 0; export const f = () => { [n] = [1]; ({ n } = { n: 2 }); };"],
  ["a variable set by a loop", "let n = 0; export const f = () => { for (n of [1]); };"],
  ["a map", "const cache = new Map();"],
  ["a map in a table", "const tables = { of: [new Map()] };"],
  ["a map of a class", "class Log { static all = new Map(); }"],
  ["a private variable of a class", "class Log { static #last = 0; static next() { return ++Log.#last; } }"],
  [
    "a variable of a class's block",
    "class Log { static { let n = 0; Log.next = () => ++n; } static next: () => number; }",
  ],
  ["a regular expression", "const RULE = /a/g;"],
  ["a closure", "const next = (() => { let n = 0; return () => ++n; })();"],
  ["a generator", "function* numbers() { yield 1; } const source = numbers();"],
  ["a promise", "const ready = Promise.resolve();"],
  ["chance", "const id = Math.random();"],
  [
    "chance behind a getter",
    "const source = { get next() { return Math.random(); } }; const id = source.next;",
  ],
  ["a time", "const began = Date.now();"],
  ["a peer's own console", "const log = console;"],
  ["a part of a peer's own console", "const { log } = console;"],
  ["a method of a peer's own clock", "const now = performance.now;"],
  [
    "a base that is made",
    "const mixed = (Base) => class extends Base {}; class Log extends mixed(Object) {}",
  ],
  ["a statement", "if (Math.random() < 2) Array.prototype.left = 1;"],
  ["a call", "Object.assign(Array.prototype, { left: 1 });"],
  ["the global object", "export const f = () => { globalThis.left = 1; };"],
  ["a global that is set", "export const f = () => { Map = undefined; };"],
  ["the process", "export const f = () => process.env;"],
  ["the last match", "export const f = () => RegExp.$1;"],
  ["eval", "export const f = () => eval('1');"],
  [
    "another module of Node's",
    "import { EventEmitter } from 'node:events'; export const f = () => new EventEmitter();",
  ],
  ["a module loaded later", "export const f = () => require('node:fs');"],
  ["the module itself", "export const f = () => { module.left = 1; };"],
  ["the module's own arguments", "export const f = () => arguments[2]('node:fs');"],
] as const) {
  test(`not shared: ${what}`, async (t) => {
    t.is(statelessModule(await bundled(`${source}\n${MAKE}`)), undefined);
  });
}

test("not shared: what sets an undeclared variable, and what is no program", (t) => {
  t.is(statelessModule("exports.make = () => { left = 1; };"), undefined);
  t.is(statelessModule("exports.make = () => {"), undefined);
  t.deepEqual(statelessModule("exports.make = () => ({});"), []);
});
