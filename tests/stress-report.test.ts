import test from "ava";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import type { RunResult } from "../src/harness/case.js";
import { githubAnnotations } from "../src/stress/annotations.js";
import { junitXml } from "../src/stress/junit.js";
import { campaignReport, conclusion } from "../src/stress/report.js";
import { Tally } from "../src/stress/tally.js";
import { columns } from "../src/text/columns.js";
import { caseA, caseB, errorOf, IN_SIM, resultOf } from "./helpers/campaigns.js";

const tallyOf = (runs: readonly RunResult[]): Tally => {
  const tally = new Tally([caseA, caseB]);
  for (const run of runs) tally.add(run, 5 * run.rpcs);
  return tally;
};

const FAILED = resultOf({
  seed: 7,
  seconds: 1.5,
  error: errorOf("term 3 has 2 (>1) leaders: servers 0, 1", { details: ["server 0: running, connected"] }),
});

test("the report: a table by case, an example of each kind of failure with its replay, and the conclusion", (t) => {
  const runs = [
    resultOf({ name: "TestB", seconds: 10, rpcs: 2000, wallMs: 1000 }),
    resultOf({ seed: 6 }),
    FAILED,
    { ...FAILED, seed: 8 },
  ];
  const tally = tallyOf(runs);
  for (const seed of [8, 7]) tally.kept({ ...FAILED, seed }, `runs/failures/TestA-${seed}`);
  const lines = campaignReport(tally, {
    manner: IN_SIM,
    replayArgs: ["--raft", "my raft.ts"],
  });
  t.deepEqual(lines.join("\n").split("\n"), [
    "case   runs  failed  p50 s  p95 s  rpcs/run  events/s",
    "TestA     3       2    1.5    2.0       100     10000",
    "TestB     1       0   10.0   10.0      2000     10000",
    "all       4       2                     575     10000",
    "",
    "Failure 1, in 2 runs: check in TestA: term # has # (>#) leaders: servers #, …",
    "--- FAIL: TestA (check, at 1.500 s)",
    "    term 3 has 2 (>1) leaders: servers 0, 1",
    "      server 0: running, connected",
    "    Replay: npx whitewater test --raft 'my raft.ts' --schedule lively --run TestA --mode sim --seed 7",
    "    or:     npx whitewater replay runs/failures/TestA-7",
    "",
    "2 of 4 runs failed (50 %), of one kind",
  ]);
});

test("warnings have a line each in the report, and in JUnit with their case", (t) => {
  const tally = tallyOf([
    resultOf({ warnings: ["fields \u001b are missed"] }),
    resultOf({ seed: 2, warnings: ["fields \u001b are missed"] }),
  ]);
  t.deepEqual(campaignReport(tally, { manner: IN_SIM, replayArgs: [] }).slice(2), [
    "",
    "Warning, in 2 runs: fields \\u001b are missed",
    "",
    "no failure in 2 runs: too few to bound the failure rate",
  ]);
  const [suite] = parsed(junitXml(tally)).testsuite;
  t.is(suite?.testcase[0]?.["system-out"], "2 runs, 0 failed\nwarning, in 2 runs: fields \ufffd are missed");
});

test("what a failure says steers no terminal: control characters are shown", (t) => {
  const details = ["\u001b]0;title\u0007", "a\tb"];
  const lines = campaignReport(
    tallyOf([resultOf({ error: errorOf("\u001b[2J\u009b gone\r", { details }) })]),
    {
      manner: IN_SIM,
      replayArgs: [],
    },
  );
  t.deepEqual(lines.slice(3).join("\n").split("\n").slice(0, 5), [
    "Failure 1, in 1 run: check in TestA: \\u001b[#J\\u009b gone\\u000d",
    "--- FAIL: TestA (check, at 1.500 s)",
    "    \\u001b[2J\\u009b gone\\u000d",
    "      \\u001b]0;title\\u0007",
    "      a\tb",
  ]);
});

test("a failure on threads tells its verdict with the evidence, and has no schedule", (t) => {
  const verdict = { class: "machine" as const, evidence: ["it passes in virtual time", "the load was 9"] };
  const error = errorOf("expected one leader, got none", { verdict });
  const tally = tallyOf([resultOf({ error })]);
  const lines = campaignReport(tally, { manner: { ...IN_SIM, mode: "threads" }, replayArgs: [] });
  t.deepEqual(lines.slice(3).join("\n").split("\n"), [
    "Failure 1, in 1 run: check in TestA: expected one leader, got none, machine",
    "--- FAIL: TestA (check, at 1.500 s)",
    "    expected one leader, got none",
    "    Verdict: machine",
    "      it passes in virtual time",
    "      the load was 9",
    "    Replay: npx whitewater test --run TestA --mode threads --seed 1",
    "",
    "1 of 1 run failed (100 %), of one kind",
  ]);
});

test("a run that took no time and one case alone: no rate, and no line for all", (t) => {
  const [, row, ...rest] = campaignReport(tallyOf([resultOf({ wallMs: 0 })]), {
    manner: IN_SIM,
    replayArgs: [],
  });
  t.is(row, "TestA     1       0    2.0    2.0       100       n/a");
  t.is(rest.length, 2);
});

for (const { runs, failed, says } of [
  { runs: 0, failed: 0, says: "no run was finished, so nothing is known" },
  { runs: 1, failed: 0, says: "no failure in 1 run: too few to bound the failure rate" },
  { runs: 3, failed: 0, says: "no failure in 3 runs: too few to bound the failure rate" },
  {
    runs: 100,
    failed: 0,
    says: "no failure in 100 runs: the failure rate is below 3/100 = 3 % with 95 % confidence",
  },
  {
    runs: 21_000,
    failed: 0,
    says: "no failure in 21000 runs: the failure rate is below 3/21000 = 0.014 % with 95 % confidence",
  },
  { runs: 1_000_000, failed: 3, says: "3 of 1000000 runs failed (0.0003 %), of 2 kinds" },
]) {
  test(`the conclusion of ${runs} runs, ${failed} failed`, (t) => {
    const groups = [FAILED, FAILED].map((example) => ({ signature: "", count: 1, example }));
    t.is(conclusion({ runs, failed, groups: failed === 0 ? [] : groups }), says);
  });
}

