import type { ChildProcess } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import type { Profiler } from "node:inspector";
import { join } from "node:path";
import test from "ava";
import { CommanderError } from "commander";
import { profileCommand } from "../src/cli/profile.js";
import { UsageError } from "../src/errors.js";
import { ProfileFiles } from "../src/profile/files.js";
import { type Profile, STAGES } from "../src/profile/profile.js";
import { emptyFolder, projectFile, untilGone, whitewater } from "./helpers/cli.js";
import { traceFormatErrors } from "./helpers/trace-event-format.js";

const OWN = [
  "--cases",
  "tests/fixtures/profile/cases.ts",
  "--raft",
  "tests/fixtures/profile/many-at-a-time.ts",
];

interface ProfileFile {
  readonly mode: string;
  readonly seed: number;
  readonly files: readonly string[];
  readonly runs: readonly Profile[];
}

const readProfile = async (folder: string): Promise<ProfileFile> =>
  JSON.parse(await readFile(join(folder, "profile.json"), "utf8"));

test.serial("a case: the table, the sentence as its last line, and the files", async (t) => {
  const out = await emptyFolder(t);
  const run = await whitewater(["profile", ...OWN, "--run", "TestRestful", "--seed", "7", "--out", out]);
  t.is(run.exitCode, 0, run.stderr);
  const lines = run.stdout.split("\n");
  t.is(lines[0], "whitewater: profile of tests/fixtures/profile/many-at-a-time.ts on threads, seed 7");
  t.is(lines[1], "Test (own): TestRestful ...");
  for (const row of ["main", "peer 0", "peer 1", "held by the router, its own work", "  Raft.echo"]) {
    t.true(
      lines.some((line) => line.startsWith(`  ${row} `)),
      row,
    );
  }
  const { runs, mode, seed } = await readProfile(out);
  t.deepEqual([mode, seed, runs.length], ["threads", 7, 1]);
  t.true(lines.includes(`  ${runs[0]?.bottleneck.sentence}`));
  t.true(lines.includes(`Written: ${join(out, "profile.json")}, ${join(out, "profile.html")}`));
  t.deepEqual((await readdir(out)).sort(), ["profile.html", "profile.json"]);
});

