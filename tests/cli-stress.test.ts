/** `stress` and `merge` as processes. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { XMLValidator } from "fast-xml-parser";
import type { CampaignResults } from "../src/stress/results-file.js";
import { type CliOptions, emptyFolder, projectFile, stress, untilGone, whitewater } from "./helpers/cli.js";

/** The rows of a table without its last column, which the machine has a say in. */
const withoutRates = (stdout: string): readonly string[] =>
  (stdout.match(/^(all|Test\S+) {2,}.*\d$/gm) ?? []).map((row) => row.replace(/ +\S+$/, ""));

/** What was counted, without what the machine has a say in, and where it was kept. */
async function countsIn(file: string): Promise<Pick<CampaignResults, "cases" | "groups">> {
  const text = await readFile(file, "utf8");
  const { cases, groups } = JSON.parse(text, (key, value) =>
    key === "wallMs" || key === "bundle" ? 0 : value,
  ) as CampaignResults;
  return { cases, groups };
}

test.serial("wrong usage of stress, merge and replay exits with 2, before any run", async (t) => {
  const empty = await emptyFolder(t);
  const wrong = [
    { args: ["stress", "--shard", "1/2"], says: /^whitewater: --shard splits .*add --seeds 1\.\.1000/ },
    { args: ["stress", "--seeds", "1..2", "--iterations", "3"], says: /leave out --iterations/ },
    {
      args: ["stress", "--mode", "threads", "--schedule", "rough"],
      says: /^whitewater: --schedule is for virtual time; add --mode sim or --mode lockstep\.\n$/,
    },
    {
      args: ["stress", "--json", join(empty, "x"), "--junit", join(empty, "x")],
      says: /^whitewater: --json and --junit both name \S+; give each a file of its own\.\n$/,
    },
    { args: ["merge", join(empty, "no.json")], says: /^whitewater: \S+no\.json cannot be read: ENOENT/ },
    { args: ["replay", empty], says: /^whitewater: \S+ is no bundle: it has no bundle\.json/ },
  ];
  const runs = await Promise.all(wrong.map(({ args }) => whitewater(args)));
  for (const [i, { says }] of wrong.entries()) {
    t.is(runs[i]?.exitCode, 2);
    t.is(runs[i]?.stdout, "");
    t.regex(runs[i]?.stderr ?? "", says);
  }
});

test.serial("the shards of a campaign, merged, are the campaign: table, JSON and JUnit", async (t) => {
  const folder = await emptyFolder(t);
  const run = (name: string, args: readonly string[], options: CliOptions = {}) => {
    const files = ["json", "out"].flatMap((option) => [`--${option}`, join(folder, `${name}.${option}`)]);
    return stress("Quick|FailsAtTimes", ["--seeds", "1..9", ...files, ...args], options);
  };
  const whole = await run("whole", ["--junit", join(folder, "whole.xml")], {
    env: { GITHUB_ACTIONS: "true" },
  });
  const shards = await Promise.all([1, 2].map((i) => run(`shard${i}`, ["--shard", `${i}/2`])));
  t.deepEqual(
    [whole, ...shards].map(({ exitCode }) => exitCode),
    [1, 1, 1],
  );

  const [json, junit] = [join(folder, "sum.json"), join(folder, "sum.xml")];
  const files = [1, 2].map((i) => join(folder, `shard${i}.json`));
  const sum = await whitewater(["merge", ...files, "--json", json, "--junit", junit]);
  t.is(sum.exitCode, 1);
  t.is(withoutRates(sum.stdout).length, 3, sum.stdout);
  t.deepEqual(withoutRates(sum.stdout), withoutRates(whole.stdout));
  const bundle = /^ {4}or: {5}npx whitewater replay (\S+)$/m.exec(sum.stdout)?.[1] ?? "";
  t.is((await whitewater(["replay", bundle])).exitCode, 1, sum.stdout);
  t.regex(sum.stdout, /^5 of 18 runs failed \(28 %\), of one kind$/m);
  t.deepEqual(await countsIn(json), await countsIn(join(folder, "whole.json")));
  const withoutTimes = async (file: string) => (await readFile(file, "utf8")).replace(/ time="[^"]*"/g, "");
  const xml = await withoutTimes(junit);
  t.true(XMLValidator.validate(xml));
  t.is(xml, await withoutTimes(join(folder, "whole.xml")));

  const annotations = whole.stdout.split("\n").filter((line) => line.startsWith("::"));
  t.deepEqual(annotations, [
    "::error title=TestFailsAtTimes%3A 5 runs failed::check in TestFailsAtTimes: the dice say #%0Aseed 2: the dice say 5",
  ]);
});

