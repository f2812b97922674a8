import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test, { type ExecutionContext } from "ava";
import { build } from "esbuild";
import { FilePersister, FilePersisterError } from "../src/persister/file-persister.js";
import { MemoryPersister } from "../src/persister/memory-persister.js";
import { contentsOf, numberIn } from "./helpers/numbered-saves.js";

const bytes = (...values: number[]) => Uint8Array.from(values);

/** A directory for one test, gone afterwards. */
function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "whitewater-persister-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens the directory and gives what it holds, and what it warned of. */
function reopened(directory: string): { persister: FilePersister; warnings: string[] } {
  const warnings: string[] = [];
  return { persister: new FilePersister(directory, { onWarning: (text) => warnings.push(text) }), warnings };
}

function filesIn(directory: string): string[] {
  return readdirSync(directory).sort();
}

function newestFile(directory: string): string {
  return join(directory, filesIn(directory).at(-1) ?? "");
}

/** A directory with two generations: save 1, then save 2 of small contents. */
function withTwoSaves(t: ExecutionContext): string {
  const directory = temporaryDirectory(t);
  const persister = new FilePersister(directory);
  persister.save(bytes(1, 1), bytes(10));
  persister.save(bytes(2, 2, 2), bytes(20, 20));
  return directory;
}

test("a new directory is made, and holds nothing", (t) => {
  const directory = join(temporaryDirectory(t), "cluster", "peer-0");
  const { persister, warnings } = reopened(directory);
  t.is(persister.raftStateSize(), 0);
  t.is(persister.readSnapshot().length, 0);
  t.deepEqual(filesIn(directory), []);
  t.deepEqual(warnings, []);
});

test("what was saved is read by the next persister on the directory", (t) => {
  const directory = temporaryDirectory(t);
  const first = new FilePersister(directory);
  first.save(bytes(1, 2), bytes(3));
  first.saveRaftState(bytes(4, 5, 6));
  for (const persister of [first, reopened(directory).persister]) {
    t.deepEqual(persister.readRaftState(), bytes(4, 5, 6));
    t.deepEqual(persister.readSnapshot(), bytes(3));
    t.is(persister.raftStateSize(), 3);
    t.is(persister.snapshotSize(), 1);
  }
  const second = new FilePersister(directory);
  second.saveStateAndSnapshot(bytes(7), bytes());
  t.deepEqual(reopened(directory).persister.readRaftState(), bytes(7));
  t.is(reopened(directory).persister.snapshotSize(), 0);
});

test("the two newest generations are kept, and no other file", (t) => {
  const directory = temporaryDirectory(t);
  let persister = new FilePersister(directory);
  for (let number = 1; number <= 10; number++) {
    persister.saveRaftState(bytes(number));
    if (number % 3 === 0) persister = new FilePersister(directory);
    t.is(filesIn(directory).length, Math.min(number, 2));
  }
  t.deepEqual(filesIn(directory), ["00000000000000000009.raft", "00000000000000000010.raft"]);
});

test("bytes are copied in and out", (t) => {
  const persister = new FilePersister(temporaryDirectory(t));
  const state = bytes(1);
  persister.save(state, state);
  state.fill(0);
  persister.readRaftState().fill(0);
  persister.readSnapshot().fill(0);
  t.deepEqual(persister.readRaftState(), bytes(1));
  t.deepEqual(persister.readSnapshot(), bytes(1));
});

test("a copy is in memory and goes its own way", (t) => {
  const directory = withTwoSaves(t);
  const persister = new FilePersister(directory);
  const before = filesIn(directory);
  const copy = persister.copy();
  t.true(copy instanceof MemoryPersister);
  t.deepEqual(copy.readRaftState(), bytes(2, 2, 2));
  t.deepEqual(copy.readSnapshot(), bytes(20, 20));
  copy.saveRaftState(bytes(9));
  t.deepEqual(persister.readRaftState(), bytes(2, 2, 2));
  t.deepEqual(filesIn(directory), before);
});

test("a wrong argument is a TypeError and changes nothing", (t) => {
  const directory = withTwoSaves(t);
  const persister = new FilePersister(directory);
  t.throws(() => persister.saveRaftState("x" as never), {
    instanceOf: TypeError,
    message: /persister\.saveRaftState: state must be a Uint8Array/,
  });
  t.throws(() => persister.save(bytes(1), null as never), {
    instanceOf: TypeError,
    message: /persister\.save: snapshot/,
  });
  t.deepEqual(reopened(directory).persister.readRaftState(), bytes(2, 2, 2));
});

