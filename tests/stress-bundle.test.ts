import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { UsageError } from "../src/errors.js";
import { loadProgram, type Program } from "../src/peer/program.js";
import {
  type Bundle,
  bundleName,
  readBundle,
  recordedProgram,
  replayBundle,
  writeBundle,
} from "../src/stress/bundle.js";
import { FailureFiles } from "../src/stress/failure-files.js";
import type { RunReport } from "../src/stress/runner.js";
import { shellWord } from "../src/text/shell-word.js";
import { caseA, errorOf, IN_SIM, resultOf, ScriptedRunner } from "./helpers/campaigns.js";
import { emptyFolder, projectFile } from "./helpers/cli.js";

const RAFT = "examples/smallest/raft.ts";
const program = await loadProgram(projectFile(RAFT)).then(
  (loaded): Program => ({ ...loaded, raftPath: RAFT }),
);

const CASES = { path: "my-cases.ts", hash: "c0ffee" };

const FAILED: RunReport = {
  result: resultOf({ seed: 0x1f3a, history: "0123456789abcdef", error: errorOf("no leader") }),
  events: 2,
  trace: ['{"seq":0}', '{"seq":1}'],
};

const write = (folder: string, report = FAILED): string =>
  writeBundle(folder, { program, manner: IN_SIM, cases: CASES, report });

const readText = (...path: string[]): string => readFileSync(join(...path), "utf8");

test("a bundle has all that a replay needs, and a text for whoever finds it", async (t) => {
  const folder = await emptyFolder(t);
  const path = write(join(folder, "deep", "down"));
  t.is(path, join(folder, "deep", "down", "TestA-1f3a"));
  t.deepEqual(readdirSync(path).sort(), [
    "bundle.json",
    "failure.txt",
    "raft.js",
    "raft.js.map",
    "trace.jsonl",
  ]);
  const { result } = FAILED;
  t.deepEqual(readBundle(path), {
    version: 2,
    name: "TestA",
    seed: 0x1f3a,
    mode: "sim",
    schedule: "lively",
    check: true,
    raft: { path: RAFT, hash: program.hash },
    cases: CASES,
    signature: "check in TestA: no leader",
    result,
    node: process.version,
    replay: `npx whitewater replay ${path}`,
  });
  t.is(readText(path, "trace.jsonl"), '{"seq":0}\n{"seq":1}\n');
  t.is(
    readText(path, "failure.txt"),
    `--- FAIL: TestA (check, at 1.500 s)\n    no leader\n    Replay: npx whitewater replay ${path}\n`,
  );
  const recorded = await recordedProgram(path, readBundle(path));
  t.deepEqual(
    [recorded.raftText, recorded.raftMap, recorded.hash],
    [program.raftText, program.raftMap, program.hash],
  );
});

for (const { what, name, mode, folder } of [
  { what: "in sim it is case and seed", name: "TestA", mode: "sim" as const, folder: "TestA-ff" },
  { what: "elsewhere with the mode", name: "TestA", mode: "threads" as const, folder: "TestA-ff-threads" },
  {
    what: "a case's name leads nowhere else",
    name: "../../etc/a b",
    mode: "sim" as const,
    folder: ".._.._etc_a_b-ff",
  },
]) {
  test(`the name of a bundle: ${what}`, (t) => {
    t.is(bundleName(resultOf({ name, seed: 255 }), { ...IN_SIM, mode }), folder);
  });
}

test("a path that a shell would take apart, or read otherwise, is quoted in the line that replays it", (t) => {
  t.is(replayBundle("runs/failures/TestA-1"), "npx whitewater replay runs/failures/TestA-1");
  t.is(replayBundle("my runs/TestA-1"), "npx whitewater replay 'my runs/TestA-1'");
  for (const path of [
    "a b",
    "ünï",
    "$(exit 1)",
    "`exit`",
    "it's $5",
    'a "b"',
    "back\\slash\\",
    "wow!",
    "a\nb",
    "",
  ]) {
    t.is(execFileSync("sh", ["-c", `printf %s ${shellWord(path)}`], { encoding: "utf8" }), path);
  }
});

