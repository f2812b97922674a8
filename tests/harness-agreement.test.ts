import test from "ava";
import type { Command } from "../src/index.js";
import { outcomeWithin, type ScriptedPeer, startTester, type Tester } from "./helpers/scripted-peers.js";

/** Makes `leader` accept commands at index 1, 2 and so on; `onAccept` says what comes of them. */
function lead(
  { runtime }: Tester,
  leader: number,
  onAccept: (index: number, command: Command) => void = () => {},
): { readonly accepted: Command[] } {
  const accepted: Command[] = [];
  const peer = runtime.peer(leader);
  peer.state = { term: 1, isLeader: true };
  peer.onStart = (command) => {
    accepted.push(command);
    onAccept(accepted.length, command);
    return { index: accepted.length, term: 1, isLeader: true };
  };
  return { accepted };
}

function peers({ cfg, runtime }: Tester): ScriptedPeer[] {
  return Array.from({ length: cfg.n }, (_, peer) => runtime.peer(peer));
}

test("one asks the connected peers in turn, server 1 first, until one leads", async (t) => {
  const order: number[] = [];
  const tester = await startTester(t, {
    n: 5,
    script: (peer) => {
      peer.onStart = () => {
        order.push(peer.spec.peer);
        return { index: -1, term: 1, isLeader: false };
      };
    },
  });
  tester.cfg.disconnect(3);
  tester.cfg.crash1(4);
  void tester.cfg.one(101, 3, { retry: true });
  await tester.clock.advance(0);
  t.deepEqual(order, [1, 2, 0]);
});

test("one goes on with the server after the last that led, and looks for a leader every 50 ms", async (t) => {
  const asked: string[] = [];
  const tester = await startTester(t, {
    script: (peer) => {
      peer.onStart = () => {
        const atMs = tester.clock.nowMs();
        asked.push(`${peer.spec.peer} at ${atMs}`);
        return { index: 1, term: 1, isLeader: peer.spec.peer === 2 && atMs === 50 };
      };
    },
  });
  void tester.cfg.one(101, 3, { retry: true });
  await tester.clock.advance(2050);
  // The leader of the first submission was server 2; 2 s later the turn is server 0's.
  t.deepEqual(asked, [
    "1 at 0",
    "2 at 0",
    "0 at 0",
    "1 at 50",
    "2 at 50",
    "0 at 2050",
    "1 at 2050",
    "2 at 2050",
  ]);
});

test("one looks every 20 ms, and returns the index once enough have applied the command", async (t) => {
  const tester = await startTester(t);
  lead(tester, 0, (index, command) => {
    tester.clock.after(30, () => tester.runtime.peer(0).apply(index, command));
    tester.clock.after(50, () => tester.runtime.peer(2).apply(index, command));
  });
  t.deepEqual(await outcomeWithin(tester.clock, 1000, tester.cfg.one(101, 2, { retry: false })), {
    value: 1,
    atMs: 60,
  });
});

test("one that may not retry fails after 2 s", async (t) => {
  const tester = await startTester(t);
  const { accepted } = lead(tester, 1);
  const { error, atMs } = await outcomeWithin(tester.clock, 12_000, tester.cfg.one(101, 3, { retry: false }));
  t.is(error?.message, "one(101) failed to reach agreement");
  t.is(atMs, 2000);
  t.deepEqual(accepted, [101]);
});

test("one that may retry submits every 2 s, and fails after 10 s", async (t) => {
  const tester = await startTester(t);
  const { accepted } = lead(tester, 1);
  const { error, atMs } = await outcomeWithin(tester.clock, 12_000, tester.cfg.one("x", 3, { retry: true }));
  t.is(error?.message, "one('x') failed to reach agreement");
  t.is(atMs, 10_000);
  t.is(accepted.length, 5);
});

test("one without any leader fails after 10 s, even if it may not retry", async (t) => {
  const { cfg, clock } = await startTester(t);
  const { error, atMs } = await outcomeWithin(clock, 12_000, cfg.one(101, 3, { retry: false }));
  t.is(error?.message, "one(101) failed to reach agreement");
  t.is(atMs, 10_000);
});

test("one takes no other command at its index for its own", async (t) => {
  const tester = await startTester(t);
  await tester.cfg.start(0, 100); // refused, but from now on 100 may be applied
  lead(tester, 0, (index) => {
    for (const peer of peers(tester)) peer.apply(index, 100);
  });
  const { error } = await outcomeWithin(tester.clock, 3000, tester.cfg.one(101, 3, { retry: false }));
  t.is(error?.message, "one(101) failed to reach agreement");
});

test("one tells the number 5 from the string 5, and compares objects by value", async (t) => {
  for (const { command, applied, agrees } of [
    { command: 5, applied: "5", agrees: false },
    { command: { key: "a", value: [1] }, applied: { key: "a", value: [1] }, agrees: true },
    { command: { key: "a", value: [1] }, applied: { key: "a", value: [2] }, agrees: false },
  ]) {
    const tester = await startTester(t);
    await tester.cfg.start(0, applied);
    lead(tester, 0, (index) => tester.runtime.peer(0).apply(index, applied));
    const { value } = await outcomeWithin(tester.clock, 3000, tester.cfg.one(command, 1, { retry: false }));
    t.is(value, agrees ? 1 : undefined);
  }
});

test("one is -1 when the case is over", async (t) => {
  const { cfg } = await startTester(t);
  cfg.cleanup();
  t.is(await cfg.one(101, 3, { retry: true }), -1);
});

test("nCommitted counts every server that has applied the index, crashed and disconnected ones too", async (t) => {
  const tester = await startTester(t);
  await tester.cfg.start(0, 7);
  for (const peer of peers(tester)) peer.apply(1, 7);
  await tester.clock.advance(0);
  tester.cfg.crash1(0);
  tester.cfg.disconnect(1);
  t.deepEqual(tester.cfg.nCommitted(1), { count: 3, command: 7 });
  t.deepEqual(tester.cfg.nCommitted(2), { count: 0, command: undefined });
});

test("wait looks after 10, 20, 40 ms and so on, up to 1.28 s, and gives up after 30.71 s", async (t) => {
  const tester = await startTester(t);
  const { error, atMs } = await outcomeWithin(tester.clock, 40_000, tester.cfg.wait(1, 2));
  t.is(error?.message, "only 0 decided for index 1; wanted 2");
  t.is(atMs, 30_710);
});

test("wait returns the command at the first look at which enough have applied the index", async (t) => {
  const tester = await startTester(t);
  await tester.cfg.start(0, "x");
  tester.clock.after(71, () => tester.runtime.peer(0).apply(1, "x"));
  tester.clock.after(71, () => tester.runtime.peer(1).apply(1, "x"));
  const outcome = await outcomeWithin(tester.clock, 1000, tester.cfg.wait(1, 2));
  t.deepEqual(outcome, { value: { newTerm: false, command: "x" }, atMs: 10 + 20 + 40 + 80 });
});

test("wait ends when a peer is in a later term than the one it was given", async (t) => {
  const tester = await startTester(t);
  tester.clock.after(25, () => {
    tester.runtime.peer(2).state = { term: 2, isLeader: false };
  });
  const outcome = await outcomeWithin(tester.clock, 1000, tester.cfg.wait(1, 3, 1));
  t.deepEqual(outcome, { value: { newTerm: true, command: undefined }, atMs: 30 });
});
