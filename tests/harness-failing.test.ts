import test from "ava";
import type { Config } from "../src/harness/config.js";
import {
  calling,
  type Outcome,
  outcomeWithin,
  type ScriptedPeer,
  startTester,
} from "./helpers/scripted-peers.js";

function faulting(peer: ScriptedPeer): void {
  peer.say({
    kind: "fault",
    fault: { kind: "unhandled", message: "TypeError: oops", stack: "at raft.ts:7" },
  });
}

/** Every verb that waits, at work. */
const waitingVerbs: Record<string, (cfg: Config) => Promise<unknown>> = {
  checkOneLeader: (cfg) => cfg.checkOneLeader(),
  one: (cfg) => cfg.one(101, 3, { retry: true }),
  wait: (cfg) => cfg.wait(1, 3),
  sleep: (cfg) => cfg.sleep(60_000),
  start: (cfg) => cfg.start(0, 5),
  getState: (cfg) => cfg.getState(0),
  start1: (cfg) => cfg.start1(2),
  "an activity in the background": (cfg) => cfg.background(() => cfg.sleep(60_000)),
};

for (const [verb, run] of Object.entries(waitingVerbs)) {
  test(`${verb} ends at once when a peer breaks a rule, with the peer's fault`, async (t) => {
    const { cfg, runtime, clock } = await startTester(t, {
      script: (peer) => {
        peer.getsReady = peer.spec.incarnation === 1;
      },
    });
    runtime.peer(0).isAnswering = verb !== "start" && verb !== "getState";
    clock.after(3, () => faulting(runtime.peer(1)));
    const { error, atMs } = await outcomeWithin(clock, 5, run(cfg));
    t.is(error, cfg.failure);
    t.is(error?.message, "TypeError: oops");
    t.is(atMs, 3);
  });

  test(`${verb} throws the failure when the case has failed before`, async (t) => {
    const { cfg } = await startTester(t);
    const failure = cfg.fail("no good");
    t.is(await t.throwsAsync(run(cfg)), failure);
  });
}

test("verbs that do not wait throw the failure as well", async (t) => {
  const { cfg } = await startTester(t);
  const failure = cfg.fail("no good");
  for (const verb of [
    () => cfg.connect(0),
    () => cfg.disconnect(0),
    () => cfg.crash1(0),
    () => cfg.nCommitted(1),
    () => cfg.setUnreliable(true),
    () => cfg.setLongReordering(true),
    () => cfg.end(),
  ]) {
    t.is(t.throws(verb), failure);
  }
});

test("only the first failure counts", async (t) => {
  const { cfg, runtime, clock, events } = await startTester(t);
  await clock.advance(7);
  faulting(runtime.peer(2));
  await clock.advance(5);
  cfg.fail("later");
  t.like(cfg.failure?.toRunError(), {
    kind: "unhandled",
    message: "TypeError: oops",
    peer: 2,
    atMs: 7,
    stack: "at raft.ts:7",
  });
  t.deepEqual(
    events.filter(({ kind }) => kind === "failure"),
    [{ kind: "failure", message: "TypeError: oops", peer: 2 }],
  );
});

test("a peer that applies what it must not fails the case at that moment", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  clock.after(4, () => runtime.peer(1).apply(1, 77));
  const { error, atMs } = await outcomeWithin(clock, 10, cfg.sleep(5000));
  t.is(error?.message, "server 1 applied 77 at index 1, which was never given to start()");
  t.is(atMs, 4);
  t.like(cfg.failure?.toRunError(), { kind: "apply", peer: 1, atMs: 4 });
});

test("an activity in the background that throws fails the case, whoever awaits it", async (t) => {
  const { cfg, clock } = await startTester(t);
  void cfg.background(async () => {
    await cfg.sleep(5);
    throw new RangeError("no list");
  });
  const { error, atMs } = await outcomeWithin(clock, 10, cfg.sleep(5000));
  t.is(error?.message, "RangeError: no list");
  t.is(atMs, 5);
  t.is(cfg.failure?.kind, "case");
});

test("a failure tells how every server stood, and which handlers had not answered for a second", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  const [caller, silent] = [runtime.peer(0), runtime.peer(1)];
  caller.state = { term: 3, isLeader: true };
  await cfg.getState(0);
  silent.isAnswering = false;
  caller.say(calling(caller, 1, { svcMeth: "Raft.requestVote" }));
  for (const rpcId of [2, 3]) caller.say(calling(caller, 1, { svcMeth: "Raft.appendEntries", rpcId }));
  cfg.disconnect(0);
  cfg.crash1(2);
  cfg.connect(0);
  await clock.advance(1500);
  t.deepEqual(cfg.fail("no good").details, [
    "server 0: running, connected, leader in term 3 when last heard, 1.5 s before",
    "server 1: running, connected",
    "server 1: its handler Raft.requestVote has not answered for 1.5 s",
    "server 1: its handler Raft.appendEntries has not answered 2 calls, the oldest for 1.5 s",
    "server 2: crashed, disconnected",
  ]);
});

