/** The mode sim: however a raft.ts breaks, its case fails in words, and the next one runs. */
import test from "ava";
import { defineCase } from "../src/cases.js";
import type { RunError, RunResult } from "../src/harness/case.js";
import { failureBlock } from "../src/harness/report.js";
import { runCase } from "../src/harness/runner.js";
import { loadProgram, type Program } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { Sim } from "../src/runtime/sim.js";
import { RunPool } from "../src/stress/run-pool.js";
import { BROKEN_RAFTS, brokenRaft } from "./helpers/broken-rafts.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, labCase, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

const basicAgree = labCase("TestBasicAgree3B");

for (const { fixture, wrong, kind, peer, message, virtualMessage, stack } of BROKEN_RAFTS.filter(
  ({ keepsThread }) => !keepsThread,
)) {
  test.serial(`${wrong} fails the case as "${kind}", as on threads`, async (t) => {
    muteAva(t);
    const runner = runnerHere(t, await loadProgram(brokenRaft(fixture)));
    const { result } = await runIn(runner, "sim", { definition: basicAgree });
    const shown = failureBlock(result, { mode: "sim" });
    t.is(result.status, "failed");
    t.is(result.error?.kind, kind, shown);
    if (peer !== undefined) t.is(result.error?.peer, peer, shown);
    t.regex(result.error?.message ?? "", virtualMessage ?? message, shown);
    if (stack) t.regex(result.error?.stack ?? "", stack, shown);
  });
}

/** What never gives its thread back, and how its case fails. */
interface Endless {
  readonly what: string;
  readonly program: (t: Parameters<typeof programOf>[0]) => Promise<Program>;
  readonly kind: string;
  readonly peer: number;
  readonly message: RegExp;
  readonly stack?: RegExp | undefined;
}

const IS_STUCK = /a single turn has run for 5 s of real time/;

/** A raft.ts whose peer 2 alone does this. */
const onPeer2 = (does: string, before?: string) => (t: Parameters<typeof programOf>[0]) =>
  programOf(t, idleRaft(`if (me === 2) { ${does} }`, before));

const ENDLESS: readonly Endless[] = [
  ...BROKEN_RAFTS.filter(({ keepsThread }) => keepsThread).map(
    ({ fixture, wrong, kind, peer, message, virtualMessage, stack }) => ({
      what: wrong,
      program: () => loadProgram(brokenRaft(fixture)),
      kind,
      peer: peer ?? Number.NaN,
      message: virtualMessage ?? message,
      stack,
    }),
  ),
  {
    what: "an endless loop that waits for Date.now() to change",
    program: onPeer2("const until = Date.now() + 10; while (Date.now() < until);"),
    kind: "stuck",
    peer: 2,
    message: /a loop that waits for Date\.now\(\) to change never ends in virtual time/,
    stack: /at act \(raft\.ts:3:\d+\)/,
  },
  {
    what: "an endless chain of awaits",
    program: onPeer2("void spin();", "async function spin() {\n  for (;;) await undefined;\n}"),
    kind: "stuck",
    peer: 2,
    message: IS_STUCK,
  },
  {
    what: "an endless chain of next-ticks",
    program: onPeer2("tick();", "function tick() {\n  process.nextTick(tick);\n}"),
    kind: "stuck",
    peer: 2,
    message: IS_STUCK,
  },
];

/** A machine on which other programs are so busy that 5 s do not suffice to take all that memory. */
const isTooSlowFor = (kind: string, { error }: RunResult) => kind === "exit" && error?.kind === "stuck";

/** A little more than the 5 s of a stuck turn, the start of threads included, on a very busy machine. */
const FAILS_WITHIN_MS = 40_000;

