import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import type { CaseDefinition } from "../src/harness/case.js";
import { allCases, bundleCases } from "../src/lab/cases-file.js";
import { loadProgram } from "../src/peer/program.js";
import { ProcessPool, type ProcessPoolOptions } from "../src/stress/process-pool.js";
import { RunPool } from "../src/stress/run-pool.js";
import type { RunManner, Runner, RunReport } from "../src/stress/runner.js";
import { IN_SIM } from "./helpers/campaigns.js";
import { emptyFolder, projectFile } from "./helpers/cli.js";

const casesFile = await bundleCases(projectFile("tests/fixtures/stress/cases.ts"));
const program = await loadProgram(projectFile("tests/fixtures/stress/obedient.ts"));
const cases = await allCases(casesFile);

const caseNamed = (name: string): CaseDefinition => {
  const found = cases.find((one) => one.name === name);
  if (!found) throw new Error(`there is no ${name}`);
  return found;
};

/** One whose peers are on the thread of the run, and one of the two, alike in this, that give them threads. */
const MODES = ["sim", "threads"] as const;

const run = (pool: Runner, name: string, mode: RunManner["mode"], seed = 1): Promise<RunReport> =>
  pool.run(caseNamed(name), seed, { mode, schedule: "lively", check: true }, () => {});

function processPool(t: ExecutionContext, options: Partial<ProcessPoolOptions> = {}): ProcessPool {
  const pool = new ProcessPool({ program, casesFile, processes: 2, ...options });
  t.teardown(() => pool.close());
  return pool;
}

