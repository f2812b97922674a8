import test from "ava";
import type { CaseDefinition } from "../src/harness/case.js";
import type { Config } from "../src/harness/config.js";
import { type RunOptions, runCase } from "../src/harness/runner.js";
import { ScriptedRuntime, type ScriptOptions } from "./helpers/scripted-peers.js";

function caseOf(run: (cfg: Config) => Promise<void>, unreliable = false): CaseDefinition {
  return { name: "TestMine", part: "own", title: "Test (own): mine", servers: 3, unreliable, run };
}

/** Runs a case over scripted peers, while `forMs` of time go by. */
async function runFor(
  forMs: number,
  definition: CaseDefinition,
  { script, ...options }: Pick<ScriptOptions, "script"> & Partial<RunOptions> = {},
) {
  const runtime = new ScriptedRuntime(script ? { script } : {});
  const running = runCase(definition, { seed: 9, ...options, runtime });
  await runtime.clock.advance(forMs);
  return { runtime, result: await running };
}

test("a case that passes gives what it used since begin", async (t) => {
  const { runtime, result } = await runFor(
    5000,
    caseOf(async (cfg) => {
      await cfg.sleep(1500);
      await cfg.start(0, 5);
      runtime0().apply(1, 5);
      await cfg.sleep(750);
    }),
    {
      onConfig: (cfg) => {
        t.is(cfg.n, 3);
      },
      script: (peer) => {
        if (peer.spec.peer === 0) booted = peer;
      },
    },
  );
  const { wallMs, history, ...rest } = result;
  t.true(wallMs > 0);
  t.regex(history ?? "", /^[0-9a-f]{16}$/, "virtual time has a history");
  t.deepEqual(rest, {
    name: "TestMine",
    part: "own",
    title: "Test (own): mine",
    status: "passed",
    seconds: 2.25,
    peers: 3,
    rpcs: 0,
    bytes: 0,
    commits: 1,
    seed: 9,
  });
  t.true(runtime.isClosed);
  t.is(runtime.clock.timerCount, 0);
});

let booted: ScriptedRuntime["booted"][number] | undefined;
function runtime0(): ScriptedRuntime["booted"][number] {
  if (!booted) throw new Error("peer 0 was not booted");
  return booted;
}

test("a failed check is in the result, with the stack that leads to the case, and ends every peer", async (t) => {
  const { runtime, result } = await runFor(6000, caseOf(failingSteps));
  t.is(result.status, "failed");
  t.like(result.error, { kind: "check", message: "expected one leader, got none" });
  t.regex(result.error?.stack ?? "", /failingSteps/);
  t.true(runtime.isClosed);
  t.true(runtime.booted.every(({ isTerminated }) => isTerminated));
  t.is(runtime.clock.timerCount, 0);
});

async function failingSteps(cfg: Config): Promise<void> {
  await cfg.checkOneLeader();
}

test("a fault ends the run at once, though the case waits for something else", async (t) => {
  const { result } = await runFor(
    50,
    caseOf(() => new Promise(() => {})),
    {
      script: (peer) => {
        if (peer.spec.peer === 2)
          peer.say({ kind: "fault", fault: { kind: "exit", message: "process.exit(1)" } });
      },
    },
  );
  t.like(result.error, { kind: "exit", message: "process.exit(1)", peer: 2, atMs: 0 });
  t.is(result.error?.stack, undefined);
});

test("a peer that does not load fails the case before its steps", async (t) => {
  const titles: string[] = [];
  const { result } = await runFor(
    50,
    caseOf(async () => t.fail("the steps ran")),
    {
      onTitle: (title) => titles.push(title),
      script: (peer) => {
        peer.getsReady = false;
        peer.say({ kind: "fault", fault: { kind: "load", message: "no make" } });
      },
    },
  );
  t.like(result.error, { kind: "load", message: "no make", peer: 0 });
  t.deepEqual(titles, ["Test (own): mine"]);
});

test("an error in the case's own code fails the case, with its stack", async (t) => {
  const { result } = await runFor(
    50,
    caseOf(async () => {
      throw new TypeError("not a function");
    }),
  );
  t.like(result.error, { kind: "case", message: "TypeError: not a function" });
  t.regex(result.error?.stack ?? "", /harness-runner\.test/);
});

test("a case whose background activity failed has failed, though its steps went through", async (t) => {
  const { result } = await runFor(
    50,
    caseOf(async (cfg) => {
      void cfg.background(async () => {
        throw new Error("client failed");
      });
      await cfg.sleep(10);
    }),
  );
  t.like(result.error, { kind: "case", message: "Error: client failed" });
});

test("a case that never ends fails after 120 s", async (t) => {
  const { result } = await runFor(
    121_000,
    caseOf(() => new Promise(() => {})),
  );
  t.like(result.error, { kind: "timeout", atMs: 120_000 });
  t.is(result.seconds, 120);
});

test("an unreliable case starts on an unreliable network with long delays", async (t) => {
  const settings: unknown[] = [];
  const trace: RunOptions["trace"] = { record: (event) => event.kind === "network" && settings.push(event) };
  await runFor(
    50,
    caseOf(async () => {}, true),
    { trace },
  );
  t.deepEqual(settings, [
    { kind: "network", setting: "reliable", on: false },
    { kind: "network", setting: "longDelays", on: true },
  ]);
});

test("warnings and log lines are told, and fail nothing", async (t) => {
  const told: string[] = [];
  const { result } = await runFor(
    50,
    caseOf(async (cfg) => {
      for (const text of ["odd", "very odd", "odd"]) cfg.warn(text);
    }),
    {
      onLog: ({ peer, text }) => told.push(`${peer}: ${text}`),
      script: (peer) => peer.say({ kind: "log", level: "info", text: "hello", term: 0, isLeader: false }),
    },
  );
  t.is(result.status, "passed");
  t.deepEqual(told.sort(), ["0: hello", "1: hello", "2: hello"]);
  t.deepEqual(result.warnings, ["odd", "very odd"], "each text once");
});

test("a checker can fail the case through the tester it is given", async (t) => {
  const { result } = await runFor(
    50,
    caseOf((cfg) => cfg.sleep(1000)),
    {
      onConfig: (cfg) => cfg.fail({ kind: "check", message: "Election Safety broken", peer: 1 }),
    },
  );
  t.like(result.error, { kind: "check", message: "Election Safety broken", peer: 1 });
});
