import { execFile } from "node:child_process";
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { initCommand } from "../src/cli/init.js";
import { ownSpec } from "../src/cli/own-spec.js";
import { packageName, SKELETON_FILES, writeAll, writeSkeleton } from "../src/cli/skeleton.js";
import { UsageError } from "../src/errors.js";

const repo = fileURLToPath(new URL("../", import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

/** An empty folder that goes when the test ends. */
async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-init-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** All files below `folder`, their text by path. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const texts = files.map(async (path) => [path.slice(folder.length + 1), await readFile(path, "utf8")]);
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
}

async function manifestIn(folder: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
}

/** Does what `npm install` would: the declarations of `whitewater` as they are published, and @types/node. */
async function install(folder: string): Promise<void> {
  const installed = join(folder, "node_modules/whitewater");
  await mkdir(installed, { recursive: true });
  await cp(join(repo, "package.json"), join(installed, "package.json"));
  await symlink(join(repo, "node_modules/@types"), join(folder, "node_modules/@types"));
  const outDir = join(installed, "dist");
  // An error in a file that raft.ts never sees is not this test's business; what it sees is checked there.
  await run(tsc, "-p", join(repo, "tsconfig.build.json"), "--outDir", outDir, "--emitDeclarationOnly");
}

/** What a script of Node's prints, whatever its exit code. */
async function run(...command: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, command).catch(
    (error: { stdout: string }) => error,
  );
  return stdout;
}

test("a new folder gets every file of the skeleton", async (t) => {
  const folder = join(await emptyFolder(t), "deep", "my-raft");
  await writeSkeleton(folder);
  t.deepEqual((await readdir(folder)).sort(), [...SKELETON_FILES].sort());
  t.is(
    await readFile(join(folder, "raft.ts"), "utf8"),
    await readFile(join(repo, "skeleton/raft.ts"), "utf8"),
  );
});

test("package.json names the folder, and the Whitewater that wrote it", async (t) => {
  const folder = join(await emptyFolder(t), "Project 4");
  await writeSkeleton(folder);
  const { name, private: isPrivate, devDependencies } = await manifestIn(folder);
  t.is(name, "project-4");
  t.true(isPrivate);
  t.is((devDependencies as Record<string, string>).whitewater, `file:${await realpath(repo)}`);
});

for (const { from, resolved, spec } of [
  { from: "a registry", resolved: "https://registry.example/whitewater-1.2.3.tgz", spec: () => "^1.2.3" },
  {
    from: "a tarball",
    resolved: "file:../down/w w.tgz",
    spec: (root: string) => `file:${root}/down/w w.tgz`,
  },
  {
    from: "git",
    resolved: "git+ssh://git@host.example/w.git#1234",
    spec: (_: string) => "git+ssh://git@host.example/w.git#1234",
  },
]) {
  test(`a Whitewater from ${from} is installed from there again`, async (t) => {
    const root = await emptyFolder(t);
    const modules = join(root, "project/node_modules");
    await mkdir(modules, { recursive: true });
    const lockfile = { packages: { "node_modules/whitewater": { version: "1.2.3", resolved } } };
    await writeFile(join(modules, ".package-lock.json"), JSON.stringify(lockfile));
    t.is(await ownSpec(join(modules, "whitewater"), "1.2.3"), spec(root));
  });
}

test("a Whitewater whose installer left no note is installed by its version", async (t) => {
  t.is(await ownSpec(join(await emptyFolder(t), "lib/node_modules/whitewater"), "1.2.3"), "^1.2.3");
});

test("a package is named after the folder that a link leads to", async (t) => {
  const folder = await emptyFolder(t);
  await mkdir(join(folder, "real"));
  await symlink(join(folder, "real"), join(folder, "link"));
  await writeSkeleton(join(folder, "link"));
  t.is((await manifestIn(join(folder, "real"))).name, "real");
});

for (const { folder, name } of [
  { folder: "my-raft", name: "my-raft" },
  { folder: "project4_NAME", name: "project4_name" },
  { folder: "Übung 4 (Raft)", name: "ubung-4-raft" },
  { folder: ".hidden", name: "hidden" },
  { folder: "_a.b", name: "a.b" },
  { folder: "筏", name: "my-raft" },
  { folder: "", name: "my-raft" },
  { folder: "whitewater", name: "whitewater-raft" },
  { folder: "node_modules", name: "node_modules-raft" },
  { folder: "r".repeat(255), name: "r".repeat(214) },
]) {
  test(`the folder "${folder.slice(0, 20)}" makes a package "${name.slice(0, 20)}"`, (t) =>
    t.is(packageName(folder), name));
}

