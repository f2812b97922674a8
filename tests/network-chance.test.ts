import test from "ava";
import { Network } from "../src/labrpc/network.js";
import { seededRandom } from "../src/runtime/random.js";
import { asked } from "./helpers/asked.js";
import { ARGS, type NetworkSetup, openNetwork } from "./helpers/lone-network.js";
import { ManualClock } from "./helpers/manual-clock.js";

/* What the dice of a seed come to over many calls. */

const CALLS = 20_000;

async function fatesOf(seed: number, setup: NetworkSetup, callCount: number) {
  const { clock, events, call } = openNetwork({ ...setup, random: seededRandom(seed) });
  const fates = Array.from({ length: callCount }, () => call());
  await clock.advance(10_000);
  const shareOf = (lost: string | undefined) =>
    events.filter((event) => event.kind === "outcome" && event.lost === lost).length / callCount;
  return { fates, atMs: fates.map((fate) => fate.atMs ?? Number.NaN), shareOf };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const bounds = (values: readonly number[]) => [Math.min(...values), Math.max(...values)];

test("an unreliable network loses 10 % of the requests and 10 % of the replies, after 0 to 26 ms", async (t) => {
  const { atMs, shareOf } = await fatesOf(1, { reliable: false }, CALLS);
  t.true(Math.abs(shareOf("request-dropped") - 0.1) < 0.01);
  t.true(Math.abs(shareOf("reply-dropped") - 0.09) < 0.01);
  t.true(Math.abs(shareOf(undefined) - 0.81) < 0.01);
  t.deepEqual(bounds(atMs), [0, 26]);
  t.true(Math.abs(mean(atMs) - 13) < 0.2);
});

test("long reordering holds two in three replies, for 200 to 2199 ms, 700 on average", async (t) => {
  const { atMs } = await fatesOf(2, { longReordering: true }, CALLS);
  const held = atMs.filter((ms) => ms > 0);
  t.true(Math.abs(held.length / CALLS - 2 / 3) < 0.01);
  const [shortest = 0, longest = 0] = bounds(held);
  t.is(shortest, 200);
  t.true(longest > 2100 && longest <= 2199);
  t.true(Math.abs(mean(held) - 700) < 10);
});

for (const { longDelays, maxMs } of [
  { longDelays: false, maxMs: 99 },
  { longDelays: true, maxMs: 6999 },
]) {
  test(`a dead end's delays are spread evenly over 0 to ${maxMs} ms`, async (t) => {
    const clock = new ManualClock();
    const network = new Network({ clock, random: seededRandom(3) });
    network.setLongDelays(longDelays);
    const atMs: number[] = [];
    for (let i = 0; i < CALLS; i += 1) {
      void asked((asker) => network.call("end", "Junk.handler", ARGS, asker)).then(() =>
        atMs.push(clock.nowMs()),
      );
    }
    await clock.advance(maxMs);
    t.is(atMs.length, CALLS);
    t.true(Math.abs(mean(atMs) / (maxMs / 2) - 1) < 0.02);
  });
}

test("one seed, one set of fates; another seed, another", async (t) => {
  const setup = { reliable: false, longReordering: true };
  const [one, same, other] = [
    await fatesOf(5, setup, 300),
    await fatesOf(5, setup, 300),
    await fatesOf(6, setup, 300),
  ];
  t.deepEqual(one.fates, same.fates);
  t.notDeepEqual(one.fates, other.fates);
});