// --- Torn and changed files ---

test("a newest file torn at any length is noticed: the state before it is used, and a warning says so", (t) => {
  const directory = withTwoSaves(t);
  const path = newestFile(directory);
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const { persister, warnings } = reopened(directory);
    t.deepEqual(persister.readRaftState(), bytes(1, 1));
    t.deepEqual(persister.readSnapshot(), bytes(10));
    t.is(warnings.length, 1);
    t.regex(
      warnings[0] ?? "",
      /newest state cannot be read \(0*2\.raft: .*0*1\.raft, is used.*forgotten a vote/s,
    );
  }
});

test("any flipped bit in the newest file is noticed, and so are bytes behind its end", (t) => {
  const directory = withTwoSaves(t);
  const path = newestFile(directory);
  const whole = readFileSync(path);
  const changed = [...whole.keys()].flatMap((place) =>
    [1, 2, 4, 8, 16, 32, 64, 128].map((bit) => whole.map((byte, i) => (i === place ? byte ^ bit : byte))),
  );
  for (const file of [...changed, Buffer.concat([whole, bytes(0)])]) {
    writeFileSync(path, file);
    const { persister, warnings } = reopened(directory);
    t.deepEqual(persister.readRaftState(), bytes(1, 1));
    t.is(warnings.length, 1);
  }
});

test("after a fallback the next save wins, and the broken file goes", (t) => {
  const directory = withTwoSaves(t);
  writeFileSync(newestFile(directory), "torn");
  const { persister } = reopened(directory);
  persister.saveRaftState(bytes(3));
  t.deepEqual(filesIn(directory), ["00000000000000000001.raft", "00000000000000000003.raft"]);
  const { persister: next, warnings } = reopened(directory);
  t.deepEqual(next.readRaftState(), bytes(3));
  t.deepEqual(next.readSnapshot(), bytes(10));
  t.deepEqual(warnings, []);
});

test("a broken file of the older generation harms nothing", (t) => {
  const directory = withTwoSaves(t);
  writeFileSync(join(directory, filesIn(directory)[0] ?? ""), "torn");
  const { persister, warnings } = reopened(directory);
  t.deepEqual(persister.readRaftState(), bytes(2, 2, 2));
  t.deepEqual(warnings, []);
});

test("a peer with no whole generation left does not start from nothing", (t) => {
  const directory = withTwoSaves(t);
  for (const name of filesIn(directory)) writeFileSync(join(directory, name), "torn");
  t.throws(() => new FilePersister(directory), {
    instanceOf: FilePersisterError,
    message: /no generation in .* can be read .*votes and its log forgotten: restore/s,
  });
});

test("a generation under another's name is not taken for it", (t) => {
  const directory = withTwoSaves(t);
  const [older = ""] = filesIn(directory);
  writeFileSync(join(directory, "00000000000000000003.raft"), readFileSync(join(directory, older)));
  const { persister, warnings } = reopened(directory);
  t.deepEqual(persister.readRaftState(), bytes(2, 2, 2));
  t.regex(warnings[0] ?? "", /it is generation 1 under another name/);
});

test("the warning goes to the process where no one else asks for it", (t) => {
  const directory = withTwoSaves(t);
  writeFileSync(newestFile(directory), "torn");
  const emitted: unknown[][] = [];
  const { emitWarning } = process;
  process.emitWarning = (...warning: unknown[]) => void emitted.push(warning);
  try {
    new FilePersister(directory);
  } finally {
    process.emitWarning = emitWarning;
  }
  t.is(emitted.length, 1);
  t.regex(String(emitted[0]?.[0]), /newest state cannot be read/);
  t.is(emitted[0]?.[1], "FilePersisterWarning");
});

test("a directory may be named in a roundabout way", (t) => {
  const home = temporaryDirectory(t);
  const persister = new FilePersister(`${join(home, "a")}/../../${basename(home)}/b/c`);
  persister.saveRaftState(bytes(1));
  t.deepEqual(filesIn(join(home, "b", "c")), ["00000000000000000001.raft"]);
});

// --- Crashes ---