for (const present of SKELETON_FILES) {
  test(`nothing is written where there is a ${present}`, async (t) => {
    const folder = await emptyFolder(t);
    await writeFile(join(folder, present), "mine");
    await writeFile(join(folder, "notes.txt"), "mine too");
    const error = await t.throwsAsync(writeSkeleton(folder), { instanceOf: UsageError });
    t.true(error.message.startsWith(`${present} is already in ${folder}`), error.message);
    t.deepEqual(await contents(folder), { [present]: "mine", "notes.txt": "mine too" });
  });
}

test("all files that are there already are named, a link that leads nowhere included", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "README.md"), "mine");
  await symlink("nowhere", join(folder, "raft.ts"));
  const error = await t.throwsAsync(writeSkeleton(folder), { instanceOf: UsageError });
  t.regex(error.message, /^raft\.ts, README\.md are already in /);
  t.deepEqual((await readdir(folder)).sort(), ["README.md", "raft.ts"]);
});

test("other files in the folder are left as they are", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "notes.txt"), "mine");
  await writeSkeleton(folder);
  t.is((await contents(folder))["notes.txt"], "mine");
});

test("a path that is a file, or leads through one, is a usage error", async (t) => {
  const folder = await emptyFolder(t);
  const file = join(folder, "file");
  await writeFile(file, "mine");
  const isFile = await t.throwsAsync(writeSkeleton(file), { instanceOf: UsageError });
  t.true(isFile.message.startsWith(`Cannot write ${file}/raft.ts: a file stands where a folder is needed.`));
  const through = await t.throwsAsync(writeSkeleton(join(file, "sub")), { instanceOf: UsageError });
  t.regex(through.message, /a file stands where a folder is needed/);
  t.deepEqual(await contents(folder), { file: "mine" });
});

test.serial("a folder that may not be written to is a usage error", async (t) => {
  const folder = await emptyFolder(t);
  await chmod(folder, 0o555);
  await asOrdinaryUser(async () => {
    const error = await t.throwsAsync(writeAll(folder, new Map([["raft.ts", ""]])), {
      instanceOf: UsageError,
    });
    t.regex(error.message, /raft\.ts: you may not write there\. Nothing was written/);
  });
  t.deepEqual(await readdir(folder), []);
});

/** Root may write anywhere: it becomes another user for the time of `act`. */
async function asOrdinaryUser(act: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return await act();
  const NOBODY = 65534;
  process.seteuid?.(NOBODY);
  try {
    await act();
  } finally {
    process.seteuid?.(0);
  }
}

test("what fails midway leaves no file and no folder behind", async (t) => {
  const folder = await emptyFolder(t);
  const files = new Map([
    ["raft.ts", "text"],
    ["no-such-folder/package.json", "{}"], // cannot be opened
  ]);
  await t.throwsAsync(writeAll(join(folder, "deep", "my-raft"), files), { instanceOf: UsageError });
  t.deepEqual(await readdir(folder), []);
});

test("what fails midway leaves a folder that was there, and what it held", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "package.json"), "mine");
  const files = new Map([
    ["raft.ts", "text"],
    ["package.json", "{}"], // came up after the look for it, so to speak
  ]);
  const error = await t.throwsAsync(writeAll(folder, files), { instanceOf: UsageError });
  t.regex(error.message, /package\.json: a file of that name is there/);
  t.deepEqual(await contents(folder), { "package.json": "mine" });
});

test("what is written type-checks by its own tsconfig against the published types", async (t) => {
  const folder = join(await emptyFolder(t), "my-raft");
  await writeSkeleton(folder);
  await install(folder);
  t.is(await run(tsc, "-p", folder), "");

  const raft = join(folder, "raft.ts");
  const text = await readFile(raft, "utf8");
  await writeFile(raft, text.replace("isLeader: false };", "};"));
  t.regex(await run(tsc, "-p", folder), /raft\.ts.*isLeader/, "strict, and not blind");
});

test.serial("the command tells what to type next", async (t) => {
  const folder = join(await emptyFolder(t), "my raft's");
  const printed: unknown[] = [];
  const log = console.log;
  console.log = (text: unknown) => printed.push(text);
  try {
    await initCommand().parseAsync([folder], { from: "user" });
  } finally {
    console.log = log;
  }
  const steps = String(printed)
    .split("\n")
    .filter((line) => line.startsWith("  "));
  t.deepEqual(steps, [
    `  cd '${dirname(folder)}/my raft'\\''s'`,
    "  npm install",
    "  npx whitewater test --run TestInitialElection3A",
  ]);
  t.is((await manifestIn(folder)).name, packageName(basename(folder)));
});