test.serial("--bail: report and merge tell that the plan was not done, if it was not", async (t) => {
  const folder = await emptyFolder(t);
  const json = join(folder, "results.json");
  const args = ["--bail", "--jobs", "1", "--out", folder, "--json", json, "--seeds"];
  const early = await stress("FailsAtTimes", [...args, "1..9"]);
  t.regex(early.stdout, /^2 runs in .*, ended at a failure$/m);
  const { exitCode, stdout } = await whitewater(["merge", json]);
  t.is(exitCode, 1);
  t.regex(stdout, /^missing: TestFailsAtTimes, seeds 1\.\.9: interrupted at seed 2$/m);
  const whole = await stress("FailsAtTimes", [...args, "1..2"]);
  t.regex(whole.stdout, /^2 runs in [^,]*$/m);
});

test.serial("merge tells of a shard that is missing, and exits with 2 where nothing failed", async (t) => {
  const folder = await emptyFolder(t);
  const json = join(folder, "shard1.json");
  const shard = await stress("Quick", ["--seeds", "1..4", "--shard", "1/2", "--json", json, "--out", folder]);
  t.is(shard.exitCode, 0);
  const { exitCode, stdout } = await whitewater(["merge", json]);
  t.is(exitCode, 2);
  t.regex(stdout, /^missing: .*shard 2 of 2$/m);
});

for (const { what, signal, code } of [
  { what: "Ctrl-C", signal: "SIGINT", code: 130 },
  { what: "the end of the terminal", signal: "SIGHUP", code: 129 },
] as const) {
  test.serial(`${what} prints and writes what was found, exits with ${code}, leaves nothing`, async (t) => {
    const folder = await emptyFolder(t);
    const json = join(folder, "results.json");
    let interrupted: ChildProcess | undefined;
    const { exitCode, stdout } = await stress(
      "Quick|FailsAtTimes",
      ["--for", "1h", "--seed", "1", "--out", folder, "--json", json],
      {
        onOutput: (soFar, child) => {
          if (interrupted || !soFar.includes("TestFailsAtTimes-")) return;
          interrupted = child;
          process.kill(-Number(child.pid), signal); // as a terminal does, to all processes there
        },
      },
    );
    t.is(exitCode, code);
    const [, runs] = /^(\d+) runs in .*, interrupted$/m.exec(stdout) ?? [];
    t.regex(stdout, new RegExp(`^\\d+ of ${runs} runs failed \\(.* %\\), of one kind$`, "m"));
    const results = JSON.parse(await readFile(json, "utf8")) as CampaignResults;
    t.is(
      results.cases.reduce((sum, one) => sum + one.runs, 0),
      Number(runs),
    );
    t.true(results.parts[0]?.isInterrupted);
    if (interrupted) await untilGone(t, interrupted);
  });
}

test.serial("Ctrl-C while a failure is examined: it is told as it is, and kept", async (t) => {
  const out = await emptyFolder(t);
  let isInterrupted = false;
  const args = ["--mode", "threads", "--seeds", "1", "--out", out];
  const { exitCode, stdout } = await stress("FailsSlowly", args, {
    onOutput: (soFar, child) => {
      if (isInterrupted || soFar.split("it begins").length <= 2) return; // the second run is in virtual time
      isInterrupted = true;
      child.kill("SIGINT");
    },
  });
  t.is(exitCode, 130, stdout);
  const bundle = join(out, "failures", "TestFailsSlowly-1-threads");
  t.true(stdout.includes(`TestFailsSlowly seed 1: it is slow to fail\n  ${bundle}\n`), stdout);
  t.true(stdout.includes(`    or:     npx whitewater replay ${bundle}\n`), stdout);
  t.notRegex(stdout, /Verdict/);
});

