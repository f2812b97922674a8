import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import type { PeerToMain } from "../src/labrpc/wire.js";
import { CompiledProgram } from "../src/peer/isolate.js";
import { loadProgram } from "../src/peer/program.js";
import { type Bug, RAFT_FILES } from "./zoo/bug.js";
import { mutated, referenceSources, withMutant, writeSources } from "./zoo/mutate.js";
import { zoo } from "./zoo/zoo.js";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const reference = referenceSources();

test("every bug has a name of its own, a mistake and a rule in words, and what it breaks", (t) => {
  for (const { name, mistake, rule, breaks, edits } of zoo) {
    t.regex(name, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    t.is(zoo.filter((bug) => bug.name === name).length, 1, name);
    t.regex(mistake, /^\S.*\.$/, name);
    t.regex(rule, /^Raft (§5|Figure [238]).*: .*\.$/, name);
    t.true(["safety", "liveness", "budget", "nothing"].includes(breaks), name);
    t.true(edits.length > 0, name);
  }
});

test("the zoo has at least 45 mistakes that break something, and 4 that break nothing", (t) => {
  const count = (breaks: boolean) => zoo.filter((bug) => (bug.breaks !== "nothing") === breaks).length;
  t.true(count(true) >= 45, `${count(true)}`);
  t.true(count(false) >= 4, `${count(false)}`);
});

test("every text to find stands exactly once in the reference Raft, and no two mutants are the same", async (t) => {
  const texts = new Map<string, string>();
  for (const bug of zoo) {
    const text = Object.values(mutated(bug, await reference)).join("\n");
    t.is(texts.get(text), undefined, bug.name);
    texts.set(text, bug.name);
  }
  t.false(texts.has(Object.values(await reference).join("\n")));
});

for (const { how, find, count } of [
  { how: "is not there", find: "no such text", count: 0 },
  { how: "is there twice", find: "this.#restartElectionTimer();", count: "[2-9]" },
]) {
  test(`a text that ${how} is told with bug, file and text`, async (t) => {
    const bug = bugOf({ find, put: "" });
    const sources = await reference;
    const error = t.throws(() => mutated(bug, sources));
    t.regex(error?.message ?? "", new RegExp(`some-bug .*src/raft/raft\\.ts.* ${count} times`));
    t.true(error?.message.endsWith(find));
  });
}

test("what is put is taken as it stands", async (t) => {
  const sources = mutated(bugOf({ find: "const HEARTBEAT_MS = 100;", put: "$& $1 $$" }), await reference);
  t.true(sources["raft.ts"].includes("\n$& $1 $$\n"));
});

test("every mutant passes the compiler", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-zoo-"));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const bug of zoo) await writeSources(mutated(bug, await reference), join(folder, bug.name));
  const config = {
    extends: join(REPOSITORY, "tsconfig.json"),
    compilerOptions: {
      paths: { whitewater: [join(REPOSITORY, "src/index.ts")] },
      typeRoots: [join(REPOSITORY, "node_modules/@types")],
      // What a change leaves unused does not matter.
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    include: [".", join(REPOSITORY, "src/**/*.d.ts")],
  };
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = join(REPOSITORY, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, "-p", folder]).catch(
    (failure: { stdout: string }) => failure,
  );
  t.deepEqual(
    stdout
      .split("\n")
      .filter((line) => line.includes("error"))
      .slice(0, 5),
    [],
  );
});

test("every mutant is bundled, and its make returns a peer", async (t) => {
  for (const bug of zoo) t.deepEqual(await firstWords(bug), ["ready"], bug.name);
});

function bugOf(edit: { readonly find: string; readonly put: string }): Bug {
  const [file] = RAFT_FILES;
  return { name: "some-bug", mistake: "", rule: "", breaks: "nothing", edits: [{ file, ...edit }] };
}

/** The kinds of what a peer of the mutant says when it boots. */
async function firstWords(bug: Bug): Promise<string[]> {
  const said: PeerToMain[] = [];
  const program = await withMutant(bug, await reference, loadProgram);
  const isolate = new CompiledProgram(program).open({
    spec: {
      peer: 0,
      incarnation: 1,
      ends: ["to 0", "to 1", "to 2"],
      state: new Uint8Array(),
      snapshot: new Uint8Array(),
      seed: 1,
    },
    time: "virtual",
    say: (message) => said.push(message),
  });
  isolate.boot();
  return said.map(({ kind }) => kind);
}
