import test from "ava";
import { seededRandom } from "../src/runtime/random.js";
import { outcomeWithin, startTester } from "./helpers/scripted-peers.js";

/** The lengths in ms of the rounds of `checkOneLeader`, from the dice of the case. */
function leaderRounds(seed: number, count: number): number[] {
  const dice = seededRandom(seed).fork("case");
  return Array.from({ length: count }, () => 450 + dice.int(0, 99));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

test("checkOneLeader gives up after 10 rounds of 450 to 549 ms each, drawn from the case's dice", async (t) => {
  const { cfg, clock } = await startTester(t, { seed: 7 });
  const { error, atMs } = await outcomeWithin(clock, 6000, cfg.checkOneLeader());
  t.is(error?.message, "expected one leader, got none");
  t.is(atMs, sum(leaderRounds(7, 10)));
});

test("checkOneLeader returns in the first round in which there is a leader", async (t) => {
  const { cfg, clock, runtime } = await startTester(t, { seed: 7 });
  const rounds = leaderRounds(7, 3);
  clock.after(sum(rounds.slice(0, 2)) + 1, () => {
    runtime.peer(2).state = { term: 3, isLeader: true };
  });
  t.deepEqual(await outcomeWithin(clock, 6000, cfg.checkOneLeader()), { value: 2, atMs: sum(rounds) });
});

test("checkOneLeader takes the leader of the highest term, and bears one of a lower term", async (t) => {
  const { cfg, clock, runtime } = await startTester(t);
  runtime.peer(0).state = { term: 10, isLeader: true };
  runtime.peer(1).state = { term: 9, isLeader: true };
  runtime.peer(2).state = { term: 11, isLeader: false };
  t.is((await outcomeWithin(clock, 600, cfg.checkOneLeader())).value, 0);
});

test("checkOneLeader fails at once where one term has two leaders, though a higher term has one", async (t) => {
  const { cfg, clock, runtime } = await startTester(t, { seed: 3 });
  runtime.peer(0).state = { term: 3, isLeader: true };
  runtime.peer(1).state = { term: 4, isLeader: true };
  runtime.peer(2).state = { term: 3, isLeader: true };
  const { error, atMs } = await outcomeWithin(clock, 600, cfg.checkOneLeader());
  t.is(error?.message, "term 3 has 2 (>1) leaders: servers 0, 2");
  t.is(atMs, leaderRounds(3, 1)[0]);
});

test("a leader that is disconnected, or has crashed, is none", async (t) => {
  const { cfg, clock, runtime } = await startTester(t);
  for (const peer of [0, 1]) runtime.peer(peer).state = { term: 2, isLeader: true };
  cfg.disconnect(0);
  cfg.crash1(1);
  cfg.connect(1); // connected, but nobody is there
  t.is(
    (await outcomeWithin(clock, 6000, cfg.checkOneLeader())).error?.message,
    "expected one leader, got none",
  );
});

test("checkTerms gives the term of all connected peers, without waiting", async (t) => {
  const { cfg, clock, runtime } = await startTester(t);
  for (const peer of [0, 1]) runtime.peer(peer).state = { term: 5, isLeader: false };
  runtime.peer(2).state = { term: 6, isLeader: false };
  cfg.disconnect(2);
  t.deepEqual(await outcomeWithin(clock, 0, cfg.checkTerms()), { value: 5, atMs: 0 });
});

test("checkTerms fails where connected peers differ, and names two of them", async (t) => {
  const { cfg, clock, runtime } = await startTester(t);
  runtime.peer(2).state = { term: 2, isLeader: false };
  const { error } = await outcomeWithin(clock, 0, cfg.checkTerms());
  t.is(error?.message, "servers disagree on term: server 0 is in 1, server 2 in 2");
});

test("checkTerms gives -1 when nobody is connected", async (t) => {
  const { cfg } = await startTester(t);
  for (const peer of [0, 1, 2]) cfg.disconnect(peer);
  t.is(await cfg.checkTerms(), -1);
});

test("checkNoLeader fails where a connected peer claims to lead, and only there", async (t) => {
  const { cfg, runtime } = await startTester(t);
  runtime.peer(1).state = { term: 4, isLeader: true };
  cfg.disconnect(1);
  await cfg.checkNoLeader();
  cfg.connect(1);
  await t.throwsAsync(cfg.checkNoLeader(), {
    message: "expected no leader among connected servers, but server 1 claims to be leader of term 4",
  });
});
