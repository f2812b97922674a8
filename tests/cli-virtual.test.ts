/** The command line in virtual time, as a process. */
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { emptyFolder, projectFile, readReport, whitewater } from "./helpers/cli.js";
import { idleRaft } from "./helpers/virtual-runs.js";

/** Quick, and with something in it. */
const AGREE = ["--run", "TestBasicAgree3B"];

test.serial(
  "test --mode sim prints mode, schedule and seed first; without --seed one is drawn",
  async (t) => {
    const json = join(await emptyFolder(t), "results.json");
    const { exitCode, stdout } = await whitewater(["test", "--mode", "sim", ...AGREE, "--json", json]);
    t.is(exitCode, 0, stdout);
    const { mode, seed, cases } = await readReport(json);
    t.is(stdout.split("\n")[0], `whitewater: the reference Raft in sim, schedule lively, seed ${seed}`);
    t.is(mode, "sim");
    t.regex(cases[0]?.history ?? "", /^[0-9a-f]{16}$/);

    const again = join(await emptyFolder(t), "results.json");
    await whitewater(["test", "--mode", "sim", ...AGREE, "--seed", `${seed}`, "--json", again]);
    const [first, second] = [cases[0], (await readReport(again)).cases[0]];
    t.deepEqual({ ...second, wallMs: 0 }, { ...first, wallMs: 0 }, "the seed gives the same run");
  },
);

test.serial(
  "lockstep, another schedule and another seed: the same history or another one, as they should",
  async (t) => {
    const json = join(await emptyFolder(t), "results.json");
    const historyOf = async (...args: string[]) => {
      const { exitCode, stdout } = await whitewater(["test", ...AGREE, "--json", json, ...args]);
      t.is(exitCode, 0, stdout);
      return (await readReport(json)).cases[0]?.history;
    };
    const sim = await historyOf("--mode", "sim", "--seed", "42");
    t.is(await historyOf("--mode", "lockstep", "--seed", "42"), sim);
    t.is(await historyOf("--mode", "sim", "--seed", "42", "--schedule", "lively"), sim);
    t.not(await historyOf("--mode", "sim", "--seed", "42", "--schedule", "calm"), sim);
    t.not(await historyOf("--mode", "sim", "--seed", "43"), sim);
  },
);

test.serial("a failure in sim prints the command that gives it again, to the microsecond", async (t) => {
  const eager = [
    "test",
    "--raft",
    "examples/eager/raft.ts",
    "--run",
    "TestInitialElection3A",
    "--mode",
    "sim",
  ];
  const { exitCode, stdout } = await whitewater([...eager, "--seed", "7", "--schedule", "calm"]);
  t.is(exitCode, 1);
  const [, replay = ""] = /^ {4}Replay: npx whitewater (.*)$/m.exec(stdout) ?? [];
  t.is(
    replay,
    "test --raft examples/eager/raft.ts --schedule calm --run TestInitialElection3A --mode sim --seed 7",
  );
  t.is((await whitewater(replay.split(" "))).stdout, stdout);
});

