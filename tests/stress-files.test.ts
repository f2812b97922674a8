import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { checkWritableFolder, writeWhole } from "../src/cli/results.js";
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
import {
  type CampaignPart,
  type CampaignResults,
  checkMergeable,
  missingFrom,
  RESULTS_VERSION,
  readResults,
} from "../src/stress/results-file.js";
import type { RunReport } from "../src/stress/runner.js";
import { Tally } from "../src/stress/tally.js";
import { caseA, errorOf, IN_SIM, resultOf, ScriptedRunner } from "./helpers/campaigns.js";
import { emptyFolder, projectFile } from "./helpers/cli.js";

const RAFT = "examples/smallest/raft.ts";
const program = await loadProgram(projectFile(RAFT)).then(
  (loaded): Program => ({ ...loaded, raftPath: RAFT }),
);

const FAILED: RunReport = {
  result: resultOf({ seed: 0x1f3a, history: "0123456789abcdef", error: errorOf("no leader") }),
  events: 2,
  trace: ['{"seq":0}', '{"seq":1}'],
};

const write = (folder: string, report = FAILED): string =>
  writeBundle(folder, { program, manner: IN_SIM, casesFile: "my-cases.ts", report });

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
    version: 1,
    name: "TestA",
    seed: 0x1f3a,
    mode: "sim",
    schedule: "lively",
    check: true,
    raft: { path: RAFT, hash: program.hash },
    casesFile: "my-cases.ts",
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

test("a path that a shell would take apart is quoted in the line that replays it", (t) => {
  t.is(replayBundle("runs/failures/TestA-1"), "npx whitewater replay runs/failures/TestA-1");
  t.is(replayBundle("my runs/TestA-1"), 'npx whitewater replay "my runs/TestA-1"');
});

test("a bundle takes the place of an older one: nothing of that is left, should the new one not be finished", async (t) => {
  const folder = await emptyFolder(t);
  const path = write(folder);
  writeFileSync(join(path, "notes.txt"), "of the older one");
  t.is(write(folder), path);
  t.false(existsSync(join(path, "notes.txt")));
  // Fails amid the files: the older bundle.json must not vouch for what the new one has left.
  const broken = { ...FAILED, trace: null as unknown as string[] };
  t.throws(() => write(folder, broken));
  t.throws(() => readBundle(path), { instanceOf: UsageError, message: /is no bundle/ });
});