test("a bundle takes the place of an older one: nothing of either is left, should the new one not be finished", async (t) => {
  const folder = await emptyFolder(t);
  const path = write(folder);
  writeFileSync(join(path, "notes.txt"), "of the older one");
  t.is(write(folder), path);
  t.false(existsSync(join(path, "notes.txt")));
  // Fails amid the files, as on a full disk.
  const broken = { ...program, raftMap: null as unknown as string };
  t.throws(() => writeBundle(folder, { program: broken, manner: IN_SIM, cases: undefined, report: FAILED }));
  t.deepEqual(readdirSync(folder), []);
});

for (const { what, damage, says } of [
  {
    what: "a folder without bundle.json",
    damage: (path: string) => rmSync(join(path, "bundle.json")),
    says: /is no bundle: it has no bundle\.json\. Give the folder of a failure that stress left\.$/,
  },
  {
    what: "a bundle.json that ends in the middle",
    damage: (path: string) => writeFileSync(join(path, "bundle.json"), '{ "version": 2, "na'),
    says: /bundle\.json is damaged: .*JSON/,
  },
  {
    what: "a bundle.json of null",
    damage: (path: string) => writeFileSync(join(path, "bundle.json"), "null"),
    says: /bundle\.json has version undefined; this Whitewater reads version 2\./,
  },
  {
    what: "a bundle of a later version",
    damage: (path: string) => rewrite(path, { version: 3 }),
    says: /bundle\.json has version 3; this Whitewater reads version 2\. Make it again with stress\.$/,
  },
  {
    what: "a seed that is no number",
    damage: (path: string) => rewrite(path, { seed: "7" as unknown as number }),
    says: /bundle\.json is damaged: seed: Invalid type: Expected number but received "7"$/,
  },
  {
    what: "a negative seed",
    damage: (path: string) => rewrite(path, { seed: -5 }),
    says: /is damaged: seed: .*Expected >=0 but received -5$/,
  },
  {
    what: "a seed beyond the last",
    damage: (path: string) => rewrite(path, { seed: 1e30 }),
    says: /is damaged: seed: .*1e\+30$/,
  },
  {
    what: "an unknown mode",
    damage: (path: string) => rewrite(path, { mode: "dream" as unknown as "sim" }),
    says: /is damaged: mode: .* received "dream"$/,
  },
  {
    what: "no result",
    damage: (path: string) => rewrite(path, { result: null as never }),
    says: /is damaged: result: .* received null$/,
  },
  {
    what: "a result without an error",
    damage: (path: string) => rewrite(path, { result: resultOf() }),
    says: /is damaged: result\.status: .* received "passed"$/,
  },
  {
    what: "nothing on whether it was checked",
    damage: (path: string) => rewrite(path, { check: undefined as never }),
    says: /is damaged: check: /,
  },
]) {
  test(`${what} is wrong usage, told in words`, async (t) => {
    const path = write(await emptyFolder(t));
    damage(path);
    const error = t.throws(() => readBundle(path), { instanceOf: UsageError });
    t.regex(error.message, says);
  });
}