test.serial(
  "a peer that loops for ever is stopped in seconds and named with its line; the next case runs",
  async (t) => {
    const cwd = await emptyFolder(t);
    await writeFile(join(cwd, "raft.ts"), idleRaft("if (me === 2 && Date.now() % 10_000 > 3000) for (;;);"));
    const { exitCode, stdout } = await whitewater(
      [
        "test",
        "--mode",
        "sim",
        "--seed",
        "1",
        "--jobs",
        "1",
        "--run",
        "TestInitialElection3A|TestReElection3A",
      ],
      { cwd },
    );
    t.is(exitCode, 1);
    t.regex(stdout, /^--- FAIL: TestInitialElection3A \(stuck, peer 2, at 3\.0\d\d s\)$/m);
    t.regex(stdout, /^ {4}a single turn has run for 5 s of real time\. /m);
    t.regex(stdout, /^ {6}at act \(raft\.ts:3:\d+\)$/m);
    t.regex(stdout, /^--- FAIL: TestReElection3A \(stuck, peer 2, /m);
    t.regex(stdout, /^FAIL: 0 passed, 2 failed: /m);
  },
);

test.serial("--verbose lines carry virtual time, incarnation, term and role", async (t) => {
  const cwd = await emptyFolder(t);
  await writeFile(join(cwd, "raft.ts"), idleRaft("return 'tick';"));
  const { stdout } = await whitewater(
    ["test", "--mode", "sim", "--run", "TestInitial", "--verbose", "--seed", "1"],
    {
      cwd,
    },
  );
  t.regex(stdout, /^ {5}50\.\d{3} ms {2}S\d\.1 {2}T1 {11}tick$/m);
});

test.serial("--check-determinism tells that both runs were one, and in which they differ", async (t) => {
  const twice = await whitewater([
    "test",
    "--mode",
    "sim",
    "--check-determinism",
    "--run",
    "3A",
    "--seed",
    "5",
  ]);
  t.is(twice.exitCode, 0, twice.stdout);
  t.is(twice.stdout.match(/^Test\w+: the same history twice, [0-9a-f]{16} \(passed\)$/gm)?.length, 3);
  t.regex(twice.stdout, /\nok: 3 passed, 0 failed\n$/);

  const cwd = await emptyFolder(t);
  const leak = "EventEmitter.turns = (EventEmitter.turns ?? 0) + 1; return EventEmitter.turns;";
  await writeFile(join(cwd, "raft.ts"), idleRaft(leak, 'import { EventEmitter } from "node:events";'));
  const differing = await whitewater(
    ["test", "--mode", "sim", "--check-determinism", "--run", "TestInitialElection3A", "--seed", "5"],
    { cwd },
  );
  t.is(differing.exitCode, 1);
  t.regex(
    differing.stdout,
    /^TestInitialElection3A: two runs from seed 5 differ\nThey part at event \d+:\n {2}both/m,
  );
  t.regex(differing.stdout, /^ {2}first run {3}\{.*"kind":"log".*"text":"1"\}$/m);
  t.regex(differing.stdout, /^ {2}second run {2}\{.*"kind":"log".*"text":"\d{2,}"\}$/m);
  t.regex(differing.stdout, /\nFAIL: 0 passed, 1 failed: TestInitialElection3A\n$/);
});

test.serial("--check-determinism tells a failure that comes twice as a failure", async (t) => {
  const { exitCode, stdout } = await whitewater(
    ["test", "--mode", "sim", "--check-determinism", "--run", "TestInitial", "--seed", "5", "--raft"].concat(
      "examples/eager/raft.ts",
    ),
  );
  t.is(exitCode, 1);
  t.regex(stdout, /^TestInitialElection3A: the same history twice, [0-9a-f]{16} \(failed\)\n--- FAIL: /m);
});

test.serial(
  "--trace writes a line that names the run, then its events, which are those of the history",
  async (t) => {
    const folder = await emptyFolder(t);
    const trace = join(folder, "trace.jsonl");
    const run = ["test", "--mode", "sim", "--run", "TestBasicAgree3B|TestInitialElection3A", "--seed", "5"];
    const { exitCode } = await whitewater([...run, "--trace", trace, "--jobs", "2"]);
    t.is(exitCode, 0);
    const lines = (await readFile(trace, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const starts = lines.flatMap(({ run }, at) => (run === undefined ? [] : [{ run, at }]));
    t.deepEqual(
      starts.map(({ run }) => run).sort((a, b) => a.name.localeCompare(b.name)),
      ["TestBasicAgree3B", "TestInitialElection3A"].map((name) => ({
        name,
        seed: 5,
        mode: "sim",
        schedule: "lively",
      })),
    );
    for (const { at } of starts) {
      const next = starts.find((other) => other.at > at)?.at ?? lines.length;
      const events = lines.slice(at + 1, next);
      t.deepEqual(
        events.map(({ seq }) => seq),
        events.map((_, seq) => seq),
      );
      t.true(events.every(({ atUs }, i) => Number.isInteger(atUs) && atUs >= (events[i - 1]?.atUs ?? 0)));
    }
    const kinds = new Set(lines.map(({ kind }) => kind));
    for (const kind of [
      "boot",
      "ready",
      "connect",
      "network",
      "send",
      "deliver",
      "handled",
      "outcome",
      "save",
    ]) {
      t.true(kinds.has(kind), kind);
    }
    for (const kind of ["apply", "start", "state", "step"]) t.true(kinds.has(kind), kind);
  },
);

test.serial("parity compares sim with lockstep and counts the pairs", async (t) => {
  const { exitCode, stdout } = await whitewater([
    "parity",
    "--run",
    "TestBasicAgree3B|Initial",
    "--seeds",
    "1..2",
  ]);
  t.is(exitCode, 0, stdout);
  t.deepEqual(stdout.trimEnd().split("\n"), [
    "whitewater: the reference Raft in sim and in lockstep, schedule lively, seeds 1..2",
    "TestInitialElection3A      2 of 2 seeds have one history",
    "TestBasicAgree3B           2 of 2 seeds have one history",
    "ok: 4 pairs compared, 0 differ",
  ]);
});

test.serial("parity prints the first event in which the modes differ", async (t) => {
  const cwd = await emptyFolder(t);
  const leak = "URL.prototype.turns = (URL.prototype.turns ?? 0) + 1; return URL.prototype.turns;";
  await writeFile(join(cwd, "raft.ts"), idleRaft(leak));
  const { exitCode, stdout } = await whitewater(["parity", "--run", "TestInitial", "--seeds", "3"], { cwd });
  t.is(exitCode, 1);
  t.regex(stdout, /^TestInitialElection3A seed 3: the two histories differ\nThey part at event \d+:$/m);
  t.regex(
    stdout,
    /^ {2}sim {7}\{.*"kind":"log".*"text":"\d+"\}\n {2}lockstep {2}\{.*"kind":"log".*"text":"1"\}$/m,
  );
  t.regex(stdout, /\nFAIL: 1 pair compared, 1 differ\n$/);
});

test.serial("parity says where a case failed alike in both modes", async (t) => {
  const cwd = await emptyFolder(t);
  await writeFile(join(cwd, "raft.ts"), idleRaft(""));
  const { exitCode, stdout } = await whitewater(["parity", "--run", "TestInitial", "--seeds", "3"], { cwd });
  t.is(exitCode, 0, stdout);
  t.regex(stdout, /\nok: 1 pair compared, 0 differ; the case failed in 1, alike in both modes\n$/);
});

test.serial("parity tells of a run that came to no end", async (t) => {
  const cwd = await emptyFolder(t);
  await writeFile(join(cwd, "raft.ts"), idleRaft("if (me === 1) for (;;);"));
  const { exitCode, stdout } = await whitewater(["parity", "--run", "TestInitial", "--seeds", "3"], { cwd });
  t.is(exitCode, 1);
  t.regex(stdout, /^in sim it came to no end \(stuck\): a single turn has run for 5 s/m);
});

for (const { args, says } of [
  {
    args: ["test", "--schedule", "calm"],
    says: "whitewater: --schedule is for virtual time; add --mode sim or --mode lockstep.",
  },
  {
    args: ["test", "--check-determinism"],
    says:
      "whitewater: --check-determinism is for virtual time; add --mode sim or --mode lockstep. " +
      "Real time never runs twice alike.",
  },
  {
    args: ["test", "--mode", "sim", "--check-determinism", "--trace", "x"],
    says: "whitewater: --check-determinism runs each case twice and --trace writes one run; use one of them.",
  },
]) {
  test.serial(`wrong usage: ${args.join(" ")}`, async (t) => {
    const { exitCode, stderr, stdout } = await whitewater(args);
    t.is(exitCode, 2);
    t.is(stderr, `${says}\n`);
    t.is(stdout, "");
  });
}

test.serial(
  "under a debugger, a breakpoint in raft.ts stops there, and virtual time stands still",
  async (t) => {
    const session = projectFile("tests/fixtures/virtual/debug-session.ts");
    const raft = await readFile(projectFile("src/raft/raft.ts"), "utf8");
    const line = raft.split("\n").findIndex((text) => text.includes('this.#role = "leader"')) + 1;
    t.true(line > 0);
    const flags = ["--experimental-websocket", "--no-warnings", "--import", "tsx"];
    const run = ["--import", "tsx", projectFile("src/cli/main.ts"), "test", "--mode", "sim"];
    const args = [
      ...flags,
      session,
      "raft.ts",
      `${line}`,
      ...run,
      "--run",
      "TestReElection3A",
      "--seed",
      "42",
    ];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: projectFile("."),
      timeout: 100_000,
    });
    const { sources, stops, exitCode, stdout: printed } = JSON.parse(stdout);
    t.true(sources.includes(new URL("../src/raft/raft.ts", import.meta.url).href), sources.join());
    for (const { place, virtualMs } of stops) {
      t.is(place, `raft.ts:${line}`);
      t.true(virtualMs[0] > 0);
      t.is(virtualMs[0], virtualMs[1]);
    }
    t.is(exitCode, 0);
    const undisturbed = await whitewater([
      "test",
      "--mode",
      "sim",
      "--run",
      "TestReElection3A",
      "--seed",
      "42",
    ]);
    t.is(printed, undisturbed.stdout);
  },
);

test.serial("a warning is told once in a command, however many cases give it", async (t) => {
  const run = ["test", "--mode", "sim", "--raft", "tests/fixtures/tamperer.ts", "--jobs", "1"];
  const cases = ["--run", "TestInitialElection3A|TestReElection3A", "--seed", "5"];
  for (const args of [[], ["--check-determinism"]]) {
    const { exitCode, stdout } = await whitewater([...run, ...cases, ...args]);
    t.is(exitCode, 0, stdout);
    t.is(stdout.match(/^ {2}warning: a peer has changed Array\.prototype\.boots, /gm)?.length, 1, stdout);
  }
});

test.serial(
  "--check-determinism finds what peers see of each other in sim, though it is gone at the end",
  async (t) => {
    const raft = ["--raft", "tests/fixtures/visitor.ts", "--run", "TestInitialElection3A", "--seed", "5"];
    const { exitCode, stdout } = await whitewater(["test", "--mode", "sim", "--check-determinism", ...raft]);
    t.is(exitCode, 1, stdout);
    t.regex(stdout, /two runs from seed 5 differ/);
    t.regex(stdout, /first run .*"visitor: 0"/);
    t.regex(stdout, /second run .*"visitor: undefined"/);
  },
);
