import { execFile } from "node:child_process";
import { cp, mkdir, readdir, readFile, realpath, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { SKELETON_FILES } from "../src/cli/skeleton.js";
import { MAIN, projectFile, whitewater } from "./helpers/cli.js";
import { type Installed, installPacked, manifestOf, TSC } from "./helpers/packed.js";

const run = promisify(execFile);
/** It never has a leader. */
const SMALLEST = projectFile("examples/smallest/raft.ts");
let installed: Installed;

test.before(async (t) => {
  t.timeout(120_000);
  installed = await installPacked();
});
test.after.always(() => installed?.remove());

/** A folder of the user's with these files, beside the installed package. */
async function userFolder(name: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = join(installed.folder, name);
  await mkdir(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test("npx in a clone runs what is built there, and does not build it again", async (t) => {
  const root = projectFile(".");
  const npm_config_cache = await userFolder("npm-cache");
  const env = { ...process.env, npm_config_cache, npm_config_offline: "true" };
  const { mtimeMs } = await stat(MAIN);
  const { stdout } = await run("npx", ["whitewater", "--version"], { cwd: root, env });
  t.is(stdout.trim(), (await manifestOf(root)).version);
  t.is((await stat(MAIN)).mtimeMs, mtimeMs);
});

test("the package holds what it runs on and its sources, and no tests of ours", async (t) => {
  const folder = join(installed.folder, "node_modules/whitewater");
  const { files = [] } = await manifestOf(folder);
  t.deepEqual((await readdir(folder)).sort(), [...files, "package.json"].sort());
});

test("with what is bundled into it go the licences", async (t) => {
  const licences = await readFile(
    join(installed.folder, "node_modules/whitewater/dist/licences.txt"),
    "utf8",
  );
  for (const name of ["commander", "msgpackr", "valibot"]) {
    t.regex(licences, new RegExp(`^${name} \\d+\\.\\d+.*\n\n.*MIT`, "m"), name);
  }
});

test.serial("a user's raft.ts of several TypeScript modules passes TestInitialElection3A", async (t) => {
  const cwd = await userFolder("own-raft");
  await cp(projectFile("src/raft"), cwd, { recursive: true });
  for (const name of await readdir(cwd)) {
    const text = await readFile(join(cwd, name), "utf8");
    await writeFile(join(cwd, name), text.replaceAll('"../index.js"', '"whitewater"'));
  }
  const args = ["test", "--run", "TestInitialElection3A", "--raft", "./raft.ts"];
  const { exitCode, stdout, stderr } = await whitewater(args, { cwd, main: installed.main });
  t.is(exitCode, 0, stdout + stderr);
  t.regex(
    stdout,
    /^whitewater: \.\/raft\.ts on threads, .*\nTest \(3A\): initial election \.\.\.\n {2}\.\.\. Passed/,
  );
});

test.serial("what init writes runs as it is, and fails with the lab's message", async (t) => {
  const { main } = installed;
  const parent = await userFolder("begins");
  t.is((await whitewater(["init", "my-raft"], { cwd: parent, main })).exitCode, 0);
  const cwd = join(parent, "my-raft");
  t.deepEqual((await readdir(cwd)).sort(), [...SKELETON_FILES].sort());
  const { exitCode, stdout } = await whitewater(["test", "--run", "TestInitialElection3A"], { cwd, main });
  t.is(exitCode, 1, stdout);
  t.regex(stdout, /^ {4}expected one leader, got none$/m);
});

test.serial("a check that fails leads to its line in the sources that the package has", async (t) => {
  const cwd = await userFolder("idle");
  const { main } = installed;
  for (const mode of ["threads", "lockstep", "sim"]) {
    const args = ["test", "--mode", mode, "--run", "TestBasicAgree3B", "--raft", SMALLEST];
    const { stdout } = await whitewater(args, { cwd, main });
    const [, file = "", line = ""] =
      /^ {6}at async basicAgree \(file:\/\/(\S+):(\d+):\d+\)$/m.exec(stdout) ?? [];
    t.is(file, await realpath(join(installed.folder, "node_modules/whitewater/src/lab/3b.ts")), stdout);
    const source = await readFile(file, "utf8");
    t.regex(source.split("\n")[Number(line) - 1] ?? "", /\.one\(/, `${mode}: line ${line}`);
  }
});

for (const { file, args } of [
  { file: "peer/host/worker.js", args: ["test", "--mode", "sim"] },
  { file: "peer/host/prelude.js", args: ["test", "--mode", "threads"] },
  { file: "stress/run-worker.js", args: ["test", "--mode", "sim"] },
  { file: "stress/run-process.js", args: ["stress", "--iterations", "1", "--quiet"] },
]) {
  test.serial(`without ${file}, ${args[0]} says that the package is not complete`, async (t) => {
    const path = join(installed.folder, "node_modules/whitewater/dist", file);
    await rename(path, `${path}.away`);
    try {
      const { main, folder: cwd } = installed;
      const { exitCode, stderr } = await whitewater([...args, "--run", "TestBasicAgree3B"], { cwd, main });
      t.is(exitCode, 2, stderr);
      t.regex(stderr, new RegExp(`^whitewater: Whitewater is not complete: .*${file} is missing\\. .*\n$`));
    } finally {
      await rename(`${path}.away`, path);
    }
  });
}

/** Runs `body` while a file of the installed package has another text. */
async function whileChanged(
  name: string,
  change: (text: string) => string,
  body: () => Promise<void>,
): Promise<void> {
  const file = join(installed.folder, "node_modules/whitewater", name);
  const text = await readFile(file, "utf8");
  await writeFile(file, change(text));
  try {
    await body();
  } finally {
    await writeFile(file, text);
  }
}

test.serial("a source map that cannot be read costs the stack, not the failure", async (t) => {
  const { main, folder: cwd } = installed;
  const args = ["test", "--mode", "sim", "--run", "TestBasicAgree3B", "--raft", SMALLEST];
  await whileChanged(
    "dist/stress/run-worker.js.map",
    () => "{",
    async () => {
      const { stdout } = await whitewater(args, { cwd, main });
      t.regex(stdout, /^ {4}one\(100\) failed to reach agreement\n( {6}server .*\n){3} {4}Replay: /m);
    },
  );
});

test.serial("the reference Raft is bundled already, and anew where its sources have changed", async (t) => {
  const { main, folder: cwd } = installed;
  const outcome = async () =>
    (await whitewater(["test", "--mode", "sim", "--run", "TestCount3B"], { cwd, main })).stdout;
  const throwing = (why: string) => `;throw new Error("${why}");`;
  const asBuilt = (built: string) =>
    JSON.stringify({ ...JSON.parse(built), text: throwing("as it was built") });
  const edited = (source: string) => source + throwing("as it was edited");
  await whileChanged("dist/raft/bundle.json", asBuilt, async () => {
    t.regex(await outcome(), /as it was built/);
    await whileChanged("src/raft/log.ts", edited, async () => {
      t.regex(await outcome(), /as it was edited/);
    });
  });
  t.regex(await outcome(), /\nok: 1 passed, 0 failed\n$/);
});

test.serial("a mistake of Whitewater's own is told with the lines of its sources", async (t) => {
  const { main, folder: cwd } = installed;
  const without = (built: string) => JSON.stringify({ ...JSON.parse(built), text: undefined });
  await whileChanged("dist/raft/bundle.json", without, async () => {
    const { exitCode, stderr } = await whitewater(["test", "--mode", "sim"], { cwd, main });
    t.is(exitCode, 70);
    t.regex(stderr, /^ {4}at loadProgram \(file:.*\/whitewater\/src\/peer\/program\.ts:\d+:\d+\)/m);
  });
});

const CASES = `
import { CaseFailure, defineCase } from "whitewater/cases";
export const mine = defineCase({
  name: "TestMine",
  servers: 1,
  run: async (cfg) => {
    throw cfg.fail(String(cfg.fail("why") instanceof CaseFailure));
  },
});
`;

test.serial("a file of the user's cases runs in the modules of the package", async (t) => {
  const cwd = await userFolder("own-cases", { "cases.ts": CASES });
  const args = ["test", "--cases", "cases.ts", "--run", "TestMine"];
  const { exitCode, stdout } = await whitewater(args, { cwd, main: installed.main });
  t.is(exitCode, 1);
  t.regex(stdout, /^--- FAIL: TestMine \(check, .*\n {4}why\n/m);
  t.regex(stdout, /at .*cases\.ts:7:/);
});

const KEEPER = `
import { FilePersister } from "whitewater/file-persister";
const persister: import("whitewater").Persister = new FilePersister("peer-0");
persister.saveRaftState(Uint8Array.of(1, 2, 3));
`;

test.serial("FilePersister keeps a state on disk for another process", async (t) => {
  const cwd = await userFolder("keeper");
  const node = (text: string) => run(process.execPath, ["--input-type=module", "--eval", text], { cwd });
  await node(KEEPER.replace(/: import\(.*\)\.Persister/, ""));
  const { stdout } = await node(
    'import { FilePersister } from "whitewater/file-persister";' +
      'console.log(...new FilePersister("peer-0").readRaftState());',
  );
  t.is(stdout, "1 2 3\n");
});

test.serial("every entry of the package has types that a strict user's compiler takes", async (t) => {
  const manifest = JSON.stringify({ type: "module" });
  const folder = await userFolder("typed", {
    "package.json": manifest,
    "cases.ts": CASES,
    "keeper.ts": KEEPER,
  });
  const wrong = 'import { FilePersister } from "whitewater/file-persister";\nnew FilePersister(7);\n';
  await writeFile(join(folder, "wrong.ts"), wrong);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"];
  const compile = (...files: string[]) =>
    run(process.execPath, [TSC, ...options, ...files], { cwd: folder }).catch(
      (error: { stdout: string }) => error,
    );
  t.is((await compile("cases.ts", "keeper.ts")).stdout, "");
  t.regex((await compile("wrong.ts")).stdout, /wrong\.ts\(2,19\): error TS2345/, "and it is not blind");
});