test("a half-written file of any length that a crash left is removed on opening; other files stay", (t) => {
  const directory = withTwoSaves(t);
  const whole = readFileSync(newestFile(directory));
  writeFileSync(join(directory, "notes.txt.tmp"), "mine");
  const before = filesIn(directory);
  for (let length = 0; length <= whole.length; length += 7) {
    writeFileSync(join(directory, "00000000000000000003.raft.tmp"), whole.subarray(0, length));
    const { persister, warnings } = reopened(directory);
    t.deepEqual(persister.readRaftState(), bytes(2, 2, 2));
    t.deepEqual(warnings, []);
    t.deepEqual(filesIn(directory), before);
  }
});

test("a crash between a save and its tidying-up leaves a file more, which the next save removes", (t) => {
  const directory = withTwoSaves(t);
  const saved = readdirSync(directory).map((name) => ({ name, file: readFileSync(join(directory, name)) }));
  new FilePersister(directory).saveRaftState(bytes(3));
  for (const { name, file } of saved) writeFileSync(join(directory, name), file);
  t.is(filesIn(directory).length, 3);
  const { persister } = reopened(directory);
  t.deepEqual(persister.readRaftState(), bytes(3));
  persister.saveRaftState(bytes(4));
  t.deepEqual(filesIn(directory), ["00000000000000000003.raft", "00000000000000000004.raft"]);
});

test("killed at any moment, 40 times: what is read is whole, and no older than the last save that returned", async (t) => {
  t.timeout(120_000);
  const directory = join(temporaryDirectory(t), "peer");
  const program = join(temporaryDirectory(t), "saving-child.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("fixtures/saving-child.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: program,
    logLevel: "error",
  });
  let acknowledged = 0;
  for (let round = 0; round < 40; round++) {
    acknowledged = Math.max(acknowledged, await saveUntilKilled(program, directory, round));
    const { persister, warnings } = reopened(directory);
    const found = numberIn(persister);
    t.true(found === acknowledged || found === acknowledged + 1, `${found} after ${acknowledged}`);
    const { state, snapshot } = contentsOf(found);
    t.deepEqual(persister.readRaftState(), state);
    t.deepEqual(persister.readSnapshot(), snapshot);
    t.deepEqual(warnings, []);
    t.true(filesIn(directory).every((name) => name.endsWith(".raft")));
    acknowledged = found;
  }
  t.true(acknowledged > 40, `${acknowledged} saves in 40 rounds`);
});

/** Runs the child until some ms after its first save. Gives the last number that it acknowledged. */
async function saveUntilKilled(program: string, directory: string, round: number): Promise<number> {
  const child = spawn(process.execPath, [program, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended]);
  await sleep((round * 1.7) % 13);
  child.kill("SIGKILL");
  await ended;
  return Number(output.trimEnd().split("\n").at(-1));
}

// --- Directories that cannot serve ---

test("a directory that cannot be used is an error that says what to do", (t) => {
  const file = join(temporaryDirectory(t), "file");
  writeFileSync(file, "");
  for (const path of [file, join(file, "peer-0")]) {
    t.throws(() => new FilePersister(path), {
      instanceOf: FilePersisterError,
      message:
        /cannot hold a peer's state: .*(EEXIST|ENOTDIR).*Name a directory that can be read and written/,
    });
  }
});

test("a save that fails leaves the state before it, in memory and on disk", (t) => {
  const directory = withTwoSaves(t);
  const persister = new FilePersister(directory);
  // A directory where the temporary file would go: the write cannot even begin.
  const obstacle = join(directory, "00000000000000000003.raft.tmp");
  mkdirSync(obstacle);
  t.throws(() => persister.saveRaftState(bytes(3)), {
    instanceOf: FilePersisterError,
    message: /the save to .* failed, and the state before it stays: /,
  });
  t.deepEqual(persister.readRaftState(), bytes(2, 2, 2));
  rmSync(obstacle, { recursive: true });
  t.deepEqual(reopened(directory).persister.readRaftState(), bytes(2, 2, 2));
  persister.saveRaftState(bytes(4));
  t.deepEqual(reopened(directory).persister.readRaftState(), bytes(4));
});

test("two persisters that write in one directory are told apart", (t) => {
  const directory = temporaryDirectory(t);
  const [first, second] = [new FilePersister(directory), new FilePersister(directory)];
  first.saveRaftState(bytes(1));
  t.throws(() => second.saveRaftState(bytes(2)), {
    instanceOf: FilePersisterError,
    message: /another FilePersister is writing in .*Give each peer a directory of its own/,
  });
});
