import { type ChildProcess, execFileSync } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { emptyFolder, projectFile, readReport, untilGone, whitewater } from "./helpers/cli.js";

/** `--cases` and the quickest of peers, for what does not hang on either. */
const OWN = ["--cases", "tests/fixtures/cli/cases.ts", "--raft", "examples/smallest/raft.ts"];
const own = (pattern: string, ...args: string[]) => ["test", ...OWN, "--run", `^Test(${pattern})$`, ...args];

/** The line that ends a case, with the five columns of lab-spec 6.12. */
const RESULT =
  /^ {2}\.\.\. (Passed|FAILED) -- {2}([ \d]+\d\.\d) {2}(\d+) ([ \d]{3,}\d) ([ \d]{6,}\d) ([ \d]{3,}\d)$/;

/** The lines of an output, the empty one at the end left out. */
const linesOf = (text: string) => text.replace(/\n$/, "").split("\n");

/** A result's line without its first column, which the machine has a say in. */
const withoutSeconds = (line: string) => line.replace(/--\s+\d+\.\d /, "-- ");

test.serial("a case that passes prints the lab's two lines, a summary, and exits with 0", async (t) => {
  const { exitCode, stdout, stderr } = await whitewater([
    "test",
    "--run",
    "TestInitialElection3A",
    "--seed",
    "7",
  ]);
  const [header, title, result = "", summary, ...rest] = linesOf(stdout);
  t.is(exitCode, 0);
  t.is(header, "whitewater: the reference Raft on threads, seed 7");
  t.is(title, "Test (3A): initial election ...");
  t.is(summary, "ok: 1 passed, 0 failed");
  t.deepEqual(rest, []);
  t.is(stderr, "");

  const [, verdict, seconds, peers, rpcs, bytes, commits] = RESULT.exec(result) ?? [];
  t.is(verdict, "Passed", result);
  t.is(seconds?.length, 4);
  t.true(Number(seconds) >= 2 && Number(seconds) < 10, seconds);
  t.is(peers, "3");
  t.true(Number(rpcs) > 10, rpcs);
  t.true(Number(bytes) > 1000, bytes);
  t.is(commits, "   0");
});

test.serial("a case that fails says what, when, where and how to replay it, and exits with 1", async (t) => {
  const { exitCode, stdout } = await whitewater(own("Throws", "--seed", "7"));
  const [header, title, result = "", headline, ...rest] = linesOf(stdout);
  t.is(exitCode, 1);
  t.is(header, "whitewater: examples/smallest/raft.ts on threads, seed 7");
  t.is(title, "Test (own): TestThrows ...");
  t.is(RESULT.exec(result)?.[1], "FAILED", result);
  t.regex(headline ?? "", /^--- FAIL: TestThrows \(case, at \d+\.\d{3} s\)$/);
  t.is(rest[0], "    RangeError: not in this river");
  t.regex(rest[2] ?? "", /^ {6}at throwSomething \(.*tests\/fixtures\/cli\/cases\.ts:\d+:\d+\)$/);
  t.deepEqual(rest.slice(-2), [
    "    Replay: npx whitewater test --raft examples/smallest/raft.ts --cases tests/fixtures/cli/cases.ts " +
      "--run TestThrows --mode threads --seed 7",
    "FAIL: 0 passed, 1 failed: TestThrows",
  ]);
});

