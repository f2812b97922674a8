import { existsSync } from "node:fs";
import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { checkWritable } from "../src/cli/results.js";
import { UsageError } from "../src/errors.js";
import { emptyFolder, projectFile, readReport, whitewater } from "./helpers/cli.js";

const FIXTURES = "tests/fixtures/cli";
const QUICK = [
  ...["test", "--cases", `${FIXTURES}/cases.ts`],
  ...["--raft", "examples/smallest/raft.ts", "--run", "^TestQuick$"],
];

/** What no bundler can complete. */
const IMPORTS_NOTHING = 'export * from "no-such-package";\n';

/** Lines that a stack has, of our files or of Node's. */
const STACK = /^\s+at /m;

for (const { what, args, says } of [
  { what: "an unknown command", args: ["tset"], says: /unknown command 'tset'/ },
  { what: "an unknown option", args: ["test", "--rnu", "3A"], says: /unknown option '--rnu'/ },
  { what: "a word too many", args: ["test", "raft.ts"], says: /too many arguments for 'test'/ },
  {
    what: "--run that matches nothing",
    args: ["test", "--run", "4A"],
    says: /^whitewater: --run 4A matches none of the cases:\n {2}TestInitialElection3A\n( {2}Test\w+\n){35}$/,
  },
  {
    what: "--run that is no regular expression",
    args: ["test", "--run", "3A("],
    says: /^whitewater: --run takes a regular expression, .* 3A\( is none: .*Unterminated group\n$/,
  },
  {
    what: "a --seed that is no number",
    args: ["test", "--seed", "x"],
    says: /--seed must be a whole number from 0 to 4294967295; got "x"/,
  },
  { what: "a --count of 0", args: ["test", "--count", "0"], says: /--count must be a whole number from 1 / },
  {
    what: "a --jobs of 1.5",
    args: ["test", "--jobs", "1.5"],
    says: /--jobs must .* from 1 to 64; got "1.5"/,
  },
  { what: "an unknown --mode", args: ["test", "--mode", "dream"], says: /'dream' is invalid. .*threads/ },
  {
    what: "a raft.ts that is not there",
    args: ["test", "--raft", "no/raft.ts"],
    says: /^whitewater: No such file: no\/raft\.ts\. --raft takes .*`npx whitewater init my-raft`/,
  },
  {
    what: "a raft.ts that is a folder",
    args: ["test", "--raft", "examples"],
    says: /^whitewater: examples is a folder\. --raft takes the path of your raft\.ts/,
  },
  {
    what: "--json in a folder that is not there",
    args: ["test", "--json", "/no/folder/results.json"],
    says: /^whitewater: --json \/no\/folder\/results\.json: there is no folder \/no\/folder\.\n$/,
  },
  {
    what: "--json to a folder",
    args: ["test", "--json", "examples"],
    says: /^whitewater: --json examples is a folder; give a file\.\n$/,
  },
  {
    what: "a file of cases that is not there",
    args: ["list", "--cases", "no-cases.ts"],
    says: /^whitewater: No such file: no-cases\.ts\. --cases takes a file of your own cases\.\n$/,
  },
  {
    what: "a file of cases that exports none",
    args: ["list", "--cases", `${FIXTURES}/exports-no-case.ts`],
    says: /exports-no-case\.ts exports no case\. Write: export const .* = defineCase\(/,
  },
  {
    what: "a file of cases that takes a name of the lab's",
    args: ["list", "--cases", `${FIXTURES}/takes-a-name.ts`],
    says: /takes-a-name\.ts exports TestBackup3B, which we have already; give yours another name\.\n$/,
  },
]) {
  test.serial(`${what} is told in words, before anything is run; exit code 2`, async (t) => {
    const { exitCode, stdout, stderr } = await whitewater(args);
    t.regex(stderr, says);
    t.notRegex(stderr, STACK);
    t.is(stdout, "");
    t.is(exitCode, 2);
  });
}

test.serial("a file of cases with an import that leads nowhere is told by file and line", async (t) => {
  const cwd = await emptyFolder(t);
  await writeFile(join(cwd, "cases.ts"), IMPORTS_NOTHING);
  const { exitCode, stderr } = await whitewater(["list", "--cases", "cases.ts"], { cwd });
  t.is(exitCode, 2);
  t.regex(stderr, /^whitewater: cases\.ts does not load: .*Could not resolve "no-such-package"\n/);
  t.regex(stderr, /cases\.ts:1:14:/);
  t.notRegex(stderr, STACK);
});

test.serial("a file of cases that throws as it loads is told with the user's line alone", async (t) => {
  const { exitCode, stderr } = await whitewater(["list", "--cases", `${FIXTURES}/throws-at-load.ts`]);
  t.is(exitCode, 2);
  const [sentence, place, ...rest] = stderr.trimEnd().split("\n");
  t.is(sentence, `whitewater: ${FIXTURES}/throws-at-load.ts does not load: no river here`);
  t.regex(place ?? "", /throws-at-load\.ts:2:7/);
  t.deepEqual(rest, []);
});

// Root may write anywhere.
(process.geteuid?.() === 0 ? test.serial.skip : test.serial)(
  "--json where one may not write is wrong usage, be it a file or a folder",
  async (t) => {
    const folder = await emptyFolder(t);
    const file = join(folder, "results.json");
    await writeFile(file, "");
    await chmod(file, 0o444);
    await chmod(folder, 0o555);
    for (const path of [file, join(folder, "new.json")]) {
      const error = t.throws(() => checkWritable("--json", path), { instanceOf: UsageError });
      t.is(error.message, `--json ${path}: you may not write there.`);
    }
  },
);

/** A disk that is full, where the system has such a file. */
const FULL = "/dev/full";

(existsSync(FULL) ? test.serial : test.serial.skip)(
  "results that cannot be written are printed all the same; exit code 2, also where a case failed",
  async (t) => {
    const { exitCode, stdout, stderr } = await whitewater([...QUICK, "--json", FULL]);
    t.is(exitCode, 2);
    t.regex(stdout, /\nok: 1 passed, 0 failed\n$/);
    const failing = await whitewater([...QUICK.slice(0, -1), "^TestThrows$", "--json", FULL]);
    t.is(failing.exitCode, 2);
    t.regex(failing.stdout, /\nFAIL: 0 passed, 1 failed: TestThrows\n$/);
    t.regex(stderr, /^whitewater: the results could not be written to \/dev\/full: ENOSPC.*\n$/);
  },
);

(existsSync(FULL) ? test.serial : test.serial.skip)(
  "an output that cannot be written is told of once, follows on standard error, and changes no exit code",
  async (t) => {
    const { exitCode, stdout, stderr } = await whitewater(QUICK, {
      under: ["/bin/sh", "-c", `exec "$0" "$@" > ${FULL}`],
    });
    t.is(exitCode, 0);
    t.is(stdout, "");
    t.regex(
      stderr,
      /^whitewater: the output cannot be written \(ENOSPC: [^\n]*\); it follows here\.\nwhitewater: [^\n]* on threads, seed \d+\n[^\n]* \.\.\.\n[^\n]*Passed[^\n]*\nok: 1 passed, 0 failed\n$/,
    );
  },
);

/** As one who works on the project begins it. Modules load at another pace then. */
const FROM_SOURCE = {
  main: projectFile("src/cli/main.ts"),
  env: { NODE_OPTIONS: `--import=${import.meta.resolve("tsx")}` },
};

for (const { mode, begun, options } of [
  { mode: "threads", begun: "as built", options: {} },
  { mode: "sim", begun: "as built", options: {} },
  { mode: "threads", begun: "from source", options: FROM_SOURCE },
  { mode: "sim", begun: "from source", options: FROM_SOURCE },
]) {
  test.serial(
    `${mode}, ${begun}: a raft.ts that cannot be bundled is told once, and fails each case in the JSON`,
    async (t) => {
      const cwd = await emptyFolder(t);
      await writeFile(join(cwd, "raft.ts"), IMPORTS_NOTHING);
      const args = ["test", "--run", "3A", "--mode", mode, "--json", "out.json"];
      const { exitCode, stdout, stderr } = await whitewater(args, { cwd, ...options });
      t.is(exitCode, 1);
      t.regex(stderr, /^whitewater: raft\.ts does not load, so every case fails:\n/);
      t.is(stderr.match(/Could not resolve "no-such-package"/g)?.length, 1, stderr);
      t.notRegex(stderr, STACK);
      t.regex(
        stdout,
        /\nFAIL: 0 passed, 3 failed: TestInitialElection3A, TestReElection3A, TestManyElections3A\n$/,
      );

      const { cases } = await readReport(join(cwd, "out.json"));
      t.is(cases.length, 3);
      for (const { status, error } of cases) {
        t.is(status, "failed");
        t.is(error?.kind, "load");
        t.regex(error?.message ?? "", /Could not resolve "no-such-package"/);
      }
    },
  );
}

test.serial("a raft.ts that is not there leaves no JSON", async (t) => {
  const folder = await emptyFolder(t);
  const { exitCode } = await whitewater(["test", "--raft", "no.ts", "--json", join(folder, "results.json")]);
  t.is(exitCode, 2);
  t.deepEqual(await readdir(folder), []);
});

test.serial("init refuses a folder that holds a raft.ts, with exit code 2 and nothing written", async (t) => {
  const folder = await emptyFolder(t);
  await writeFile(join(folder, "raft.ts"), "mine");
  const { exitCode, stdout, stderr } = await whitewater(["init"], { cwd: folder });
  t.is(exitCode, 2);
  t.regex(stderr, /^whitewater: raft\.ts is already in \., and it may hold your work: nothing was written\./);
  t.is(stdout, "");
  t.deepEqual(await readdir(folder), ["raft.ts"]);
});

test.serial("init writes the skeleton and says what to type next", async (t) => {
  const folder = await emptyFolder(t);
  const { exitCode, stdout } = await whitewater(["init", "my-raft"], { cwd: folder });
  t.is(exitCode, 0);
  t.regex(stdout, /^Wrote raft\.ts, .* into my-raft\. Next:\n\n {2}cd my-raft\n {2}npm install\n/);
  t.true((await readdir(join(folder, "my-raft"))).includes("raft.ts"));
});