for (const { what, program, kind, peer, message, stack } of ENDLESS) {
  test.serial(`${what} is stopped, and told as "${kind}" with its peer and time`, async (t) => {
    t.timeout(120_000);
    const pool = new RunPool({ program: await program(t), threads: 1, heapMiB: 512 });
    t.teardown(() => pool.close());
    const { result } = await runIn(pool, "sim", { definition: basicAgree });
    const shown = failureBlock(result, { mode: "sim" });
    t.is(result.error?.peer, peer, shown);
    if (!isTooSlowFor(kind, result)) {
      t.is(result.error?.kind, kind, shown);
      t.regex(result.error?.message ?? "", message, shown);
    }
    if (stack) t.regex(result.error?.stack ?? "", stack, shown);
    t.true((result.error?.atMs ?? 0) > 0, shown);
    t.true(result.wallMs < FAILS_WITHIN_MS, `took ${result.wallMs} ms`);
  });
}

/** Peers that do this when the tester starts a command with them, and nothing ever. */
const atStart = (does: string) => `export const make = () => ({
  start: () => { ${does} },
  getState: () => ({ term: 1, isLeader: false }),
  kill: () => {},
});
`;

test.serial("a pool goes on after a run that was stopped, and after one without memory", async (t) => {
  t.timeout(120_000);
  const elections = labCase("TestInitialElection3A");
  for (const [does, kind] of [
    ["for (;;);", "stuck"],
    ["const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));", "exit"],
  ] as const) {
    const pool = new RunPool({ program: await programOf(t, atStart(does)), threads: 1, heapMiB: 512 });
    t.teardown(() => pool.close());
    const { result: broken } = await runIn(pool, "sim", { definition: basicAgree });
    t.true(broken.error?.kind === kind || isTooSlowFor(kind, broken), failureBlock(broken, { mode: "sim" }));
    const { result } = await runIn(pool, "sim", { definition: elections });
    t.is(result.error?.message, "expected one leader, got none");
    t.is(result.history, (await runIn(pool, "sim", { definition: elections })).result.history);
  }
});

test.serial("setImmediate without end is told with the peer that asks for it", async (t) => {
  const program = await programOf(
    t,
    idleRaft("if (me === 2) again();", "const again = () => setImmediate(again);"),
  );
  const { result } = await runIn(runnerHere(t, program), "sim");
  const shown = failureBlock(result, { mode: "sim" });
  t.is(result.error?.kind, "stuck", shown);
  t.is(result.error?.peer, 2, shown);
  t.regex(
    result.error?.message ?? "",
    /^peer 2 asks for turn after turn: 500001 in 0\.\d{3} s, of 5\d{5} events/,
  );
});

test("a loop of setImmediate that ends in time is no harm", async (t) => {
  const source = idleRaft(
    "spin(1000);",
    "const spin = (left) => void (left > 0 && setImmediate(spin, left - 1));",
  );
  const { result } = await runIn(runnerHere(t, await programOf(t, source)), "sim");
  t.is(result.status, "passed", failureBlock(result, { mode: "sim" }));
});

test.serial(
  "a case that awaits what never settles is a deadlock, told at once with where everyone stands",
  async (t) => {
    const program = await loadProgram(REFERENCE_RAFT);
    const definition = defineCase({
      name: "TestNeverSettles",
      servers: 3,
      run: async (cfg) => {
        await cfg.one(1, 3, { retry: false });
        cfg.disconnect(2);
        await new Promise(() => {});
      },
    });
    const { result } = await runIn(runnerHere(t, program), "sim", { definition });
    const { kind, message, atMs = 0, details = [] } = result.error ?? t.fail();
    t.is(kind, "deadlock");
    t.is(
      message,
      "deadlock: the case awaits something that neither time nor a peer will bring, so the case would wait " +
        "for ever. Below is where everyone stands.",
    );
    t.true(atMs < 2000, `${atMs}`);
    t.is(details.length, 4);
    t.regex(details[0] ?? "", /^the case: its last step was one\(1, 3.*\), at \d\.\d{3} s$/);
    t.regex(details[3] ?? "", /^server 2: running, disconnected, /);
  },
);

test("peers without any timer leave the tester its own time: no leader, told in virtual seconds", async (t) => {
  const { result } = await runIn(runnerHere(t, await programOf(t, atStart(""))), "sim", {
    definition: labCase("TestInitialElection3A"),
  });
  t.is(result.error?.message, "expected one leader, got none");
  t.true(result.seconds > 4 && result.seconds < 6, `${result.seconds}`);
});

