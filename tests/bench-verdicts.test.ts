import test from "ava";
import { callUs, goCall } from "../bench/helpers/go-call.js";
import { type CaseRuns, caseTable, type RunCost, soundCases } from "../bench/helpers/suite-table.js";
import { parseAsked } from "../bench/options.js";
import { comparisonOf } from "../bench/rounds.js";
import { tableLine } from "../bench/table.js";
import { UsageError } from "../src/errors.js";

for (const { ratio, promise, cells } of [
  { ratio: 0.0099, promise: 0.01, cells: ["at most 0.01", "yes"] },
  { ratio: 0.01, promise: 0.01, cells: ["at most 0.01", "yes"] },
  { ratio: 0.0101, promise: 0.01, cells: ["at most 0.01", "NO"] },
  { ratio: 7, promise: undefined, cells: [] },
]) {
  test(`a ratio of ${ratio} where ${promise ?? "nothing"} is promised: ${cells.at(-1) ?? "no verdict"}`, (t) => {
    const measured = comparisonOf([{ whatMs: ratio * 1000, againstMs: 1000 }]);
    const line = tableLine({ what: "suite in sim", against: "on threads", promise, measured });
    const [, , ...told] = line.trim().split(/ {2,}/);
    t.deepEqual(told.slice(0, -1), cells);
    t.regex(told.at(-1) ?? "", /^suite in sim \([0-9.]+ ms\) \/ on threads \(1000 ms\)$/);
  });
}

test("a comparison tells the median of the ratios, not the ratio of the medians", (t) => {
  const measured = comparisonOf([
    { whatMs: 1, againstMs: 1 },
    { whatMs: 30, againstMs: 10 },
    { whatMs: 40, againstMs: 20 },
  ]);
  t.like(measured, { ratio: 2, quartiles: [1.5, 2.5], rounds: 3, whatMs: 30, againstMs: 10 });
});

test("a line per case has the means of the suites but the first, and the last line their sums", (t) => {
  const lines = caseTable([
    { name: "A", inSim: [cost(900), cost(10), cost(30)], onThreads: cost(4000) },
    { name: "B", inSim: [cost(100), cost(5), cost(5)], onThreads: cost(1000) },
  ]);
  t.deepEqual(
    lines.map((line) => line.split(/ {2,}/)),
    [
      lines[0]?.split(/ {2,}/) ?? [],
      ["A", "2.0", "20.0", "100", "50", "2500", "1.0", "900.0", "4.0", "200"],
      ["B", "2.0", "5.0", "400", "50", "10000", "1.0", "100.0", "1.0", "200"],
      ["all 2", "4.0", "25.0", "160", "100", "4000", "2.0", "1000.0", "5.0", "200"],
    ],
  );
});

test("without threads the table leaves their columns empty", (t) => {
  const [, line = ""] = caseTable([{ name: "A", inSim: [cost(9), cost(10)], onThreads: undefined }]);
  t.deepEqual(line.split(/ {2,}/), ["A", "2.0", "10.0", "200", "50", "5000", "1.0", "9.0"]);
});

test("a case that failed once is not compared", (t) => {
  const failed = { ...cost(1), hasPassed: false };
  const runs: CaseRuns[] = [
    { name: "passes", inSim: [cost(1), cost(1)], onThreads: cost(1) },
    { name: "fails in sim", inSim: [cost(1), failed], onThreads: cost(1) },
    { name: "fails on threads", inSim: [cost(1), cost(1)], onThreads: failed },
  ];
  t.deepEqual(
    soundCases(runs).map(({ name }) => name),
    ["passes"],
  );
});

/** A run of 2 s of its own time, with 50 events, that took 1 ms of a core. */
function cost(wallMs: number): RunCost {
  return { hasPassed: true, seconds: 2, wallMs, cpuMs: 1, events: 50 };
}

for (const { line, us } of [
  { line: "1.5s for 100000", us: 15 },
  { line: "900ms for 100000", us: 9 },
  { line: "1m0.5s for 100000", us: 605 },
  { line: "ok for now", us: undefined },
]) {
  test(`"${line}" of Go's benchmark is ${us ?? "no"} µs per call`, (t) => {
    t.is(callUs(`=== RUN   TestBenchmark\n${line}\n--- PASS: TestBenchmark\n`), us);
  });
}

test("Go's figure is the one given", async (t) => {
  const go = await goCall({ goUs: 15.2, goLabrpc: undefined });
  t.deepEqual("contestant" in go && (await go.contestant.run()), { overriddenDuration: 0.0152 });
});

test("without Go's figure it is said how to give one", async (t) => {
  const go = await goCall({ goUs: undefined, goLabrpc: undefined });
  t.regex("why" in go ? go.why : "", /--go-labrpc.*--go-us/);
});

test("a folder where Go has nothing to build is named", async (t) => {
  const go = await goCall({ goUs: undefined, goLabrpc: "/no/such/folder" });
  t.regex("why" in go ? go.why : "", /\/no\/such\/folder/);
});

test("names and options of the command line are told apart", (t) => {
  const { names, options } = parseAsked([
    "suite",
    "--no-threads",
    "--run",
    "3A",
    "sim-rpc",
    "--go-us",
    "15.2",
  ]);
  t.deepEqual(names, ["suite", "sim-rpc"]);
  t.deepEqual(options, { run: "3A", threads: false, goUs: 15.2, goLabrpc: undefined });
});

test("by default all is measured", (t) => {
  const { names, options } = parseAsked([]);
  t.deepEqual(names, []);
  t.deepEqual(options, { run: ".", threads: true, goUs: undefined, goLabrpc: undefined });
});

test("a time of Go's that is none is refused", (t) => {
  t.throws(() => parseAsked(["--go-us", "fast"]), { instanceOf: TypeError, message: /--go-us.*"fast"/ });
  t.throws(() => parseAsked(["--goes"]), { instanceOf: TypeError });
});

test("cases that there are not are refused before anything is measured", (t) => {
  t.throws(() => parseAsked(["--run", "TestNo"]), { instanceOf: UsageError, message: /matches none/ });
  t.throws(() => parseAsked(["--run", "("]), { instanceOf: UsageError, message: /regular expression/ });
});