test("a handler that has not answered for 5 s fails the case, naming peer and handler", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  const [caller, silent] = [runtime.peer(0), runtime.peer(1)];
  silent.isAnswering = false;
  await clock.advance(500);
  caller.say(calling(caller, 1, { svcMeth: "Raft.requestVote" }));
  await clock.advance(5400);
  t.is(cfg.failure, undefined);
  await clock.advance(100);
  t.like(cfg.failure?.toRunError(), { kind: "stuck", peer: 1, atMs: 6000 });
  t.regex(cfg.failure?.message ?? "", /^peer 1: the handler Raft.requestVote has not answered for 5 s/);
});

test("a handler is not stuck while its peer is off the network, nor once it has crashed", async (t) => {
  const { cfg, runtime, clock } = await startTester(t, { n: 4 });
  const caller = runtime.peer(0);
  for (const peer of [1, 2]) {
    runtime.peer(peer).isAnswering = false;
    caller.say(calling(caller, peer, { rpcId: peer }));
  }
  await clock.advance(1000);
  cfg.disconnect(1);
  cfg.crash1(2);
  await clock.advance(20_000);
  cfg.connect(1);
  await clock.advance(4000);
  t.is(cfg.failure, undefined);
  await clock.advance(1000);
  t.is(cfg.failure?.peer, 1);
});

test("a handler is not stuck while its peer's event loop stands still, which is another fault", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  runtime.peer(1).isAnswering = false;
  runtime.peer(0).say(calling(runtime.peer(0), 1, {}));
  runtime.peer(1).isStandingStill = true;
  await clock.advance(20_000);
  t.is(cfg.failure, undefined);
  runtime.peer(1).isStandingStill = false;
  await clock.advance(1000);
  t.is(cfg.failure?.peer, 1);
});

test("a tester with patience waits so many times as long for whatever the lab waits for", async (t) => {
  const waits: readonly [(cfg: Config) => Promise<unknown>, seconds: readonly [from: number, to: number]][] =
    [
      [(cfg) => cfg.checkOneLeader(), [45, 55]],
      [(cfg) => cfg.one(7, 3, { retry: true }), [100, 100.1]],
      [(cfg) => cfg.wait(1, 3), [300, 380]],
      [(cfg) => cfg.sleep(5_000_000), [1200, 1200]],
    ];
  for (const [wait, [from, to]] of waits) {
    const { cfg, clock } = await startTester(t, { patience: 10 });
    const beganMs = clock.nowMs();
    const { atMs } = await outcomeWithin(clock, 2_000_000, wait(cfg));
    const seconds = ((atMs ?? 0) - beganMs) / 1000;
    t.true(seconds >= from && seconds <= to, `${wait}: ${seconds} s`);
  }
});

test("a case fails when its 120 s are over, whatever it waits for", async (t) => {
  const { cfg, clock } = await startTester(t);
  const { error, atMs } = await outcomeWithin(clock, 130_000, cfg.sleep(500_000));
  t.is(error?.message, "the case took longer than 120 s");
  t.is(atMs, 120_000);
  t.is(cfg.failure?.kind, "timeout");
});

test("a command that cannot travel is the case's mistake, and fails it", async (t) => {
  const { cfg } = await startTester(t);
  await t.throwsAsync(cfg.background(() => cfg.start(0, () => 5)));
  t.is(cfg.failure?.kind, "usage");
});

test("when the case is over, what still waits is dropped: it neither goes on nor fails", async (t) => {
  const { cfg, clock } = await startTester(t);
  const outcomes: Promise<Outcome<unknown>>[] = [];
  for (const run of Object.values(waitingVerbs)) outcomes.push(outcomeWithin(clock, 0, run(cfg)));
  await Promise.all(outcomes);
  const waiting = Promise.all([cfg.sleep(5), cfg.checkOneLeader()]);
  cfg.cleanup();
  t.deepEqual(await outcomeWithin(clock, 10_000, waiting), {});
  t.deepEqual(await outcomeWithin(clock, 10_000, cfg.start(0, 5)), {});
  t.is(cfg.failure, undefined);
  t.is(clock.timerCount, 0);
});