test.serial("progress is a line every few seconds where there is no terminal; --quiet: none", async (t) => {
  const out = await emptyFolder(t);
  const args = ["--for", "6s", "--out", out, "--jobs", "1"];
  const [shown, quiet] = await Promise.all([stress("Quick", args), stress("Quick", [...args, "--quiet"])]);
  t.regex(shown.stderr, /^(\d+ runs?, [\d.]+\/s, 0 failed, \d+m?s left(, TestQuick)?\n)+$/);
  t.is(quiet.stderr, "");
  for (const { exitCode, stdout } of [shown, quiet]) {
    t.is(exitCode, 0);
    t.regex(stdout, /^no failure in \d+ runs?: /m); // how many, a busy machine decides
  }
});

test.serial("warnings are told once in a campaign, and counted in its report and its files", async (t) => {
  const out = await emptyFolder(t);
  const [json, junit] = [join(out, "results.json"), join(out, "results.xml")];
  const raft = ["--raft", "tests/fixtures/unread.ts", "--run", "TestInitialElection3A"];
  const args = [...raft, "--seeds", "1..3", "--out", out, "--json", json, "--junit", junit];
  const { exitCode, stdout } = await whitewater(["stress", ...args]);
  t.is(exitCode, 0, stdout);
  const warning = /The checkers of Raft's rules miss "term" in the arguments of Raft\.requestVote\./;
  t.is(stdout.match(new RegExp(`^warning: ${warning.source}`, "gm"))?.length, 1, stdout);
  t.regex(stdout, new RegExp(`^Warning, in 3 runs: ${warning.source}`, "m"));
  const { cases } = JSON.parse(await readFile(json, "utf8")) as CampaignResults;
  t.regex(cases[0]?.warnings.find(({ text }) => text.includes("requestVote"))?.text ?? "", warning);
  t.is(cases[0]?.warnings[0]?.runs, 3);
  t.regex(await readFile(junit, "utf8"), /warning, in 3 runs: The checkers/);
});

test.serial("a run that takes all memory costs no other run its result", async (t) => {
  const out = await emptyFolder(t);
  const args = ["--seed", "3", "--iterations", "1", "--jobs", "2", "--out", out];
  const { exitCode, stdout } = await stress("Quick|FailsAtTimes|PeerHoards", args);
  t.is(exitCode, 1);
  const counts = withoutRates(stdout).map((row) => row.split(/ +/).slice(0, 3));
  t.deepEqual(counts.sort(), [
    ["TestFailsAtTimes", "1", "0"],
    ["TestPeerHoards", "1", "1"],
    ["TestQuick", "1", "0"],
    ["all", "3", "1"],
  ]);
});

test.serial(
  "a process that is killed while it loads a file of cases leaves nothing of it behind",
  async (t) => {
    const cwd = await emptyFolder(t);
    await writeFile(join(cwd, "cases.ts"), KILLED_WHILE_IT_LOADS);
    const args = ["--cases", "cases.ts", "--run", "TestMine", "--seeds", "1", "--jobs", "1"];
    const { stdout } = await whitewater(["stress", ...args], { cwd });
    t.regex(stdout, /^TestMine seed 1: the process of the run was ended from outside, by SIGKILL/m);
    const [, url = ""] = /^it lies at (file:.*)$/m.exec(stdout) ?? [];
    t.false(existsSync(dirname(fileURLToPath(url))));
  },
);

/** Told before the source map has a say: where the bundle of the file lies. */
const KILLED_WHILE_IT_LOADS = `
  Error.prepareStackTrace = (_, [site]) => site.getFileName();
  if (process.send) {
    fs.writeSync(1, \`it lies at \${new Error().stack}\\n\`);
    process.kill(process.pid, "SIGKILL");
  }
  import fs from "node:fs";
  export const mine = { name: "TestMine", part: "own", title: "mine", servers: 1, run: async () => {} };
`;

test.serial("where files cannot be written, that is told, and the results are printed", async (t) => {
  const out = await emptyFolder(t);
  await writeFile(join(out, "failures"), "in the way of the bundles");
  await symlink("/dev/full", join(out, "full"));
  const args = ["--out", out, "--json", "/dev/full", "--junit", join(out, "full"), "--seed", "2", "--quiet"];
  const [failing, passing] = await Promise.all([
    stress("FailsAtTimes", [...args, "--iterations", "1"]),
    stress("Quick", [...args, "--iterations", "4"]),
  ]);
  const reasons = /^(whitewater: the results could not be written to \S+full: ENOSPC: .*\n){2}$/;
  t.is(failing.exitCode, 2, "although a run failed: the file would have told how many did");
  t.regex(
    failing.stdout,
    /^whitewater: bundles cannot be written to \S+: \w+: .*The campaign goes on without/m,
  );
  t.regex(failing.stdout, /^1 of 1 run failed \(100 %\), of one kind$/m);
  t.regex(failing.stderr, reasons);
  t.is(passing.exitCode, 2);
  t.regex(passing.stdout, /^no failure in 4 runs: /m);
  t.regex(passing.stderr, reasons);
});

