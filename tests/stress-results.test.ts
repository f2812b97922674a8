import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { checkFiles, checkWritableFolder } from "../src/cli/results.js";
import { UsageError } from "../src/errors.js";
import { writeWhole } from "../src/files.js";
import {
  type CampaignPart,
  type CampaignResults,
  checkMergeable,
  missingFrom,
  RESULTS_VERSION,
  readResults,
} from "../src/stress/results-file.js";
import { Tally, type TallyData } from "../src/stress/tally.js";
import { caseA, errorOf, resultOf } from "./helpers/campaigns.js";
import { emptyFolder } from "./helpers/cli.js";

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
  raft: { path: "raft.ts", hash: "aa" },
  replayArgs: [],
  parts: parts.length > 0 ? parts : [part()],
  wallMs: 1,
  ...new Tally([caseA]).toData(),
  ...given,
});

/** The tally of one run that failed. */
function failedOnce(): TallyData {
  const tally = new Tally([caseA]);
  tally.add(resultOf({ error: errorOf("no") }), 5);
  return tally.toData();
}

test("results that were written are read as they were", async (t) => {
  const file = join(await emptyFolder(t), "results.json");
  const written = results(failedOnce());
  writeFileSync(file, JSON.stringify(written));
  t.deepEqual(readResults(file), JSON.parse(JSON.stringify(written)));
});

for (const { what, text, says } of [
  { what: "no JSON", text: "shard 3", says: /cannot be read: .*JSON/ },
  { what: "cut off", text: '{ "version": 2, "cases": [', says: /cannot be read: .*JSON/ },
  { what: "null", text: "null", says: /holds no results of this version .*: its version is undefined/ },
  { what: "of `test --json`", text: '{"mode":"sim","seed":1,"cases":[]}', says: /its version is undefined/ },
  {
    what: "of a later version",
    text: JSON.stringify(results({ version: 9 })),
    says: /its version is 9, this is version 2\.$/,
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
    says: /is damaged: cases\.0\.runs: Invalid type: Expected number but received "0"$/,
  },
  {
    what: "with a broken histogram",
    text: JSON.stringify(results()).replace(/"durationMs":"[^"]*"/, '"durationMs":"HISTxx"'),
    says: /is damaged/,
  },
  {
    what: "with a group that has no example",
    text: JSON.stringify(results({ groups: [{ signature: "a", count: 1 } as never] })),
    says: /is damaged: groups\.0\.example: /,
  },
  {
    what: "without a raft.ts",
    text: JSON.stringify({ ...results(), raft: undefined }),
    says: /is damaged: raft: /,
  },
  {
    what: "without arguments for a replay",
    text: JSON.stringify({ ...results(), replayArgs: null }),
    says: /is damaged: replayArgs: .* received null$/,
  },
  {
    what: "of no campaign",
    text: JSON.stringify({ ...results(), parts: [] }),
    says: /it is of no campaign$/,
  },
  {
    what: "with a failure that says nothing",
    text: JSON.stringify(results(failedOnce())).replace(/"error":\{[^}]*\}/, '"error":{}'),
    says: /is damaged: groups\.0\.example\.error\.kind: /,
  },
  {
    what: "with more failures than runs",
    text: JSON.stringify(results(failedOnce())).replace('"failed":1', '"failed":99'),
    says: /is damaged: cases\.0: more runs have failed than there were$/,
  },
  {
    what: "with fewer failures in its groups than in its cases",
    text: JSON.stringify({ ...results(failedOnce()), groups: [] }),
    says: /is damaged: its groups have more or fewer failures than its cases$/,
  },
  {
    what: "with a negative count",
    text: JSON.stringify(results(failedOnce())).replace('"rpcs":100', '"rpcs":-100'),
    says: /is damaged: cases\.0\.rpcs: .* received -100$/,
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
    b: results({ raft: { path: "raft.ts", hash: "bb" } }),
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
  t.is(readFileSync(file, "utf8"), "new");
  mkdirSync(join(folder, "results.json.new")); // where the new one would be written
  t.regex(writeWhole(file, "newer") ?? "", /EISDIR/);
  t.is(readFileSync(file, "utf8"), "new");
});

test("two options may not name one file, however they spell it", async (t) => {
  const folder = await emptyFolder(t);
  const [json, other] = [join(folder, "results"), join(folder, "in", "..", "results")];
  t.notThrows(() => checkFiles({ "--json": json, "--junit": undefined, "--trace": `${json}2` }));
  const error = t.throws(() => checkFiles({ "--json": json, "--junit": other }), { instanceOf: UsageError });
  t.is(error.message, `--json and --junit both name ${other}; give each a file of its own.`);
});

test("an empty name is refused before any run, for a file as for a folder", (t) => {
  for (const check of [() => checkFiles({ "--json": "" }), () => checkWritableFolder("--json", "")]) {
    t.throws(check, { instanceOf: UsageError, message: "--json is given without a name: it is empty." });
  }
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