/** What a run gone wrong must come to. What takes too much memory may be busy with that for too long instead. */
const DISASTERS = [
  { name: "TestPeerExits", kind: /^exit$/, message: /process\.exit\(3\)|exit code 3/, peer: 1 },
  { name: "TestPeerThrows", kind: /^start$/, message: /RangeError: as it was told/, peer: 1 },
  {
    name: "TestPeerLoops",
    kind: /^stuck$/,
    message: / for 5 s/,
    peer: 1,
    stack: /loop \(.*obedient\.ts:\d+/,
  },
  { name: "TestPeerHoards", kind: /^(exit|stuck)$/, message: /memory| for (5|10) s/ },
  {
    name: "TestCaseExits",
    kind: /^exit$/,
    message: /ended its (thread|process), with exit code 7: does the case/,
  },
  { name: "TestCaseLoops", kind: /^stuck$/, message: /^the case has kept its thread busy for (5|10) s/ },
  { name: "TestCaseThrowsAside", kind: /^exit$/, message: /exit code 1|thrown aside/ },
];

for (const mode of MODES) {
  test.serial(
    `${mode}: a run that hangs, takes all memory, exits or dies is a failure with its seed`,
    async (t) => {
      const pool = processPool(t);
      const reports = await Promise.all(DISASTERS.map(({ name }, i) => run(pool, name, mode, 100 + i)));
      for (const [i, { name, kind, message, peer, stack }] of DISASTERS.entries()) {
        const { result } = reports[i] ?? t.fail(name);
        const told = JSON.stringify(result.error);
        t.like({ ...result, error: undefined }, { name, status: "failed", seed: 100 + i, peers: 2 });
        t.regex(result.error?.kind ?? "", kind, `${name}: ${told}`);
        t.regex(result.error?.message ?? "", message, `${name}: ${told}`);
        if (peer !== undefined) t.is(result.error?.peer, peer, `${name}: ${told}`);
        if (stack) t.regex(result.error?.stack ?? "", stack, `${name}: ${told}`);
      }
      const after = await Promise.all([1, 2].map((seed) => run(pool, "TestQuick", mode, seed)));
      t.deepEqual(
        after.map(({ result }) => result.status),
        ["passed", "passed"],
      );
      await pool.close();
      t.is(await ownProcesses(), 0);
    },
  );
}

/** How many processes this one has begun and not seen end. */
async function ownProcesses(): Promise<number> {
  await sleep(1); // Node counts one that has just ended until its event loop comes round
  return process.getActiveResourcesInfo().filter((resource) => resource === "ProcessWrap").length;
}

test.serial("a case that ends its process leaves its last words with the failure", async (t) => {
  const { result, isBrokenOff } = await run(processPool(t), "TestCaseThrowsAside", "threads");
  t.true(isBrokenOff);
  t.true(
    result.error?.details?.some((line) => line.includes("RangeError: thrown aside")),
    `${result.error?.details}`,
  );
  t.true(result.error?.details?.some((line) => /cases\.ts:\d+/.test(line)));
});

for (const mode of MODES) {
  test.serial(`${mode}: memory beside the heap has its limit too`, async (t) => {
    const pool = processPool(t, { maxRssMiB: 450 });
    const { result } = await run(pool, "TestPeerHoardsBytes", mode);
    t.is(result.error?.kind, "exit", JSON.stringify(result.error));
    t.regex(
      result.error?.message ?? "",
      /^the run ran out of memory: it has 450 MiB for all its peers\. What do they keep/,
    );
  });
}

test.serial("what a case leaves behind that throws later is no failure of the next run in sim", async (t) => {
  for (const pool of [processPool(t), new RunPool({ program, casesFile, threads: 1 })]) {
    t.is((await run(pool, "TestLeavesThrower", "sim")).result.status, "passed");
    await sleep(1500);
    t.is((await run(pool, "TestQuick", "sim")).result.status, "passed");
    await pool.close();
  }
});

test.serial("a run for which no thread can be started is a failure, and so is the next", async (t) => {
  for (const isBooted of [false, true]) {
    const pool = new RunPool({ program, casesFile, threads: 1, heapMiB: 1 });
    t.teardown(() => pool.close());
    if (isBooted) pool.boot();
    for (const seed of [1, 2]) {
      const { result } = await run(pool, "TestQuick", "sim", seed);
      t.regex(result.error?.message ?? "", /^no thread could be started for the run: .*memory/);
    }
  }
});

test.serial(
  "a process makes one run after another, and the same seed gives the same history in all",
  async (t) => {
    const pool = processPool(t);
    const [first, second, elsewhere] = [
      await run(pool, "TestFailsAtTimes", "sim", 5),
      await run(pool, "TestFailsAtTimes", "sim", 5),
      await run(processPool(t), "TestFailsAtTimes", "lockstep", 5),
    ];
    t.regex(first.result.history ?? "", /^[0-9a-f]{16}$/);
    t.is(second.result.history, first.result.history);
    t.is(elsewhere.result.history, first.result.history);
    t.is(await ownProcesses(), 2);
  },
);

test.serial(
  "a pool that is closed while runs go on gives them up as failures, and leaves no process",
  async (t) => {
    const pool = processPool(t);
    const going = [run(pool, "TestSlow", "threads"), run(pool, "TestPeerLoops", "sim")];
    await sleep(1500);
    await pool.close();
    t.is(await ownProcesses(), 0);
    for (const { result } of await Promise.all(going)) {
      t.is(result.status, "failed");
      t.regex(result.error?.message ?? "", /was ended from outside, by SIGKILL/);
    }
  },
);

test.serial(
  "what becomes of a file of cases is nothing to the runs of a campaign that goes on",
  async (t) => {
    const file = join(await emptyFolder(t), "cases.ts");
    const text = `export const mine = { name: "TestMine", part: "own", title: "mine", servers: 1, run: async () => {} };`;
    await writeFile(file, text);
    const own = await bundleCases(file);
    const mine = (await allCases(own)).find(({ name }) => name === "TestMine");
    await writeFile(file, "export const mine = {");
    const { result } = await processPool(t, { casesFile: own }).run(
      mine ?? caseNamed("TestQuick"),
      1,
      IN_SIM,
      () => {},
    );
    t.is(result.name, "TestMine");
    t.is(result.status, "passed", result.error?.message);
  },
);