test.serial("what a failed check throws is the CaseFailure that a file of cases imports", async (t) => {
  const { stdout } = await whitewater(own("KnowsItsFailure"));
  t.regex(stdout, /^instanceof CaseFailure: true$/m);
  t.regex(stdout, /^--- FAIL: TestKnowsItsFailure \(check, /m);
});

test.serial("cases that run at once are printed, and written, in the order listed", async (t) => {
  const json = join(await emptyFolder(t), "results.json");
  const { exitCode, stdout } = await whitewater(own("Slow|Quick|Another", "--jobs", "3", "--json", json));
  t.is(exitCode, 0);
  t.deepEqual(linesOf(stdout).slice(1).map(withoutSeconds), [
    "Test (own): TestSlow ...",
    "  ... Passed --  1    0       0    0",
    "Test (own): TestQuick ...",
    "  ... Passed --  1    0       0    0",
    "Test (own): TestAnother ...",
    "  ... Passed --  1    0       0    0",
    "ok: 3 passed, 0 failed",
  ]);
  const { cases } = await readReport(json);
  t.deepEqual(
    cases.map(({ name }) => name),
    ["TestSlow", "TestQuick", "TestAnother"],
  );
});

test.serial("--json has mode, seed and every result; --count gives each round the next seed", async (t) => {
  const json = join(await emptyFolder(t), "results.json");
  const last = 2 ** 32 - 1;
  const { exitCode } = await whitewater(
    own("Quick|Throws", "--count", "2", "--seed", `${last}`, "--json", json),
  );
  t.is(exitCode, 1);
  const { mode, seed, cases, ...others } = await readReport(json);
  t.deepEqual({ mode, seed, others }, { mode: "threads", seed: last, others: {} });
  t.deepEqual(
    cases.map(({ name, seed }) => [name, seed]),
    [
      ["TestQuick", last],
      ["TestThrows", last],
      ["TestQuick", 0],
      ["TestThrows", 0],
    ],
  );
  const [passed, failed] = cases;
  const { seconds, wallMs, ...rest } = passed ?? t.fail();
  t.deepEqual(rest as object, {
    name: "TestQuick",
    part: "own",
    title: "Test (own): TestQuick",
    status: "passed",
    peers: 1,
    rpcs: 0,
    bytes: 0,
    commits: 0,
    seed: last,
  });
  t.true(seconds >= 0 && seconds * 1000 <= wallMs, `${seconds} s, ${wallMs} ms`);
  const { kind, message, stack, atMs } = failed?.error ?? t.fail();
  t.like({ kind, message }, { kind: "case", message: "RangeError: not in this river" });
  t.regex(stack ?? "", /cases\.ts:\d+/);
  t.is(typeof atMs, "number");
});

test.serial("--bail begins no case after a failure, and says how many were not run", async (t) => {
  const json = join(await emptyFolder(t), "results.json");
  const bail = ["--bail", "--jobs", "1", "--count", "2", "--json", json];
  const { exitCode, stdout } = await whitewater(own("Quick|Throws|AfterThat", ...bail));
  t.is(exitCode, 1);
  t.is(linesOf(stdout).at(-1), "FAIL: 1 passed, 1 failed, 4 not run: TestThrows");
  t.is((await readReport(json)).cases.length, 2);
});

test.serial("--verbose prints the peers' own lines with time, peer and term", async (t) => {
  const { stdout } = await whitewater(own("Quick", "--verbose"));
  t.regex(stdout, /^ +[\d.]+ ms +S0\S* +T0 +peer 0 is up$/m);
});

test.serial("without --raft, the raft.ts of the folder is tested", async (t) => {
  const folder = await emptyFolder(t);
  await copyFile(projectFile("examples/smallest/raft.ts"), join(folder, "raft.ts"));
  await copyFile(projectFile("tests/fixtures/cli/cases.ts"), join(folder, "cases.ts"));
  const run = await whitewater(["test", "--cases", "cases.ts", "--run", "TestThrows", "--seed", "1"], {
    cwd: folder,
  });
  t.is(run.exitCode, 1);
  t.is(linesOf(run.stdout)[0], "whitewater: raft.ts on threads, seed 1");
  t.regex(run.stdout, /at throwSomething \(.*cases\.ts:\d+:\d+\)/, "lines of a folder that is no package");
});

test.serial("colour is for terminals only, whatever the CI", async (t) => {
  const { stdout, stderr } = await whitewater(own("Quick|Throws"), { env: { CI: "true", FORCE_COLOR: "1" } });
  t.false(`${stdout}${stderr}`.includes("\u001b"), stdout);
});

const onOneProcessor = ["taskset", "--cpu-list", "0"];

(canRun(onOneProcessor) ? test.serial : test.serial.skip)(
  "one processor is warned of, once (lab-spec 6.2)",
  async (t) => {
    const { stdout } = await whitewater(own("Quick", "--count", "2"), { under: onOneProcessor });
    const warnings = linesOf(stdout).filter((line) => line.startsWith("warning:"));
    t.deepEqual(warnings, ["warning: there is only one processor, so locking bugs may stay hidden"]);
  },
);

function canRun([program = "", ...args]: readonly string[]): boolean {
  try {
    execFileSync(program, [...args, "true"]);
    return true;
  } catch {
    return false;
  }
}

for (const { what, cut, code } of [
  { what: "Ctrl-C", cut: (child: ChildProcess) => child.kill("SIGINT"), code: 130 },
  { what: "SIGTERM", cut: (child: ChildProcess) => child.kill("SIGTERM"), code: 143 },
]) {
  test.serial(`${what} prints and writes what was found, exits with ${code}, leaves nothing`, async (t) => {
    const json = join(await emptyFolder(t), "results.json");
    const { exitCode, stdout, stderr, child } = await cutShort(json, cut);
    t.is(exitCode, code);
    t.deepEqual(linesOf(stdout).slice(1).map(withoutSeconds), [
      "Test (own): TestNeverEnds ...",
      "the one before is done",
      "Test (own): TestQuickBeside ...", // held back until now: its turn comes after the first case
      "  ... Passed --  1    0       0    0",
      "Test (own): TestSaysWhen ...",
      "INTERRUPTED: 1 passed, 0 failed, 2 not finished",
    ]);
    t.is(stderr, "");
    t.deepEqual(
      (await readReport(json)).cases.map(({ name }) => name),
      ["TestQuickBeside"],
    );
    await untilGone(t, child);
  });
}

test.serial("a reader that goes, as `head` does, ends the run with its results written", async (t) => {
  const json = join(await emptyFolder(t), "results.json");
  const { exitCode, stderr } = await whitewater(own("Slow", "--count", "3", "--jobs", "1", "--json", json), {
    onOutput: (stdout, child) => stdout.includes("Passed") && child.stdout?.destroy(),
  });
  t.is(exitCode, 141);
  t.is(stderr, "");
  t.is((await readReport(json)).cases[0]?.name, "TestSlow");
});

/** Runs two endless cases with a quick one between; `cut` once the quick one is done. */
async function cutShort(json: string, cut: (child: ChildProcess) => void) {
  let cutChild: ChildProcess | undefined;
  const run = await whitewater(own("NeverEnds|QuickBeside|SaysWhen", "--jobs", "2", "--json", json), {
    onOutput: (stdout, child) => {
      if (cutChild || !stdout.includes("the one before is done")) return;
      cutChild = child;
      cut(child);
    },
  });
  if (!cutChild) throw new Error(`it ended too soon:\n${run.stdout}${run.stderr}`);
  return { ...run, child: cutChild };
}

test.serial("the raft.ts and the case that the README shows run", async (t) => {
  const readme = await readFile(projectFile("README.md"), "utf8");
  const shown = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, text = ""]) => text);
  const folder = await emptyFolder(t);
  const write = async (name: string, sign: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, shown.find((text) => text.includes(sign)) ?? "");
    return path;
  };
  const cases = await write("my-cases.ts", "defineCase({");
  const runsCase = await whitewater(["test", "--cases", cases, "--run", "TestTwoInOrder"]);
  t.is(runsCase.exitCode, 0, runsCase.stdout + runsCase.stderr);
  const raft = await write("raft.ts", "export const make: Make");
  const runsRaft = await whitewater([...own("Quick"), "--raft", raft, "--verbose"]);
  t.is(runsRaft.exitCode, 0, runsRaft.stdout + runsRaft.stderr);
  t.regex(runsRaft.stdout, /peer 0 is up/);
});

test.serial("list names each case with part, servers and title; --run selects", async (t) => {
  const { exitCode, stdout } = await whitewater(["list", "--run", "Basic"]);
  t.is(exitCode, 0);
  t.is(stdout, "TestBasicAgree3B  3B     3 servers  Test (3B): basic agreement\n");
  const all = await whitewater(["list", "--cases", "tests/fixtures/cli/cases.ts"]);
  t.is(linesOf(all.stdout).length, 21 + 15 + 9);
});