test.serial("profile.json has the fields that its documentation names, and no others", async (t) => {
  const out = await emptyFolder(t);
  const run = await whitewater(["profile", "--load", "100", "--seconds", "1", "--out", out, "--seed", "3"]);
  t.is(run.exitCode, 0, run.stdout + run.stderr);
  const file = await readProfile(out);
  t.deepEqual(Object.keys(file), [
    ...["version", "mode", "raft", "seed", "node", "platform", "files", "runs", "unmeasured"],
  ]);
  const [profile] = file.runs;
  if (!profile) return t.fail("there is no run");
  t.deepEqual(Object.keys(profile).sort(), [
    "bottleneck",
    "clock",
    "cores",
    "handlers",
    "load",
    "messages",
    "otherProgramsOnCoreMs",
    "otherThreadsOnCoreMs",
    "result",
    "stacksSampled",
    "threads",
    "wallMs",
  ]);
  const durations = ["count", "meanMs", "p50Ms", "p99Ms", "p999Ms", "maxMs"];
  const [main, peer] = profile.threads;
  t.deepEqual(
    Object.keys(main ?? {}),
    Object.keys(peer ?? {}).filter((key) => key !== "peer" && key !== "incarnation"),
  );
  t.deepEqual(Object.keys(peer ?? {}), [
    "name",
    "peer",
    "incarnation",
    "fromMs",
    "wallMs",
    "onCoreMs",
    "waitingMs",
    "asleepMs",
    "wantedSwitches",
    "forcedSwitches",
    "loopUtilization",
    "loopDelay",
    "collections",
    "standstillMs",
    "heapMiB",
    "heapHighestMiB",
  ]);
  t.deepEqual(Object.keys(peer?.loopDelay ?? {}), durations);
  t.deepEqual(Object.keys(profile.messages), ["stages", "roundTrip", "atPeer", "lost", "measuredShare"]);
  t.deepEqual(Object.keys(profile.messages.stages), [...STAGES]);
  for (const stage of STAGES) t.deepEqual(Object.keys(profile.messages.stages[stage]), durations);
  t.deepEqual(Object.keys(profile.handlers[0] ?? {}).slice(0, 3), ["svcMeth", "handled", "blocked"]);
  t.deepEqual(Object.keys(profile.clock), ["offsetMs", "errorMs"]);
  t.deepEqual(Object.keys(profile.bottleneck), ["cause", "sentence"]);
  t.deepEqual(Object.keys(profile.load ?? {}), [
    "rate",
    "seconds",
    "started",
    "committed",
    "throughput",
    "commitLatency",
    "pending",
    "oldestPendingMs",
  ]);

  const documented = await readFile(projectFile("docs/profile.md"), "utf8");
  const code = [...documented.matchAll(/`([^`]+)`/g)].map(([, text]) => text).join(" ");
  const named = new Set(code.match(/\w+/g));
  const keys = keysOf(file).filter((key) => key !== "result" && !named.has(key));
  t.deepEqual(keys, [], "fields that docs/profile.md does not name");
});

/** The names of all fields in it, but for those of a `RunResult`, each once. */
function keysOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return [...new Set(value.flatMap(keysOf))];
  const fields = Object.entries(value);
  return [...new Set(fields.flatMap(([key, inner]) => [key, ...(key === "result" ? [] : keysOf(inner))]))];
}

test.serial("--trace out/ --cpu-prof: a trace and a .cpuprofile of each thread beside them", async (t) => {
  const out = await emptyFolder(t);
  const run = await whitewater(["profile", ...OWN, "--run", "TestRestful", "--cpu-prof", "--trace", out]);
  t.is(run.exitCode, 0, run.stderr);
  t.deepEqual((await readdir(out)).sort(), [
    "main.cpuprofile",
    "peer-0.cpuprofile",
    "peer-1.cpuprofile",
    "profile.html",
    "profile.json",
    "trace.json",
  ]);
  t.deepEqual(traceFormatErrors(await readFile(join(out, "trace.json"), "utf8")), []);
  const { files } = await readProfile(out);
  t.deepEqual(files, ["trace.json", "main.cpuprofile", "peer-0.cpuprofile", "peer-1.cpuprofile"]);
});

test.serial(
  "--cpu-prof names the lines of Whitewater's own sources, from which its code was built",
  async (t) => {
    const out = await emptyFolder(t);
    const run = await whitewater(["profile", "--run", "TestRPCBytes3B", "--cpu-prof", "--out", out]);
    t.is(run.exitCode, 0, run.stderr);
    const { nodes } = JSON.parse(await readFile(join(out, "main.cpuprofile"), "utf8")) as Profiler.Profile;
    const frames = nodes.map(({ callFrame }) => callFrame);
    t.deepEqual(
      frames.filter(({ url }) => url.includes("/dist/")),
      [],
    );
    const methods = frames.filter(
      ({ url, functionName }) => url.endsWith("/src/harness/config.ts") && /^\w+$/.test(functionName),
    );
    t.true(methods.length > 0, run.stdout);
    const lines = (await readFile(projectFile("src/harness/config.ts"), "utf8")).split("\n");
    for (const { functionName, lineNumber } of methods) t.true(lines[lineNumber]?.includes(functionName));
  },
);

test("the files of an earlier profile go when the first is written, and no others", async (t) => {
  const out = await emptyFolder(t);
  const earlier = ["trace.json", "main.cpuprofile", "TestBackup3B/trace.json", "TestCount3B/trace.json"];
  const others = ["notes.txt", "TestCount3B/notes.txt", "peer-0.cpuprofile"];
  await Promise.all(["TestBackup3B", "TestCount3B"].map((name) => mkdir(join(out, name))));
  for (const name of [...earlier, ...others]) await writeFile(join(out, name), "");
  const files = [...earlier, "gone/trace.json", "notes.txt"]; // one is not there, one no profile has written
  await writeFile(join(out, "profile.json"), JSON.stringify({ files }));
  const profile = await ProfileFiles.prepare(out, { raft: "raft.ts", seed: 1 });
  t.is((await readdir(out)).length, 7);
  profile.writeProfiles([], []);
  t.deepEqual((await readdir(out, { recursive: true })).sort(), [
    "TestCount3B",
    "TestCount3B/notes.txt",
    "notes.txt",
    "peer-0.cpuprofile",
    "profile.html",
    "profile.json",
  ]);
  t.deepEqual([...profile.unwritten], []);
});

test("a profile.json that is somebody else's is replaced, and nothing else", async (t) => {
  const out = await emptyFolder(t);
  await mkdir(join(out, "deeper"));
  await writeFile(join(out, "trace.json"), "");
  await writeFile(join(out, "deeper", "profile.json"), JSON.stringify({ files: ["../trace.json"] }));
  await writeFile(join(out, "profile.json"), "[1, 2");
  for (const folder of [out, join(out, "deeper")]) {
    (await ProfileFiles.prepare(folder, { raft: "raft.ts", seed: 1 })).writeProfiles([], []);
  }
  t.true((await readdir(out)).includes("trace.json"));
});

test.serial("lists of loads and peers: a run of each, the curve, and what each commits", async (t) => {
  const out = await emptyFolder(t);
  const args = ["--load", "20,40", "--peers", "1,3", "--seconds", "1", "--out", out, "--seed", "3"];
  const run = await whitewater(["profile", ...args]);
  t.is(run.exitCode, 0, run.stdout + run.stderr);
  t.regex(
    run.stdout,
    /\n {2}peers {2}start\(\)\/s {2}committed\/s .*\n {2}1 +20 .*\n {2}3 +20 .*\n {2}1 +40 .*\n {2}3 +40 /,
  );
  const { runs } = await readProfile(out);
  t.deepEqual(
    runs.map(({ load, result }) => [load?.rate, result.peers, load?.started]),
    [
      [20, 1, 20],
      [20, 3, 20],
      [40, 1, 40],
      [40, 3, 40],
    ],
  );
  for (const { load } of runs) {
    t.true((load?.committed ?? 0) > 0, JSON.stringify(load));
    t.is(load?.commitLatency.count, load?.committed);
  }
});

test.serial("a case that fails is profiled up to its failure, and the exit code is 1", async (t) => {
  const out = await emptyFolder(t);
  const run = await whitewater([
    "profile",
    ...OWN,
    "--run",
    "TestFailing|TestRestful",
    "--seed",
    "7",
    "--out",
    out,
  ]);
  t.is(run.exitCode, 1);
  t.regex(run.stdout, /--- FAIL: TestFailing \(check, at \d\.\d+ s\)\n {4}not in this river/);
  t.regex(run.stdout, /Replay: npx whitewater test .*--run TestFailing --mode threads --seed 7/);
  const { runs } = await readProfile(out);
  t.deepEqual(runs.map(({ result, threads }) => [result.name, result.status, threads.length]).sort(), [
    ["TestFailing", "failed", 3],
    ["TestRestful", "passed", 3],
  ]);
});

test.serial("a peer that does not load is told as by test, and there is no profile of it", async (t) => {
  const out = await emptyFolder(t);
  const args = [
    "--raft",
    "tests/fixtures/broken/make-throws.ts",
    "--load",
    "10",
    "--seconds",
    "1",
    "--seed",
    "7",
  ];
  const run = await whitewater(["profile", ...args, "--out", out]);
  t.is(run.exitCode, 1);
  t.regex(run.stdout, /--- FAIL: Load10Peers3 \(load, peer \d/);
  t.regex(
    run.stdout,
    /Replay: npx whitewater profile --raft tests\/fixtures\/broken\/make-throws\.ts --load 10 --peers 3 --seconds 1 --seed 7/,
  );
});

for (const { args, says } of [
  { args: [], says: /Say what to profile: a case, as in --run TestBackup3B, or a steady load/ },
  {
    args: ["--run", "3B", "--load", "5"],
    says: /--run profiles cases and --load a steady load; use one of them/,
  },
  { args: ["--run", "3B", "--peers", "5"], says: /--peers is for --load: a case has peers of its own/ },
  { args: ["--run", "3B", "--seconds", "5"], says: /--seconds is for --load/ },
  { args: ["--load", "5", "--cases", "my.ts"], says: /--cases is for --run: a load runs no case/ },
  { args: ["--run", "Nothing"], says: /--run Nothing matches none of the cases/ },
  { args: ["--load", "5", "--peers", "3,x"], says: /--peers must be a whole number from 1 to 99; got "x"/ },
  { args: ["--load", "5", "--peers", "100"], says: /--peers must be a whole number from 1 to 99; got "100"/ },
  { args: ["--load", "0"], says: /--load must be a whole number from 1 to 100000; got "0"/ },
  { args: ["--load", ""], says: /--load takes one or more, as in 3,5,9/ },
  { args: ["--load", "5", "--seconds", "1000"], says: /--seconds must be a whole number from 1 to 100/ },
  {
    args: ["--load", "5", "--out", "package.json"],
    says: /The files cannot go to package\.json: a file stands there/,
  },
  {
    args: ["--load", "5", "--out", "a", "--trace", "b"],
    says: /All files go to one folder, but --trace names b and --out a/,
  },
  { args: ["--load", "5", "--raft", "nowhere.ts"], says: /No such file: nowhere\.ts/ },
]) {
  test(`profile ${args.join(" ")}: wrong usage, told in words`, async (t) => {
    const command = profileCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => {} });
    const error = await t.throwsAsync(command.parseAsync(args, { from: "user" }));
    t.true(error instanceof UsageError || error instanceof CommanderError);
    t.regex(error?.message ?? "", says);
  });
}

test.serial("Ctrl-C keeps the runs so far, and the one under way as far as it came", async (t) => {
  const out = await emptyFolder(t);
  let told: ChildProcess | undefined;
  const args = [...OWN, "--run", "TestRestful|TestUnending", "--trace", "--out", out, "--seed", "3"];
  const run = await whitewater(["profile", ...args], {
    onOutput: (stdout, child) => {
      if (told || !stdout.includes("TestUnending ...")) return;
      told = child;
      setTimeout(() => child.kill("SIGINT"), 2000); // peers are up long before, and measured
    },
  });
  t.is(run.exitCode, 130, run.stdout + run.stderr);
  t.is(run.stderr, "");
  if (!told) return t.fail("the second case did not begin");
  await untilGone(t, told);
  t.regex(run.stdout, /\n {2}\.\.\. interrupted after \d\.\d s\n {2}Measured for \d\.\d s on \d+ cores?:\n/);
  const { runs } = await readProfile(out);
  t.deepEqual(
    runs.map(({ result, threads }) => [result.name, result.error?.kind, threads.length]),
    [
      ["TestRestful", undefined, 3],
      ["TestUnending", "interrupted", 3],
    ],
  );
  t.true((runs[1]?.wallMs ?? 0) > 500, `measured for ${runs[1]?.wallMs} ms`);
  t.true((await readdir(join(out, "TestUnending"))).includes("trace.json"));
});

test.serial("a file that cannot be written costs the file and no more, and is told", async (t) => {
  const out = await emptyFolder(t);
  await mkdir(join(out, "profile.json"));
  const run = await whitewater(["profile", ...OWN, "--run", "TestRestful", "--out", out]);
  t.is(run.exitCode, 2);
  t.regex(run.stderr, /^whitewater: the profile could not be written to .*profile\.json: EISDIR[^\n]*\n$/);
  t.true(run.stdout.includes(`Written: ${join(out, "profile.html")}\n`));
});

(process.platform === "linux" ? test : test.skip)(
  "a folder that the system does not let be made is told, however it says so",
  async (t) => {
    const command = profileCommand().exitOverride();
    const args = ["--load", "5", "--out", "/proc/nowhere/deeper"];
    const error = await t.throwsAsync(command.parseAsync(args, { from: "user" }));
    t.true(error instanceof UsageError);
    t.regex(error?.message ?? "", /^The files cannot go to \/proc\/nowhere\/deeper: /);
  },
);

test.serial("wrong usage exits with 2, before anything is measured or written", async (t) => {
  const run = await whitewater(["profile", "--load", "5", "--run", "3B"], { cwd: await emptyFolder(t) });
  t.is(run.exitCode, 2);
  t.is(run.stdout, "");
  t.is(run.stderr, "whitewater: --run profiles cases and --load a steady load; use one of them.\n");
});
