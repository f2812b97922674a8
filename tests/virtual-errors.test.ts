/** What raft.ts throws, and what Node's functions throw at it, is told in its own lines, the same in every mode. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { BundleError } from "../src/peer/bundler.js";
import { loadProgram } from "../src/peer/program.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, logged, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

const NO_ERROR = "which is no Error and so has no stack";

/** What a peer does, in line 3 of its raft.ts, and how that is told. */
const FAILING: readonly { does: string; message: string | RegExp; hasStack?: boolean }[] = [
  { does: 'throw "x";', message: `what was thrown is "x", ${NO_ERROR}` },
  { does: "throw undefined;", message: `what was thrown is undefined, ${NO_ERROR}` },
  { does: "void Promise.reject(5);", message: `what was thrown is 5, ${NO_ERROR}` },
  {
    does: "process.nextTick(() => { throw { a: 1 }; });",
    message: `what was thrown is {"a":1}, ${NO_ERROR}`,
  },
  {
    does: 'queueMicrotask(() => { throw Symbol("s"); });',
    message: `what was thrown is Symbol(s), ${NO_ERROR}`,
  },
  { does: 'new URL("x");', message: "TypeError: Invalid URL", hasStack: true },
  {
    does: "void (async () => Buffer.alloc(-1))();",
    message: /^RangeError: The value of "size"/,
    hasStack: true,
  },
  { does: "Buffer.alloc(1).readUInt8(5);", message: /^RangeError: The value of "offset"/, hasStack: true },
  {
    does: "structuredClone(() => 1);",
    message: "DataCloneError: () => 1 could not be cloned.",
    hasStack: true,
  },
];

for (const { does, message, hasStack = false } of FAILING) {
  test.serial(`told alike in sim and lockstep: ${does}`, async (t) => {
    muteAva(t);
    const runner = runnerHere(t, await programOf(t, idleRaft(does)));
    const { result } = await runIn(runner, "sim");
    if (typeof message === "string") t.is(result.error?.message, message);
    else t.regex(result.error?.message ?? "", message);
    t.regex(result.error?.stack ?? "", hasStack ? /^.*\n {4}at (?:act \()?raft\.ts:3:\d+/ : /^$/);
    const { result: second } = await runIn(runner, "lockstep");
    t.is(second.history, result.history);
    t.is(second.error?.stack, result.error?.stack);
  });
}

test.serial("a make that is no function is told as what it is", async (t) => {
  const program = await programOf(t, "export const other = 6, make = 5;");
  const { result } = await runIn(runnerHere(t, program), "sim");
  t.regex(
    result.error?.message ?? "",
    /^it exports no function make \(it exports make, which is of type number, other\)/,
  );
});

test.serial("an error of Node's that a peer catches has a stack in its lines, and no other", async (t) => {
  const does = `try { Buffer.alloc(1).readUInt8(5); } catch (error) {
    return [error instanceof RangeError, error.code, error.stack].join(); }`;
  const runner = runnerHere(t, await programOf(t, idleRaft(does)));
  const first = await runIn(runner, "sim", { trace: true });
  const [text = ""] = logged(first);
  t.regex(
    text,
    /^true,ERR_OUT_OF_RANGE,RangeError.*\n {4}at act \(raft\.ts:3:\d+\)\n {4}at (?:Timeout\.\S+ \()?raft\.ts:\d+:\d+\)?$/,
  );
  t.is((await runIn(runner, "lockstep")).result.history, first.result.history);
  t.regex(new Error("ours").stack ?? "", /virtual-errors\.test/, "out of a turn, nothing has changed");
});

async function folderWith(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-module-"));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

for (const name of ["raft.ts", "raft.js", "raft.mjs"]) {
  test.serial(`${name} is an ES module: strict, and this is undefined`, async (t) => {
    const helper = "export const inHelper = (function () { return typeof this; })();";
    const source = `import { inHelper } from "./helper.js"; const top = typeof this;
      const assigns = () => { try { undeclared = 1; return "sloppy"; } catch (error) { return error.name; } };
      ${idleRaft("return [top, inHelper, (function () { return typeof this; })(), assigns()].join();")}`;
    const folder = await folderWith(t, { [name]: source, "helper.js": helper });
    const run = await runIn(runnerHere(t, await loadProgram(join(folder, name))), "sim", { trace: true });
    t.is(logged(run)[0], "undefined,undefined,undefined,ReferenceError");
  });
}

test.serial("import() gives what is named by a literal; of another it says why not", async (t) => {
  const does = `void import("./helper.js").then(({ help }) => console.log(help));
    const name = "./other" + me + ".js"; import(name).catch((error) => console.log(error.code + " " + error.message));`;
  const folder = await folderWith(t, {
    "raft.ts": idleRaft(does),
    "helper.js": 'export const help = "helped";',
  });
  const runner = runnerHere(t, await loadProgram(join(folder, "raft.ts")));
  const first = await runIn(runner, "sim", { trace: true });
  t.deepEqual(logged(first).slice(0, 2), [
    "helped",
    'MODULE_NOT_FOUND Cannot find module "./other0.js". A file is bundled where its name is written out, as in ' +
      'import("./log.js"), not where it is computed.',
  ]);
  t.is((await runIn(runner, "lockstep")).result.history, first.result.history);
});

test.serial("a top-level await is told before the run, with its place and what to do", async (t) => {
  const folder = await folderWith(t, { "raft.ts": "export const make = 1;\nawait make;\n" });
  const error = await t.throwsAsync(loadProgram(join(folder, "raft.ts")), { instanceOf: BundleError });
  t.regex(
    error.message,
    /A top-level await: a peer is loaded at once.* Await in an async function that make calls/,
  );
  t.regex(error.message, /raft\.ts:2:0/);
});