test.serial("a raft.ts that cannot be bundled gives no campaign: exit code 2, and no results", async (t) => {
  const cwd = await emptyFolder(t);
  await writeFile(join(cwd, "raft.ts"), "export const make = (( => {};\n");
  const args = ["stress", "--iterations", "1", "--json", "results.json"];
  const { exitCode, stdout, stderr } = await whitewater(args, { cwd });
  t.is(exitCode, 2);
  t.is(stdout, "");
  t.regex(stderr, /^whitewater: raft\.ts does not load:\n/);
  t.false(existsSync(join(cwd, "results.json")));
});

test.serial("an error of our own costs nothing that was found, and is told from a failed run", async (t) => {
  const cwd = await emptyFolder(t);
  // The file of cases is the one thing that a test can bring into the campaign's own process.
  const cases = `export * from ${JSON.stringify(projectFile("tests/fixtures/stress/cases.ts"))};
    if (!process.send) setTimeout(() => { throw new RangeError("ours"); }, 4000);\n`;
  await writeFile(join(cwd, "cases.ts"), cases);
  const args = ["--cases", "cases.ts", "--run", "^TestQuick$", "--for", "1h", "--json", "results.json"];
  const { exitCode, stdout, stderr } = await whitewater(["stress", ...args], { cwd });
  t.is(exitCode, 70, stderr);
  t.regex(stderr, /RangeError: ours/);
  const [, runs] = /^(\d+) runs? in .*, interrupted$/m.exec(stdout) ?? [];
  const { cases: tallies } = JSON.parse(await readFile(join(cwd, "results.json"), "utf8")) as CampaignResults;
  t.is(tallies[0]?.runs, Number(runs));
});

test.serial("a failure on threads comes with its verdict", async (t) => {
  const out = await emptyFolder(t);
  const { exitCode, stdout } = await stress("FailsSlowly", [
    "--mode",
    "threads",
    "--seeds",
    "1",
    "--out",
    out,
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, /^TestFailsSlowly seed 1: it is slow to fail \[liveness\]$/m);
  t.regex(
    stdout,
    /^ {4}Verdict: liveness\n {6}in virtual time TestFailsSlowly fails with 20 of 20 seeds: it is slow to fail\n/m,
  );
  t.regex(
    stdout,
    /^ {6}in virtual time, given 10 times the lab's limits, TestFailsSlowly fails with 3 of 3 /m,
  );
});

test.serial("a run whose process is ended from outside is the machine's doing", async (t) => {
  const out = await emptyFolder(t);
  let isKilled = false;
  const { stdout } = await stress("CaseTellsAndLoops", ["--mode", "threads", "--seeds", "1", "--out", out], {
    onOutput: (soFar, child) => {
      if (isKilled || !soFar.includes("it loops")) return;
      isKilled = true;
      const runs = execFileSync("pgrep", ["-P", String(child.pid), "-f", "run-process"], {
        encoding: "utf8",
      });
      for (const pid of runs.trim().split("\n")) process.kill(Number(pid), "SIGKILL");
    },
  });
  t.regex(stdout, /ended from outside, by SIGKILL, as by a system that has no memory left \[machine\]$/m);
  t.regex(
    stdout,
    /^ {4}Verdict: machine\n.*\n {6}how late the router's event loop was is not known; the load/m,
  );
});

test.serial(
  "a campaign that is killed leaves no process behind, not even one whose case loops",
  async (t) => {
    const out = await emptyFolder(t);
    const args = ["--mode", "threads", "--iterations", "1", "--seed", "1", "--out", out];
    let campaign: ChildProcess | undefined;
    const { stdout } = await stress("CaseTellsAndLoops", args, {
      onOutput: (text, child) => {
        campaign = child;
        if (text.includes("it loops")) child.kill("SIGKILL");
      },
    });
    t.regex(stdout, /it loops from here on/);
    if (campaign) await untilGone(t, campaign);
  },
);