for (const { what, damage, says } of [
  {
    what: "a folder without bundle.json",
    damage: (path: string) => rmSync(join(path, "bundle.json")),
    says: /is no bundle: it has no bundle\.json\. Give the folder of a failure that stress left\.$/,
  },
  {
    what: "a bundle.json that ends in the middle",
    damage: (path: string) => writeFileSync(join(path, "bundle.json"), '{ "version": 1, "na'),
    says: /bundle\.json is damaged: .*JSON/,
  },
  {
    what: "a bundle.json of null",
    damage: (path: string) => writeFileSync(join(path, "bundle.json"), "null"),
    says: /bundle\.json has version undefined; this Whitewater reads version 1\./,
  },
  {
    what: "a bundle of a later version",
    damage: (path: string) => rewrite(path, { version: 2 }),
    says: /bundle\.json has version 2; this Whitewater reads version 1\. Make it again with stress\.$/,
  },
  {
    what: "a seed that is no number",
    damage: (path: string) => rewrite(path, { seed: "7" as unknown as number }),
    says: /bundle\.json is damaged: it does not say what was run\.$/,
  },
  {
    what: "an unknown mode",
    damage: (path: string) => rewrite(path, { mode: "dream" as unknown as "sim" }),
    says: /bundle\.json is damaged: it does not say what was run\.$/,
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
    casesFile: undefined,
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
  const traced = await files.keep({ definition: caseA, seed: 5 }, failing(5, "late", { trace: ["{}"] }));
  t.is(readText(traced ?? "", "trace.jsonl"), "{}\n");
  t.deepEqual(runner.asked, []);
});

test("bundles that cannot be written are told of once, and asked for no more", async (t) => {
  const runner = new ScriptedRunner();
  const { folder, files, troubles } = await failureFiles(t, runner);
  writeFileSync(join(folder, "failures"), "a file where the folder would be");
  for (const seed of [1, 2, 3]) t.is(await files.keep({ definition: caseA, seed }, failing(seed)), undefined);
  t.is(troubles.length, 1);
  t.regex(
    troubles[0] ?? "",
    /^bundles cannot be written to .*The campaign goes on without; failures are in its report\.$/,
  );
  t.is(runner.asked.length, 1);
});

const part = (given: Partial<CampaignPart> = {}): CampaignPart => ({
  cases: ["TestA", "TestB"],
  plan: { first: 1, last: 100, shard: { index: 1, of: 1 } },
  lastSeed: 100,
  isInterrupted: false,
  ...given,
});

const shard = (index: number, of: number, given: Partial<CampaignPart> = {}): CampaignPart =>
  part({ plan: { first: 1, last: 100, shard: { index, of } }, ...given });

const results = (given: Partial<CampaignResults> = {}, ...parts: CampaignPart[]): CampaignResults => ({
  version: RESULTS_VERSION,
  mode: "sim",
  schedule: "lively",
  check: true,
  raft: { path: RAFT, hash: "aa" },
  replayArgs: [],
  parts: parts.length > 0 ? parts : [part()],
  wallMs: 1,
  ...new Tally([caseA]).toData(),
  ...given,
});

test("results that were written are read as they were", async (t) => {
  const file = join(await emptyFolder(t), "results.json");
  const tally = new Tally([caseA]);
  tally.add(resultOf({ error: errorOf("no") }), 5);
  const written = results({ ...tally.toData() });
  writeFileSync(file, JSON.stringify(written));
  t.deepEqual(readResults(file), JSON.parse(JSON.stringify(written)));
});

for (const { what, text, says } of [
  { what: "no JSON", text: "shard 3", says: /cannot be read: .*JSON/ },
  { what: "cut off", text: '{ "version": 1, "cases": [', says: /cannot be read: .*JSON/ },
  { what: "null", text: "null", says: /holds no results of this version .*: its version is undefined/ },
  { what: "of `test --json`", text: '{"mode":"sim","seed":1,"cases":[]}', says: /its version is undefined/ },
  {
    what: "of a later version",
    text: JSON.stringify(results({ version: 9 })),
    says: /its version is 9, this is version 1\.$/,
  },
  {
    what: "without its groups",
    text: JSON.stringify({ ...results(), groups: undefined }),
    says: /is damaged/,
  },
  { what: "without its parts", text: JSON.stringify({ ...results(), parts: undefined }), says: /is damaged/ },
  {
    what: "with parts that name no seeds",
    text: JSON.stringify(results({}, part({ plan: { first: 1, last: 2 } as CampaignPart["plan"] }))),
    says: /is damaged/,
  },
  {
    what: "with words for numbers",
    text: JSON.stringify(results()).replace('"runs":0', '"runs":"0"'),
    says: /is damaged: the counts of TestA are no numbers$/,
  },
  {
    what: "with a broken histogram",
    text: JSON.stringify(results()).replace(/"durationMs":"[^"]*"/, '"durationMs":"HISTxx"'),
    says: /is damaged/,
  },
  {
    what: "with a group that has no example",
    text: JSON.stringify(results({ groups: [{ signature: "a", count: 1 } as never] })),
    says: /is damaged: a group of failures has no signature, count or example$/,
  },
]) {
  test(`a file of results that is ${what} is wrong usage, told in words`, async (t) => {
    const file = join(await emptyFolder(t), "results.json");
    writeFileSync(file, text);
    const error = t.throws(() => readResults(file), { instanceOf: UsageError });
    t.true(error.message.startsWith(file), error.message);
    t.regex(error.message, says);
  });
}

test("a file of results that is not there is wrong usage", (t) => {
  t.throws(() => readResults("/no/such.json"), {
    instanceOf: UsageError,
    message: /^\/no\/such\.json cannot be read: /,
  });
});

for (const { what, a, b, says } of [
  {
    what: "two different raft.ts",
    a: results(),
    b: results({ raft: { path: RAFT, hash: "bb" } }),
    says: "a.json and b.json are of two different raft.ts; merge the results of one.",
  },
  {
    what: "two modes",
    a: results(),
    b: results({ mode: "threads" }),
    says: "a.json is of runs in sim, schedule lively and b.json of runs on threads; merge the results of one.",
  },
  {
    what: "checked and unchecked runs",
    a: results(),
    b: results({ check: false }),
    says:
      "a.json is of runs in sim, schedule lively and b.json of runs in sim, schedule lively, not checked; " +
      "merge the results of one.",
  },
  {
    what: "one campaign twice",
    a: results(),
    b: results(),
    says: "a.json and b.json both hold runs of 2 cases, seeds 1..100, which would be counted twice.",
  },
  {
    what: "one shard twice, the second time in a sum",
    a: results({}, shard(2, 3)),
    b: results({}, shard(1, 3), shard(2, 3)),
    says: "a.json and b.json both hold runs of 2 cases, seeds 1..100, shard 2 of 3, which would be counted twice.",
  },
  {
    what: "shards of two ways to split that share a seed",
    a: results({}, shard(1, 2)),
    b: results({}, shard(3, 4)),
    says: "a.json and b.json both hold runs of 2 cases, seeds 1..100, shard 3 of 4, which would be counted twice.",
  },
]) {
  test(`not to be merged: ${what}`, (t) => {
    const error = t.throws(
      () =>
        checkMergeable([
          ["a.json", a],
          ["b.json", b],
        ]),
      { instanceOf: UsageError },
    );
    t.is(error.message, says);
  });
}

for (const { what, parts } of [
  { what: "shards of one campaign", parts: [shard(1, 3), shard(2, 3), shard(3, 3)] },
  { what: "the same seeds of other cases", parts: [part({ cases: ["TestA"] }), part({ cases: ["TestB"] })] },
  {
    what: "open-ended campaigns, the first of which ended before the other began",
    parts: [
      part({ plan: { first: 1, last: 2 ** 32 - 1, shard: { index: 1, of: 1 } }, lastSeed: 500 }),
      part({ plan: { first: 501, last: 2 ** 32 - 1, shard: { index: 1, of: 1 } }, lastSeed: 900 }),
    ],
  },
  { what: "a campaign that had no run, and one with its seeds", parts: [emptyPart(), part()] },
]) {
  test(`to be merged: ${what}`, (t) => {
    t.notThrows(() => checkMergeable(parts.map((one, i) => [`${i}.json`, results({}, one)] as const)));
  });
}

function emptyPart(): CampaignPart {
  const { lastSeed: _, ...nothingDone } = part();
  return nothingDone;
}

test("to merge nothing is wrong usage", (t) => {
  t.throws(() => checkMergeable([]), { instanceOf: UsageError, message: /takes at least one file/ });
});

test("a sum tells which shards have no file, and which campaigns were interrupted", (t) => {
  t.deepEqual(missingFrom([shard(1, 2), shard(2, 2)]), []);
  t.deepEqual(missingFrom([part()]), []);
  t.deepEqual(missingFrom([shard(4, 4), shard(2, 4, { isInterrupted: true, lastSeed: 42 })]), [
    "2 cases, seeds 1..100, shard 2 of 4: interrupted at seed 42",
    "2 cases, seeds 1..100, shard 1 of 4",
    "2 cases, seeds 1..100, shard 3 of 4",
  ]);
});

test("a file is replaced whole, or stays as it was", async (t) => {
  const folder = await emptyFolder(t);
  const file = join(folder, "results.json");
  t.is(writeWhole(file, "old"), undefined);
  t.is(writeWhole(file, "new"), undefined);
  t.is(readText(file), "new");
  mkdirSync(join(folder, "results.json.new")); // where the new one would be written
  t.regex(writeWhole(file, "newer") ?? "", /EISDIR/);
  t.is(readText(file), "new");
});

test("what --out names may not be a file, nor lie in one; it need not be there", async (t) => {
  const folder = await emptyFolder(t);
  const file = join(folder, "file");
  writeFileSync(file, "");
  t.notThrows(() => checkWritableFolder("--out", join(folder, "not", "yet")));
  for (const path of [file, join(file, "in", "it")]) {
    const error = t.throws(() => checkWritableFolder("--out", path), { instanceOf: UsageError });
    t.is(error.message, `--out ${path}: ${file} is a file, and no folder can be made there.`);
  }
});

// Root may write anywhere.
(process.geteuid?.() === 0 ? test.skip : test)(
  "what --out names must be in a folder that may be written",
  async (t) => {
    const folder = await emptyFolder(t);
    chmodSync(folder, 0o555);
    t.throws(() => checkWritableFolder("--out", join(folder, "new")), {
      instanceOf: UsageError,
      message: /you may not write there\.$/,
    });
  },
);
