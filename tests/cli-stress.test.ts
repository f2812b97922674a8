/** `stress`, `merge` and `replay` as processes. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { XMLValidator } from "fast-xml-parser";
import type { Bundle } from "../src/stress/bundle.js";
import type { CampaignResults } from "../src/stress/results-file.js";
import {
  type CliOptions,
  emptyFolder,
  projectFile,
  untilGone,
  WHITEWATER,
  whitewater,
} from "./helpers/cli.js";

/** A campaign of cases that go well, or wrong, in quick and known ways. */
const stress = (pattern: string, args: readonly string[], options: CliOptions = {}) => {
  const fixtures = [
    "--cases",
    "tests/fixtures/stress/cases.ts",
    "--raft",
    "tests/fixtures/stress/obedient.ts",
  ];
  return whitewater(["stress", ...fixtures, "--run", `^Test(${pattern})$`, ...args], options);
};

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
          if (interrupted || !soFar.includes("TestFailsAtTimes-5")) return;
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
    t.regex(stdout, /^no failure in (\d+) runs: the failure rate is below 3\/\1 = .* with 95 % confidence$/m);
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

test.serial("where files cannot be written, that is told, and the results are printed", async (t) => {
  const out = await emptyFolder(t);
  await writeFile(join(out, "failures"), "in the way of the bundles");
  await symlink("/dev/full", join(out, "full"));
  const args = ["--out", out, "--json", "/dev/full", "--junit", join(out, "full"), "--seed", "2"];
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

test.serial("a failure's bundle has it again, whatever has become of raft.ts since", async (t) => {
  const cwd = await emptyFolder(t);
  const raft = join(cwd, "raft.ts");
  await copyFile(projectFile("examples/eager/raft.ts"), raft);
  const found = await whitewater(["stress", "--run", "TestInitialElection3A", "--seeds", "7"], { cwd });
  t.is(found.exitCode, 1);
  const bundle = join("whitewater-runs", "failures", "TestInitialElection3A-7");
  t.true(found.stdout.includes(`    or:     npx whitewater replay ${bundle}\n`), found.stdout);
  const { result } = JSON.parse(await readFile(join(cwd, bundle, "bundle.json"), "utf8")) as Bundle;

  const [, failure = ""] = /^(--- FAIL: [\s\S]*?)\n {4}Replay: /m.exec(found.stdout) ?? [];
  const isSame = ({ exitCode, stdout }: Awaited<ReturnType<typeof whitewater>>): void => {
    t.is(exitCode, 1, stdout);
    t.true(stdout.includes(failure), `${stdout}\nhas not\n${failure}`);
    t.regex(stdout, new RegExp(`^The same failure, at the same event: history ${result.history}\\.$`, "m"));
  };
  const replay = (...args: string[]) => whitewater(["replay", bundle, ...args], { cwd });
  const unchanged = await Promise.all([replay(), replay("--mode", "lockstep")]);
  const fileNamed = await whitewater(["replay", join(bundle, "bundle.json")], { cwd });
  for (const run of [...unchanged, fileNamed]) {
    isSame(run);
    t.notRegex(run.stdout, /has changed/);
  }
  t.regex(unchanged[1].stdout, /^ {4}Replay: npx whitewater replay \S+ --mode lockstep$/m);

  let waiting: ChildProcess | undefined;
  const inspected = await whitewater(["replay", bundle, "--inspect"], {
    cwd,
    onOutput: (soFar, child) => {
      if (waiting || !soFar.includes("waiting for a debugger")) return;
      waiting = child;
      child.kill("SIGINT");
    },
  });
  t.truthy(waiting, inspected.stdout);
  t.is(inspected.exitCode, null, "Ctrl-C ends it by the signal itself, while it waits for a debugger");

  const reference = JSON.stringify(projectFile("src/raft/raft.ts"));
  await writeFile(raft, `export { make } from ${reference};\n`);
  const [recorded, now] = await Promise.all([replay(), replay("--as-now")]);
  isSame(recorded);
  t.regex(recorded.stdout, /^raft\.ts has changed since: this is the one that failed\./m);
  t.is(now.exitCode, 0, now.stdout);
  t.regex(now.stdout, /^It passes now; recorded was: safety in TestInitialElection3A: /m);
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

test.serial("a peer's own fault on threads needs no verdict, and replays in sim", async (t) => {
  const out = join(await emptyFolder(t), "a folder");
  const { exitCode, stdout } = await stress("PeerThrows", [
    "--mode",
    "threads",
    "--seeds",
    "5",
    "--out",
    out,
  ]);
  t.is(exitCode, 1);
  t.regex(stdout, /^TestPeerThrows seed 5: start threw: RangeError: as it was told$/m);
  t.regex(stdout, /^ {6}no verdict is needed: raft\.ts, or the case, is at fault in itself$/m);
  t.notRegex(stdout, /Verdict/);
  const again = await whitewater([
    "replay",
    join(out, "failures", "TestPeerThrows-5-threads"),
    "--mode",
    "sim",
  ]);
  t.is(again.exitCode, 1);
  t.regex(again.stdout, /^ {4}Replay: npx whitewater replay ".*a folder.*" --mode sim$/m);
  t.regex(again.stdout, /^The same kind of failure\.$/m);
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

test.serial("--inspect: a debugger that attaches as soon as it can lets the run go on", async (t) => {
  const cwd = await emptyFolder(t);
  await copyFile(projectFile("examples/eager/raft.ts"), join(cwd, "raft.ts"));
  await whitewater(["stress", "--run", "TestInitialElection3A", "--seeds", "7"], { cwd });
  const bundle = join("whitewater-runs", "failures", "TestInitialElection3A-7");
  for (const port of [undefined, 9229]) {
    const squatter = port === undefined ? undefined : await listenAt(port);
    let isAttached = false;
    const { exitCode, stdout, stderr } = await whitewater(["replay", bundle, "--inspect"], {
      cwd,
      onError: (soFar) => {
        const [url] = /ws:\S+/.exec(soFar) ?? [];
        if (url === undefined || isAttached) return;
        isAttached = true;
        letRun(url);
      },
    });
    squatter?.close();
    t.is(exitCode, 1, stdout + stderr);
    t.regex(
      stdout,
      /^whitewater: waiting for a debugger[^\n]*chrome:\/\/inspect[^\n]*\nwhitewater: TestInitial/,
    );
    t.regex(stdout, /^The same failure, at the same event: /m);
    if (squatter) {
      t.regex(stdout, /port 9229 is taken/);
      t.notRegex(stderr, /:9229/);
    }
  }
});

test.serial("a bundle of a user's case tells when the case has changed since", async (t) => {
  const cwd = await emptyFolder(t);
  const casesWith = (message: string): string => `
    export const mine = {
      name: "TestMine", part: "own", title: "Test (own): mine", servers: 1,
      run: async (cfg) => { throw cfg.fail(${JSON.stringify(message)}); },
    };\n`;
  await writeFile(join(cwd, "cases.ts"), casesWith("as it was"));
  await whitewater(["stress", "--cases", "cases.ts", "--run", "TestMine", "--seeds", "1"], { cwd });
  const replay = () => whitewater(["replay", join("whitewater-runs", "failures", "TestMine-1")], { cwd });
  t.notRegex((await replay()).stdout, /has changed/);
  await writeFile(join(cwd, "cases.ts"), casesWith("as it is now"));
  const { stdout } = await replay();
  t.regex(stdout, /^cases\.ts has changed since: TestMine may be another case than the one that failed\.$/m);
  t.regex(stdout, /^Another failure; recorded was: check in TestMine: as it was\.$/m);
});

test.serial("a rule that a run on threads has broken is the same failure in virtual time", async (t) => {
  const out = await emptyFolder(t);
  const raft = ["--raft", "tests/fixtures/broken/applies-out-of-order.ts", "--run", "TestBasicAgree3B"];
  const { stdout } = await whitewater(["stress", ...raft, "--mode", "threads", "--seeds", "1", "--out", out]);
  t.regex(stdout, /^Failure 1, in 1 run: safety in TestBasicAgree3B: apply-order, safety$/m);
  const bundle = join(out, "failures", "TestBasicAgree3B-1-threads");
  for (const mode of ["sim", "threads"]) {
    const again = await whitewater(["replay", bundle, "--mode", mode]);
    t.regex(again.stdout, /^The same kind of failure\.$/m);
  }
});

/** Something that holds the port; nobody may, or something that did already. */
async function listenAt(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await Promise.race([once(server, "listening"), once(server, "error")]).catch(() => {});
  return server;
}

/** Attaches to Node's inspector and tells it what a debugger does once it is ready, as one frame of a WebSocket. */
function letRun(url: string): void {
  const headers = {
    ...{ Connection: "Upgrade", Upgrade: "websocket" },
    ...{ "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": Buffer.alloc(16).toString("base64") },
  };
  const text = Buffer.from(JSON.stringify({ id: 1, method: "Runtime.runIfWaitingForDebugger" }));
  get(url.replace("ws:", "http:"), { headers }).on("upgrade", (_, socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.destroy()); // answered: Node would wait for it at its end
    socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]));
  });
}

/**
 * Runs what a container of the Kubernetes Job does, in a folder like the one its image has.
 * @param seeds in place of the campaign's
 * @param onStart told of the container's first process when the campaign has begun
 * @returns its exit code, and what it left in the volume
 */
async function runPod(
  t: ExecutionContext,
  { raft, seeds, onStart = () => {} }: PodOptions,
): Promise<{ exitCode: number | null; results: CampaignResults | undefined }> {
  const app = await emptyFolder(t);
  await writeFile(join(app, "raft.ts"), raft);
  const bin = join(app, "node_modules", ".bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, "whitewater"), `#!/bin/sh\nexec ${WHITEWATER.join(" ")} "$@"\n`, { mode: 0o755 });
  const manifest = await readFile(projectFile("examples/kubernetes/stress-job.yaml"), "utf8");
  const [, script = ""] = /^ +- \|\n((?: {14}.*\n)+)/m.exec(manifest) ?? [];
  const words = script.replaceAll("/results", app).replace("1..100000", seeds);
  const pod = spawn("/bin/sh", ["-c", words], {
    cwd: app,
    env: { ...process.env, SHARDS: "16", JOB_COMPLETION_INDEX: "2" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  pod.stdout.once("data", () => onStart(pod));
  const [exitCode] = (await once(pod, "close")) as [number | null];
  const file = join(app, "shard2.json");
  const results = existsSync(file) ? JSON.parse(await readFile(file, "utf8")) : undefined;
  return { exitCode, results };
}

interface PodOptions {
  readonly raft: string;
  readonly seeds: string;
  readonly onStart?: (pod: ChildProcess) => void;
}

const shownBy = async (example: string) => await readFile(projectFile(`examples/${example}/raft.ts`), "utf8");

test.serial("a pod of the Kubernetes Job runs its shard, and ends well although runs fail", async (t) => {
  const { exitCode, results } = await runPod(t, { raft: await shownBy("eager"), seeds: "1..19" });
  t.is(exitCode, 0);
  t.deepEqual(results?.parts[0]?.plan, { first: 1, last: 19, shard: { index: 3, of: 16 } });
  t.is(results?.cases.length, 21 + 15, "the lab's, and those beside them");
  for (const { name, runs, failed } of results?.cases ?? []) t.deepEqual([runs, failed], [2, 2], name);
});

test.serial(
  "a pod whose raft.ts cannot be bundled does not end well: its shard has no results",
  async (t) => {
    const { exitCode, results } = await runPod(t, {
      raft: "export const make = (( => {};\n",
      seeds: "1..19",
    });
    t.is(exitCode, 1);
    t.is(results, undefined);
  },
);

test.serial("a pod that is taken away writes what it has found, and does not end well", async (t) => {
  const raft = await shownBy("smallest");
  const { exitCode, results } = await runPod(t, {
    raft,
    seeds: "1..100000",
    onStart: (pod) => pod.kill("SIGTERM"),
  });
  t.is(exitCode, 1);
  t.true(results?.parts[0]?.isInterrupted);
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
