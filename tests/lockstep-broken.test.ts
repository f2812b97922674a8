/** The mode lockstep: however a raft.ts breaks, its case fails in words, and no thread is left. */
import test from "ava";
import { defineCase } from "../src/cases.js";
import { failureBlock } from "../src/harness/report.js";
import { loadProgram, type Program } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { HereRunner, type Runner } from "../src/stress/runner.js";
import { BROKEN_RAFTS, brokenRaft } from "./helpers/broken-rafts.js";
import { liveThreads } from "./helpers/live-threads.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, labCase, programOf, runIn } from "./helpers/virtual-runs.js";

const basicAgree = labCase("TestBasicAgree3B");

/** A little more than the 5 s of a stuck turn, the start of threads included, on a very busy machine. */
const FAILS_WITHIN_MS = 40_000;

async function withRunner<Result>(
  program: Program,
  run: (runner: Runner) => Promise<Result>,
): Promise<Result> {
  const runner = new HereRunner(program);
  try {
    return await run(runner);
  } finally {
    await runner.close();
  }
}

test.afterEach.always("no thread is left", (t) => t.is(liveThreads.size, 0));

for (const broken of BROKEN_RAFTS) {
  const { fixture, wrong, kind, peer, message, virtualMessage, stack, keepsThread } = broken;
  test.serial(`${wrong} fails the case as "${kind}", as on threads`, async (t) => {
    t.timeout(120_000);
    muteAva(t);
    await withRunner(await loadProgram(brokenRaft(fixture)), async (runner) => {
      const { result } = await runIn(runner, "lockstep", { definition: basicAgree });
      const shown = failureBlock(result, { mode: "lockstep" });
      // Where other programs keep the machine busy, 5 s may not suffice to take all that memory.
      const isTooSlow = kind === "exit" && result.error?.kind === "stuck";
      if (!isTooSlow) {
        t.is(result.error?.kind, kind, shown);
        t.regex(result.error?.message ?? "", virtualMessage ?? message, shown);
      }
      if (peer !== undefined) t.is(result.error?.peer, peer, shown);
      if (stack) t.regex(result.error?.stack ?? "", stack, shown);
      t.true(result.wallMs < FAILS_WITHIN_MS, `took ${result.wallMs} ms`);
      if (keepsThread) return;
      const { result: inSim } = await runIn(runner, "sim", { definition: basicAgree });
      t.is(result.history, inSim.history, "sim fails alike");
    });
  });
}

test.serial("endless microtasks are stopped, and told with their peer", async (t) => {
  t.timeout(120_000);
  const source = idleRaft(
    "if (me === 2) void spin();",
    "async function spin() { for (;;) await undefined; }",
  );
  const { result } = await withRunner(await programOf(t, source), (runner) => runIn(runner, "lockstep"));
  const shown = failureBlock(result, { mode: "lockstep" });
  t.like(result.error, { kind: "stuck", peer: 2 }, shown);
  t.regex(result.error?.message ?? "", /a single turn has run for 5 s of real time/);
  t.true(result.wallMs < FAILS_WITHIN_MS, `took ${result.wallMs} ms`);
});

test.serial("a case that awaits what never settles is a deadlock, told at once", async (t) => {
  const definition = defineCase({
    name: "TestNeverSettles",
    servers: 3,
    run: async (cfg) => {
      await cfg.sleep(100);
      await new Promise(() => {});
    },
  });
  const program = await loadProgram(REFERENCE_RAFT);
  const { result } = await withRunner(program, (runner) => runIn(runner, "lockstep", { definition }));
  t.is(result.error?.kind, "deadlock");
  t.regex(result.error?.details?.[0] ?? "", /^the case: its last step was /);
  t.is(result.error?.details?.length, 4, "the case, and each of the three servers");
  t.true((result.error?.atMs ?? 0) < 120, `${result.error?.atMs}`);
});

test.serial("after a peer that was stopped, the same threads' owner runs a good case", async (t) => {
  t.timeout(120_000);
  const source = `export const make = (peers, me) => ({
    start: () => { for (;;); },
    getState: () => ({ term: 1, isLeader: me === 0 }),
    kill: () => {},
  });`;
  await withRunner(await programOf(t, source), async (runner) => {
    const { result } = await runIn(runner, "lockstep", { definition: basicAgree });
    t.like(result.error, { kind: "stuck", peer: 1 });
    t.regex(result.error?.stack ?? "", /start \(raft\.ts:2:\d+\)/);
    const next = await runIn(runner, "lockstep", { definition: labCase("TestInitialElection3A") });
    t.is(next.result.status, "passed", failureBlock(next.result, { mode: "lockstep" }));
  });
});
