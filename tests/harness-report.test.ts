import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import { defineCase } from "../src/cases.js";
import { UsageError } from "../src/errors.js";
import type { CaseDefinition, RunResult } from "../src/harness/case.js";
import { failureBlock, resultLine, titleLine } from "../src/harness/report.js";
import { casesOfModule, selectCases } from "../src/harness/select.js";

const passed: RunResult = {
  name: "TestInitialElection3A",
  part: "3A",
  title: "Test (3A): initial election",
  status: "passed",
  seconds: 3.08,
  wallMs: 3200,
  peers: 3,
  rpcs: 38,
  bytes: 12120,
  commits: 0,
  seed: 7,
};

test("the line before a case is its title, a space and three dots", (t) => {
  t.is(titleLine(passed.title), "Test (3A): initial election ...");
});

for (const { name, result, line } of [
  { name: "the lab's example", result: passed, line: "  ... Passed --   3.1  3   38   12120    0" },
  {
    name: "columns that fill their width",
    result: { ...passed, seconds: 31.84, peers: 5, rpcs: 3184, bytes: 1197495, commits: 2090 },
    line: "  ... Passed --  31.8  5 3184 1197495 2090",
  },
  {
    name: "columns that exceed it",
    result: { ...passed, seconds: 120.02, peers: 11, rpcs: 17183, bytes: 34613146, commits: 12345 },
    line: "  ... Passed --  120.0  11 17183 34613146 12345",
  },
  {
    name: "zeros",
    result: { ...passed, seconds: 0, rpcs: 0, bytes: 0 },
    line: "  ... Passed --   0.0  3    0       0    0",
  },
  {
    name: "a failed case",
    result: { ...passed, status: "failed" as const },
    line: "  ... FAILED --   3.1  3   38   12120    0",
  },
]) {
  test(`the line after a case: ${name}`, (t) => t.is(resultLine(result), line));
}

test("a passed case has no failure block", (t) => t.is(failureBlock(passed, { mode: "threads" }), ""));

test("a failure tells what, which peer, when, why, where, and how to see it again", (t) => {
  const error = {
    kind: "unhandled",
    message: "TypeError: no such entry\nin commit",
    peer: 2,
    atMs: 447.25,
    details: ["server 0: running, connected"],
    stack: "TypeError: no such entry\n    at boom (raft.ts:2:41)\n    at raft.ts:1:80",
  };
  t.is(
    failureBlock({ ...passed, status: "failed", error }, { mode: "sim", args: ["my raft.ts"] }),
    [
      "--- FAIL: TestInitialElection3A (unhandled, peer 2, at 0.447 s)",
      "    TypeError: no such entry",
      "    in commit",
      "      server 0: running, connected",
      "      at boom (raft.ts:2:41)",
      "      at raft.ts:1:80",
      "    Replay: npx whitewater test 'my raft.ts' --run TestInitialElection3A --mode sim --seed 7",
    ].join("\n"),
  );
});

test("a failure without peer, details or stack has no lines for them", (t) => {
  const error = { kind: "timeout", message: "the case took longer than 120 s", atMs: 120_000 };
  t.is(
    failureBlock({ ...passed, status: "failed", error }, { mode: "threads" }),
    [
      "--- FAIL: TestInitialElection3A (timeout, at 120.000 s)",
      "    the case took longer than 120 s",
      "    Replay: npx whitewater test --run TestInitialElection3A --mode threads --seed 7",
    ].join("\n"),
  );
});

const run = async (): Promise<void> => {};

function named(...names: string[]): CaseDefinition[] {
  return names.map((name) => defineCase({ name, servers: 3, run }));
}

const all = named("TestA3A", "TestB3B", "TestC3B", "TestB3C");

for (const { pattern, names } of [
  { pattern: "3B", names: ["TestB3B", "TestC3B"] },
  { pattern: "TestB", names: ["TestB3B", "TestB3C"] },
  { pattern: "3C|3A", names: ["TestA3A", "TestB3C"] },
  { pattern: "^TestB3B$", names: ["TestB3B"] },
  { pattern: "", names: ["TestA3A", "TestB3B", "TestC3B", "TestB3C"] },
]) {
  test(`--run "${pattern}" selects ${names.join(", ")}, in the order of the source`, (t) => {
    t.deepEqual(
      selectCases(all, pattern).map(({ name }) => name),
      names,
    );
  });
}

for (const { pattern, message } of [
  { pattern: "testb", message: /--run testb matches none of the cases:\n {2}TestA3A\n {2}TestB3B/ },
  { pattern: "3[B", message: /--run takes a regular expression.*3\[B is none/ },
]) {
  test(`--run "${pattern}" is a usage error that says what there is`, (t) => {
    t.throws(() => selectCases(all, pattern), { instanceOf: UsageError, message });
  });
}

test("a module's cases are its exported cases and those in its exported arrays, each once", (t) => {
  const [first, second, third] = named("TestOne", "TestTwo", "TestThree");
  const exported = {
    default: first,
    first,
    others: [second, third],
    helper: () => 5,
    title: "x",
    nothing: null,
  };
  t.deepEqual(casesOfModule(exported, "mine.ts"), [first, second, third]);
});

test("a module without cases, or with two of one name, is a usage error", (t) => {
  t.throws(() => casesOfModule({ helper: run }, "mine.ts"), {
    instanceOf: UsageError,
    message: /mine.ts exports no case/,
  });
  t.throws(() => casesOfModule({ cases: named("TestOne", "TestOne") }, "mine.ts"), {
    instanceOf: UsageError,
    message: "mine.ts exports two cases of the name TestOne.",
  });
});

test("a case of one's own needs a name, servers and run; part and title have defaults", (t) => {
  t.deepEqual(defineCase({ name: "TestMine", servers: 5, unreliable: true, run }), {
    name: "TestMine",
    part: "own",
    title: "Test (own): TestMine",
    servers: 5,
    unreliable: true,
    run,
  });
  t.is(defineCase({ name: "TestMine", servers: 3, part: "4A", run }).title, "Test (4A): TestMine");
  t.throws(() => defineCase({ name: "my case", servers: 3, run }), { instanceOf: UsageError });
  t.throws(() => defineCase({ name: "TestMine", servers: 2.5, run }), { instanceOf: UsageError });
  t.throws(() => defineCase({ name: "TestMine", servers: 0, run }), { instanceOf: UsageError });
  t.throws(() => defineCase({ name: "TestMine", servers: 3, run: 5 as never }), { instanceOf: UsageError });
});

test("flows that a failed case abandons end neither the process nor the report", async (t) => {
  const fixture = new URL("./fixtures/abandoned-flows.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import=tsx", fixture]);
  t.deepEqual(JSON.parse(stdout), { status: "failed", kind: "case", message: "Error: client 2 gave up" });
});
