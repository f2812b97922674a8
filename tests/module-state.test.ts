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
  [
    "a table of which a function reads",
    "const T = { beat: 100, wait: [150, 300], by: { a: 1 } } as const; const f = (x: string) => [T.beat, T.wait[0], T.wait.map((n) => n), T.by[x], x in T.by, Object.keys(T.by), ...T.wait];",
  ],
  [
    "what is reckoned of a table",
    "const T = { beat: 100 } as const; const MIN = T.beat * 3; const first = T.beat;",
  ],
  [
    "an enum by its number",
    "enum Role { Follower, Leader } export const nameOf = (role: Role) => Role[role];",
  ],
  [
    "a logger",
    "const log = { info: (...words: unknown[]) => console.log(...words) }; export const f = () => log.info(1);",
  ],
  ["a private constant of a class", "class Log { static #BEAT = 100; beat() { return Log.#BEAT; } }"],
  ["the environment", "const DEBUG = process.env.DEBUG === '1'; export const f = () => process.env.TRACE;"],
  ["a renamed export", "function newRaft() {} export { newRaft as other };"],
  [
    "a whole module",
    "import timers from 'node:timers/promises'; export const f = () => timers.setTimeout(1);",
  ],
  [
    "an exported enum and table",
    "export enum Role { A, B } export const T = { beat: 1 }; export const f = () => Role.A + T.beat;",
  ],
  [
    "names of the bundler's helpers' own",
    "const all = [1]; const target = 2; const mod = 3; export const f = () => all[0];",
  ],
  ["a function of a class", "class Log { static of = () => new Log(); }"],
  [
    "modules that are plain functions",
    "import assert from 'node:assert'; import { EventEmitter } from 'node:events'; class Log extends EventEmitter {} export const f = () => assert(new Log());",
  ],
  ["a signal", "export const f = () => AbortSignal.timeout(5);"],
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
    "import { randomInt } from 'node:crypto'; export const f = () => randomInt(5);",
  ],
  ["a module loaded later", "export const f = () => require('node:fs');"],
  ["the module itself", "export const f = () => { module.left = 1; };"],
  ["the module's own arguments", "export const f = () => arguments[2]('node:fs');"],
  [
    "a list that is filled and emptied",
    "const queue: number[] = []; export const f = () => { queue.push(1); queue.length = 0; };",
  ],
  [
    "a table of those at work",
    "const busy: Record<string, boolean> = {}; export const f = (p: string) => { busy[p] = true; delete busy[p]; };",
  ],
  ["a count in a table", "const stats = { n: 0 }; export const f = () => { stats.n++; stats.n--; };"],
  [
    "a table within a table that is set",
    "const t = { of: { n: 0 } }; export const f = () => { t.of.n = 1; };",
  ],
  [
    "a table that is taken apart and set",
    "const t = { of: { n: 0 } }; export const f = () => { const { of } = t; of.n = 1; };",
  ],
  [
    "a table with another name",
    "const t = { n: 0 }; export const f = () => { const same = t; same.n = 1; };",
  ],
  ["a table that is handed on", "const t = { n: 0 }; export const f = () => Object.assign(t, { n: 1 });"],
  ["a table that is returned", "const t = { n: 0 }; export const f = () => t;"],
  [
    "a table whose entries are handed on",
    "const t = [{ n: 0 }]; export const f = () => t.find(({ n }) => n === 0);",
  ],
  ["a table that counts by itself", "const t = { n: 0, next() { return ++this.n; } };"],
  ["a count of a class", "class Log { static live = 0; constructor() { Log.live++; } }"],
  [
    "a count of a class by its instances",
    "class Log { static live = 0; constructor() { (this.constructor as any).live++; } }",
  ],
  ["a count of a class by its own method", "class Log { static live = 0; static enter() { this.live++; } }"],
  ["a table of a class", "class Log { static all: number[] = []; }"],
  ["a mark on a function", "function busy() {} export const f = () => { (busy as any).on = true; };"],
  [
    "a method that is replaced",
    "class Log { size() {} } export const f = () => { Log.prototype.size = () => {}; };",
  ],
  ["a built-in function that is replaced", "export const f = () => { Math.max = () => 7; };"],
  ["an enum that is set", "enum Role { A } export const f = () => { (Role as any).B = 1; };"],
  ["an enum that is handed on", "enum Role { A } export const f = () => Object.assign(Role, { B: 1 });"],
  [
    "a property chosen by code",
    "const f = (Object.prototype as any)[Math.random() < 0.5 ? 'toString' : 'valueOf'];",
  ],
  ["a base behind a getter", "const of = { get Base() { return class {}; } }; class Log extends of.Base {}"],
  [
    "a number that code makes",
    "const chance = { valueOf: () => Math.random() }; const SEED = +(chance as never);",
  ],
  [
    "a text that code makes",
    "const chance = { toString: () => `${Math.random()}` }; const NAME = `of ${chance}`;",
  ],
  [
    "a helper of the bundler's name",
    "function __toESM() { let n = 0; return { next: () => ++n }; } const box = __toESM();",
  ],
  [
    "private marks on any object",
    "class Any { constructor(o: object) { return o; } } class Mark extends Any { #n = 0; }",
  ],
  ["an environment that is set", "export const f = () => { process.env.DEBUG = '1'; };"],
  ["a table whose function counts", "const t = { n: 0, next: function (this: any) { return ++this.n; } };"],
  [
    "constants of one another",
    "const A: number = B + 1; const B: number = A + 1; const T = { n: T2.n }; const T2: any = { n: T.n };",
  ],
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