function rewrite(path: string, changes: Partial<Bundle>): void {
  const file = join(path, "bundle.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readText(file)), ...changes }));
}

for (const { what, damage, says } of [
  {
    what: "its text changed",
    damage: (path: string) => writeFileSync(join(path, "raft.js"), "syntax error ("),
    says: /raft\.js is not the text that was recorded; replay with --as-now instead\.$/,
  },
  {
    what: "its text gone",
    damage: (path: string) => rmSync(join(path, "raft.js")),
    says: /is damaged: it has no raft\.js\.$/,
  },
  {
    what: "a folder in the place of its text",
    damage: (path: string) => {
      rmSync(join(path, "raft.js"));
      mkdirSync(join(path, "raft.js"));
    },
    says: /is damaged: raft\.js cannot be read \(EISDIR: .*\)\.$/,
  },
  {
    what: "its source map cut off",
    damage: (path: string) => writeFileSync(join(path, "raft.js.map"), "{"),
    says: /raft\.js\.map is damaged: it is no JSON\.$/,
  },
]) {
  test(`a bundle with ${what} is not run`, async (t) => {
    const path = write(await emptyFolder(t));
    damage(path);
    const error = await t.throwsAsync(recordedProgram(path, readBundle(path)), { instanceOf: UsageError });
    t.regex(error?.message ?? "", says);
  });
}

/** Keeps failures in a folder of the test's own. */
async function failureFiles(t: ExecutionContext, runner = new ScriptedRunner()) {
  const folder = await emptyFolder(t);
  const troubles: string[] = [];
  const files = new FailureFiles({
    folder,
    program,
    manner: IN_SIM,
    cases: undefined,
    runner,
    onTrouble: (message) => troubles.push(message),
  });
  return { folder, files, troubles };
}

const failing = (seed: number, message = "no leader", given: Partial<RunReport> = {}): RunReport => ({
  result: resultOf({ seed, history: "feed", error: errorOf(message) }),
  events: 3,
  ...given,
});

test("of each kind of failure the first five get a bundle", async (t) => {
  const { folder, files } = await failureFiles(t);
  for (let seed = 1; seed <= 7; seed += 1) await files.keep({ definition: caseA, seed }, failing(seed));
  await files.keep({ definition: caseA, seed: 8 }, failing(8, "another"));
  t.deepEqual(
    readdirSync(join(folder, "failures")).sort(),
    [1, 2, 3, 4, 5, 8].map((seed) => `TestA-${seed}`),
  );
});

test("the failure that the report shows, that with the smallest seed, has a bundle though five were there", async (t) => {
  const { folder, files } = await failureFiles(t);
  for (const seed of [3, 4, 5, 6, 7, 2, 8]) await files.keep({ definition: caseA, seed }, failing(seed));
  t.deepEqual(
    readdirSync(join(folder, "failures")).sort(),
    [2, 3, 4, 5, 6, 7].map((seed) => `TestA-${seed}`),
  );
});

test("in virtual time the trace is had by a second run, alike but for being traced", async (t) => {
  const runner = new ScriptedRunner(() => ({ trace: ['{"seq":0}'] }));
  const { files } = await failureFiles(t, runner);
  const path = await files.keep({ definition: caseA, seed: 4 }, failing(4));
  t.deepEqual(runner.asked, [{ name: "TestA", seed: 4, manner: { ...IN_SIM, trace: true } }]);
  t.is(readText(path ?? "", "trace.jsonl"), '{"seq":0}\n');
});

test("a run that was broken off, or has its trace, is not made again", async (t) => {
  const runner = new ScriptedRunner();
  const { files } = await failureFiles(t, runner);
  const brokenOff = await files.keep(
    { definition: caseA, seed: 4 },
    failing(4, "stuck", { isBrokenOff: true }),
  );
  t.is(readText(brokenOff ?? "", "trace.jsonl"), "");
  t.regex(
    readText(brokenOff ?? "", "failure.txt"),
    /\n\nThe run was broken off: .*trace\.jsonl is empty\.\n$/,
  );
  const traced = await files.keep({ definition: caseA, seed: 5 }, failing(5, "late", { trace: ["{}"] }));
  t.is(readText(traced ?? "", "trace.jsonl"), "{}\n");
  t.deepEqual(runner.asked, []);
});

test("kept on the spot, a failure has a bundle at once, of what is known of it", async (t) => {
  const runner = new ScriptedRunner();
  const { files } = await failureFiles(t, runner);
  t.is(readText(files.keepNow(failing(4)) ?? "", "trace.jsonl"), "");
  t.is(readText(files.keepNow(failing(5, "late", { trace: ["{}"] })) ?? "", "trace.jsonl"), "{}\n");
  t.deepEqual(runner.asked, []);
});

test("bundles that cannot be written are told of once, and asked for no more", async (t) => {
  const runner = new ScriptedRunner();
  const { folder, files, troubles } = await failureFiles(t, runner);
  writeFileSync(join(folder, "failures"), "a file where the folder would be");
  const keep = (seed: number) => files.keep({ definition: caseA, seed }, failing(seed, "no", { trace: [] }));
  t.deepEqual(await Promise.all([keep(1), keep(2)]), [undefined, undefined]);
  t.is(await keep(3), undefined);
  t.is(troubles.length, 1);
  t.regex(
    troubles[0] ?? "",
    /^bundles cannot be written to .*The campaign goes on without; failures are in its report\.$/,
  );
  t.deepEqual(runner.asked, []);
});