test("the rule of three: at the bound that it gives, one campaign in twenty would be as lucky", (t) => {
  for (const runs of [10, 100, 1000, 100_000]) {
    const luck = (1 - 3 / runs) ** runs;
    t.true(luck < 0.05 && luck > 0.02, `${runs} runs: ${luck}`);
  }
});

test("columns: words to the left, figures to the right, no space at the end", (t) => {
  t.deepEqual(
    columns([
      ["case", "runs", ""],
      ["a", "1"],
      ["longer", "1000", "x"],
    ]),
    ["case    runs", "a          1", "longer  1000  x"],
  );
});

/** What XML cannot say, what ends attributes, texts and comments, and half a character. */
const HOSTILE = "\u0000\u001b[31m <b a='1'>&amp; \"]]>--> \ud800 😀 \r\n::error::x %0A";

interface Suites {
  readonly testsuites: {
    readonly "@_tests": string;
    readonly "@_failures": string;
    readonly testsuite: readonly {
      readonly "@_name": string;
      readonly "@_time": string;
      readonly testcase: readonly {
        readonly "@_name": string;
        readonly "@_time": string;
        readonly failure?: readonly {
          readonly "@_message": string;
          readonly "@_type": string;
          readonly "#text": string;
        }[];
        readonly "system-out": string;
      }[];
    }[];
  };
}

/** Reads the XML as a CI would. */
function parsed(xml: string): Suites["testsuites"] {
  const isList = ["testsuite", "testcase", "failure"];
  const parser = new XMLParser({
    ignoreAttributes: false,
    parseTagValue: false,
    parseAttributeValue: false,
    isArray: (name) => isList.includes(name),
  });
  return (parser.parse(xml) as Suites).testsuites;
}

test("JUnit: a suite by part, a case by case, a failure by kind of failure", (t) => {
  const other = resultOf({ seed: 9, error: errorOf("no agreement", { kind: "timeout" }) });
  const xml = junitXml(
    tallyOf([resultOf({ name: "TestB", part: "own", wallMs: 1500 }), FAILED, { ...FAILED, seed: 8 }, other]),
  );
  const { testsuite, ...totals } = parsed(xml);
  t.like(totals, { "@_name": "whitewater", "@_tests": "2", "@_failures": "1" });
  const [suite, ...noMore] = testsuite;
  t.deepEqual(noMore, []);
  t.like(suite, { "@_name": "own", "@_tests": "2", "@_failures": "1", "@_time": "1.650" });
  const [a, b] = suite?.testcase ?? [];
  t.like(a, { "@_name": "TestA", "@_classname": "whitewater.own", "@_time": "0.150" });
  t.is(a?.["system-out"], "3 runs, 3 failed");
  t.deepEqual(
    a?.failure?.map((failure) => [failure["@_message"], failure["@_type"], failure["#text"]]),
    [
      [
        "2 of 3 runs: check in TestA: term # has # (>#) leaders: servers #, …",
        "check",
        "seed 7: term 3 has 2 (>1) leaders: servers 0, 1\nserver 0: running, connected",
      ],
      ["1 of 3 runs: timeout in TestA: no agreement", "timeout", "seed 9: no agreement"],
    ],
  );
  t.is(b?.failure, undefined);
});

test("JUnit: whatever a peer says, the XML is well-formed and says it, but for what XML cannot", (t) => {
  const xml = junitXml(
    tallyOf([resultOf({ error: errorOf(HOSTILE, { kind: HOSTILE, details: [HOSTILE] }) })]),
  );
  t.is(XMLValidator.validate(xml), true);
  const text = parsed(xml).testsuite[0]?.testcase[0]?.failure?.[0]?.["#text"] ?? "";
  t.true(text.includes("\ufffd\ufffd[31m <b a='1'>&amp; \"]]>--> \ufffd 😀"), text);
});

test("JUnit: a campaign without a run is well-formed, and empty", (t) => {
  const xml = junitXml(tallyOf([]));
  t.is(XMLValidator.validate(xml), true);
  t.like(parsed(xml), { "@_tests": "0", "@_failures": "0" });
});

test("GitHub: one annotation by kind of failure, on one line whatever it says", (t) => {
  const hostile = resultOf({ error: errorOf(HOSTILE, { rule: "a: b, c" }) });
  const [often, rare, ...noMore] = githubAnnotations(tallyOf([FAILED, { ...FAILED, seed: 8 }, hostile]));
  t.deepEqual(noMore, []);
  t.is(
    often,
    "::error title=TestA%3A 2 runs failed::check in TestA: term # has # (>#) leaders: servers #, …" +
      "%0Aseed 7: term 3 has 2 (>1) leaders: servers 0, 1",
  );
  t.true(rare?.startsWith("::error title=TestA%3A 1 run failed::safety in TestA: a: b, c%0Aseed 1: "), rare);
  t.true(rare?.includes("seed 1: \\u0000\\u001b[31m <b "), rare);
  t.true(rare?.endsWith("😀 \\u000d%0A::error::x %250A"), rare);
  t.notRegex(rare ?? "", /\p{Cc}/u);
});

test("GitHub: no failure, no annotation", (t) => t.deepEqual(githubAnnotations(tallyOf([resultOf()])), []));