test("a case whose flows all wait for each other is a deadlock as well", async (t) => {
  const definition = defineCase({
    name: "TestWaitsForItself",
    servers: 1,
    run: async (cfg) => {
      const flows: Promise<void>[] = [];
      flows.push(
        cfg.background(async () => {
          await cfg.sleep(1);
          await flows[1];
        }),
      );
      flows.push(
        cfg.background(async () => {
          await cfg.sleep(10);
          await flows[0];
        }),
      );
      await Promise.all(flows);
    },
  });
  const { result } = await runIn(runnerHere(t, await programOf(t, atStart(""))), "sim", { definition });
  t.is(result.error?.kind, "deadlock");
});

/** Ways to fail so that nobody catches it, and what is told of it. */
const UNCAUGHT: Readonly<Record<string, { does: string; before?: string; message: RegExp }>> = {
  "an unhandled rejection": {
    does: "void (async () => { await undefined; throw new RangeError('lost'); })();",
    message: /^RangeError: lost$/,
  },
  "an error thrown in a timer": { does: "throw new RangeError('lost');", message: /^RangeError: lost$/ },
  "an error thrown in a microtask": {
    does: "queueMicrotask(() => { throw new RangeError('lost'); });",
    message: /^RangeError: lost$/,
  },
  "an error thrown in a next-tick": {
    does: "process.nextTick(() => { throw new RangeError('lost'); });",
    message: /^RangeError: lost$/,
  },
  "a rejection of a promise that Node made": {
    does: "const e = new EventEmitter(); void once(e, 'x'); e.emit('error', new RangeError('lost'));",
    before: 'import { EventEmitter, once } from "node:events";',
    message: /RangeError: lost$/,
  },
  "an error event of a stream, unheard": {
    does: "new PassThrough().destroy(new RangeError('lost'));",
    before: 'import { PassThrough } from "node:stream";',
    message: /lost/,
  },
};

for (const [what, { does, before, message }] of Object.entries(UNCAUGHT)) {
  test.serial(
    `${what} fails the case, is told of the right peer, and alike in sim and lockstep`,
    async (t) => {
      muteAva(t);
      const source = idleRaft(`if (me === 1 && Date.now() % 1000 > 400) { ${does} }`, before);
      const runner = runnerHere(t, await programOf(t, source));
      const [sim, lockstep] = [await runIn(runner, "sim"), await runIn(runner, "lockstep")];
      const { kind, peer, message: text, atMs, stack } = (sim.result.error ?? {}) as Partial<RunError>;
      t.is(kind, "unhandled", failureBlock(sim.result, { mode: "sim" }));
      t.is(peer, 1);
      t.regex(text ?? "", message);
      t.true((atMs ?? 0) > 400 && (atMs ?? 0) < 500, `${atMs}`);
      t.regex(stack ?? "", /raft\.ts:\d/);
      t.like(lockstep.result.error, { kind, peer, message: text, atMs });
      t.is(lockstep.result.history, sim.result.history);
    },
  );
}

test("a flood in one turn that ends fails the case", async (t) => {
  const source = idleRaft(
    "if (me === 1) for (let i = 0; i < 100_010; i++) void peers[2].call('Raft.poke', i);",
  );
  const { result } = await runIn(runnerHere(t, await programOf(t, source)), "sim");
  t.like(result.error, {
    kind: "flood",
    peer: 1,
    message:
      "it floods its link: 100000 messages in one turn, the last a call of Raft.poke. " +
      "Wait for answers, or for time to pass, before sending more.",
  });
});

test("one program serves runs that go on at once on one thread, each with its own history", async (t) => {
  const sim = new Sim(await loadProgram(REFERENCE_RAFT));
  const run = (seed: number) => runCase(basicAgree, { runtime: sim.runtime(seed), seed });
  const alone = [await run(1), await run(2), await run(3)];
  const together = await Promise.all([run(1), run(2), run(3)]);
  t.deepEqual(
    together.map(({ history }) => history),
    alone.map(({ history }) => history),
  );
  t.is(new Set(alone.map(({ history }) => history)).size, 3);
});
