/** How long things take under each schedule. */
import test from "ava";
import { seededRandom } from "../src/runtime/random.js";
import { type Pace, paceOf, SCHEDULES, type ScheduleName } from "../src/runtime/schedule.js";

const paceFor = (schedule: ScheduleName, seed = 1): Pace =>
  paceOf(schedule, seededRandom(seed).fork("pace:0:1"));

/** As many numbers as asked for. */
const drawn = (count: number, draw: () => number) => Array.from({ length: count }, draw);

const shareOf = (values: readonly number[], is: (value: number) => boolean) =>
  values.filter(is).length / values.length;

for (const schedule of SCHEDULES) {
  test(`${schedule}: the same stream gives the same pace, another one another`, (t) => {
    const story = (pace: Pace) =>
      Array.from({ length: 500 }, (_, i) => [pace.hopUs(), pace.timerLateUs(), pace.runsAtUs(i * 20_000)]);
    t.deepEqual(story(paceFor(schedule)), story(paceFor(schedule)));
    t.notDeepEqual(story(paceFor(schedule)), story(paceFor(schedule, 2)));
  });

  test(`${schedule}: all is in whole microseconds, and a hop takes at least one`, (t) => {
    const pace = paceFor(schedule);
    for (let nowUs = 0; nowUs < 60_000_000; nowUs += 30_011) {
      const [hopUs, lateUs, runsAtUs] = [pace.hopUs(), pace.timerLateUs(), pace.runsAtUs(nowUs)];
      t.true([hopUs, lateUs, runsAtUs].every(Number.isSafeInteger));
      t.true(hopUs >= 1 && lateUs >= 0 && runsAtUs >= nowUs);
    }
  });
}

test("calm: a hop takes 2 to 10 µs, each equally likely; timers and peers are on time", (t) => {
  const pace = paceFor("calm");
  const hops = drawn(9000, () => pace.hopUs());
  for (const us of [2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    t.true(Math.abs(shareOf(hops, (hop) => hop === us) - 1 / 9) < 0.02, `${us} µs`);
  }
  t.is(Math.min(...hops), 2);
  t.is(Math.max(...hops), 10);
  t.deepEqual(
    drawn(100, () => pace.timerLateUs()),
    new Array(100).fill(0),
  );
  t.is(pace.runsAtUs(123_456_789), 123_456_789);
});

for (const schedule of ["lively", "rough"] as const) {
  test(`${schedule}: a hop takes 20 µs to 2 ms, each doubling equally likely, and one in 100 up to 10 ms`, (t) => {
    const pace = paceFor(schedule);
    const hops = drawn(100_000, () => pace.hopUs());
    t.is(Math.min(...hops), 20);
    t.true(Math.max(...hops) > 9950 && Math.max(...hops) <= 10_000, `${Math.max(...hops)}`);
    const long = shareOf(hops, (hop) => hop > 2000);
    t.true(long > 0.008 && long < 0.012, `${long}`);
    for (let octave = 0; octave < 6; octave += 1) {
      const [from, to] = [20 * 2 ** octave, 20 * 2 ** (octave + 1)];
      const share = shareOf(hops, (hop) => hop >= from && hop < to);
      t.true(Math.abs(share - 0.99 / 7) < 0.01, `${from} to ${to} µs: ${share}`);
    }
  });
}

test("lively: timers and peers are on time", (t) => {
  const pace = paceFor("lively");
  t.deepEqual(
    drawn(100, () => pace.timerLateUs()),
    new Array(100).fill(0),
  );
  t.is(pace.runsAtUs(123_456_789), 123_456_789);
});

test("rough: one timer in ten is late, up to 20 ms", (t) => {
  const pace = paceFor("rough");
  const late = drawn(50_000, () => pace.timerLateUs());
  const share = shareOf(late, (us) => us > 0);
  t.true(share > 0.09 && share < 0.11, `${share}`);
  const longest = Math.max(...late);
  t.true(longest > 19_900 && longest <= 20_000, `${longest}`);
});

/** The times, in µs, in which a peer is frozen, seen by asking at every millisecond. */
function freezesOf(pace: Pace, untilUs: number): readonly { fromUs: number; untilUs: number }[] {
  const freezes: { fromUs: number; untilUs: number }[] = [];
  for (let nowUs = 0; nowUs < untilUs; nowUs += 1000) {
    const runsAtUs = pace.runsAtUs(nowUs);
    if (runsAtUs === nowUs || freezes.at(-1)?.untilUs === runsAtUs) continue;
    freezes.push({ fromUs: nowUs, untilUs: runsAtUs });
  }
  return freezes;
}

test("rough: a peer freezes for 1 to 300 ms, with 0.1 to 8 s between, and each for itself", (t) => {
  const freezes = freezesOf(paceFor("rough"), 3_600_000_000);
  t.true(freezes.length > 700 && freezes.length < 1100, `${freezes.length} in an hour`);
  for (const [i, { fromUs, untilUs }] of freezes.entries()) {
    t.true(untilUs - fromUs <= 300_000, `${untilUs - fromUs} µs`);
    const gapUs = fromUs - (freezes[i - 1]?.untilUs ?? 0);
    t.true(gapUs >= 100_000 && gapUs <= 8_301_000, `${gapUs} µs`);
  }
  t.true(freezes.some(({ fromUs, untilUs }) => untilUs - fromUs > 290_000));
  t.notDeepEqual(freezes.slice(0, 10), freezesOf(paceFor("rough", 2), 60_000_000).slice(0, 10));
});
