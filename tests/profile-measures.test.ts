import { performance } from "node:perf_hooks";
import test from "ava";
import { BatchStamps } from "../src/profile/batch-stamps.js";
import { DurationLog } from "../src/profile/duration-log.js";
import { EVENT, EventRing } from "../src/profile/event-ring.js";
import { durations, merged, recordMs, summary } from "../src/profile/histograms.js";
import { usedByAll } from "../src/profile/machine.js";
import {
  between,
  currentWaitMs,
  type OsFigures,
  OsThread,
  ownProcPlace,
  parsed,
} from "../src/profile/os-thread.js";
import { PeerGauges } from "../src/profile/peer-gauges.js";
import { Sampling, SamplingControl } from "../src/profile/sampling.js";
import { ThreadRecord } from "../src/profile/thread-record.js";
import { spin } from "./fixtures/profile/spin.js";

const STATUS =
  "Name:\tnode\nState:\tR (running)\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t34\n";

test("the kernel's figures of a thread are read to the nanosecond", (t) => {
  t.deepEqual(parsed("2500000 1500000 46\n", STATUS), {
    onCoreMs: 2.5,
    waitingMs: 1.5,
    wantedSwitches: 12,
    forcedSwitches: 34,
    isReady: true,
  });
  t.false(parsed("1 1 1\n", STATUS.replace("R (running)", "S (sleeping)")).isReady);
  t.throws(() => parsed("", STATUS), { message: 'schedstat reads ""' });
  t.throws(() => parsed("1 1 1\n", "State:\tR (running)\n"), { message: "its status counts no switches" });
});

(process.platform === "linux" ? test : test.skip)(
  "a thread that works has what it works for as time on a core",
  (t) => {
    const place = ownProcPlace();
    if ("unavailable" in place) return t.fail(place.unavailable);
    const thread = new OsThread(place.path);
    const before = thread.read();
    spin(50);
    const after = thread.read();
    if (!before || !after) return t.fail("the thread is gone");
    const { onCoreMs, waitingMs } = between(before, after);
    // The kernel's count may be a tick of 4 ms behind.
    t.true(onCoreMs + waitingMs > 40, `${onCoreMs} ms on a core, ${waitingMs} ms waiting`);
    thread.close();
    t.throws(() => new OsThread("1/task/0"), {
      message: /^a thread's schedstat under \/proc cannot be read \(E[A-Z]+\)$/,
    });
  },
);

test("where the system tells nothing of a thread, its event loop is told of, and why no more", (t) => {
  const record = new ThreadRecord(false);
  record.spawned(() => ({ idle: 750, active: 250, utilization: 0.25 }));
  const none = { unavailable: "only Linux tells" };
  record.introduced(none, { loop: durations(), collections: durations() });
  record.end();
  const { onCoreMs, waitingMs, asleepMs, wantedSwitches, forcedSwitches, loopUtilization } = record.profile(
    { name: "main" },
    { used: 0, highest: 0 },
  );
  t.deepEqual(
    [onCoreMs, waitingMs, asleepMs, wantedSwitches, forcedSwitches],
    [none, none, none, none, none],
  );
  t.is(loopUtilization, 0.25);
});

test("an event loop is busy from 0 to 1, whatever Node reckons of a few ms", (t) => {
  for (const [told, shown] of [
    [-0.001, 0],
    [1.001, 1],
  ] as const) {
    const record = new ThreadRecord(false);
    record.spawned(() => ({ idle: 2, active: told * 2, utilization: told }));
    record.end();
    t.is(record.profile({ name: "main" }, { used: 0, highest: 0 }).loopUtilization, shown);
  }
});

test("a wait that is not over counts, for a thread that has certainly not slept", (t) => {
  const figures = (part: Partial<OsFigures>): OsFigures => ({
    onCoreMs: 0,
    waitingMs: 0,
    wantedSwitches: 0,
    forcedSwitches: 0,
    isReady: true,
    ...part,
  });
  t.is(currentWaitMs(0, 100, figures({ onCoreMs: 20, waitingMs: 30 })), 50);
  t.is(currentWaitMs(50, 100, figures({})), 150); // still the same wait
  t.is(currentWaitMs(150, 100, figures({ onCoreMs: 10, waitingMs: 240 })), 0); // it is over, and counted
  t.is(currentWaitMs(0, 100, figures({ isReady: false })), 0);
  t.is(currentWaitMs(0, 100, figures({ wantedSwitches: 1 })), 0);
});

test("the cores that other programs had are told where the system shows the cores that we may use", (t) => {
  const stat =
    "cpu  100 20 30 9999 40 5 6 7 0 0\ncpu0 50 10 15 5000 20 2 3 3 0 0\ncpu1 50 10 15 4999 20 3 3 4 0 0\n";
  t.is(usedByAll(stat, 2), 1680);
  t.deepEqual(usedByAll(stat, 8), { unavailable: "/proc/stat tells of 2 cores, and this process may use 8" });
});

test("durations are exact to 1 %, from a nanosecond to two minutes", (t) => {
  const histogram = durations();
  for (const ms of [0, 0.001, 1, 50, 119_000, 500_000]) {
    histogram.reset();
    recordMs(histogram, ms);
    const expected = Math.min(120_000, Math.max(1e-6, ms));
    t.true(
      Math.abs(summary(histogram).p50Ms - expected) <= 0.01 * expected,
      `${ms}: ${summary(histogram).p50Ms}`,
    );
  }
  const [low, high] = [durations(), durations()];
  for (let n = 0; n < 99; n += 1) recordMs(low, 1);
  recordMs(high, 100);
  const both = summary(merged([low, high, durations()]));
  t.is(both.count, 100);
  t.true(both.p50Ms < 1.1 && both.p999Ms > 99, JSON.stringify(both));
  t.is(summary(high, 150).maxMs, 0);
  t.is(summary(undefined).count, 0);
});

test("each batch that was stamped has its own stamp, until one that is 8,192 later has left", (t) => {
  const buffer = BatchStamps.buffer();
  const [sender, receiver] = [new BatchStamps(buffer), new BatchStamps(buffer)];
  sender.put(1, 10);
  sender.put(3, 30);
  const left = (batch: number): number | undefined => receiver.leftSince(batch, 0);
  t.deepEqual([left(1), left(2), left(3)], [10, undefined, 30]);
  sender.put(8193, 50);
  t.deepEqual([left(1), left(2), left(3), left(8193)], [undefined, undefined, 30, 50]);
  t.is(receiver.leftSince(3, 31), undefined, "it left before that");
  t.is(receiver.leftSince(3, 30), 30);
});

test("what is noted is in the histograms when the log is full, or when the rest is recorded; and not what was skipped", (t) => {
  const histograms = [durations(), durations()];
  const buffer = DurationLog.buffer();
  const [inThread, inMain] = [new DurationLog(buffer, histograms), new DurationLog(buffer, histograms)];
  inThread.note(0, 1);
  inMain.skip();
  inThread.note(1, 5);
  t.deepEqual(
    histograms.map(({ count }) => count),
    [0, 0],
  );
  inMain.recordRest();
  t.deepEqual(
    histograms.map(({ count }) => count),
    [0, 1],
  );

  for (let n = 0; n < 1 << 16; n += 1) inThread.note(0, 2);
  histograms[1]?.reset();
  inMain.recordRest();
  t.is(histograms[0]?.count, 1 << 16);
});

test("a ring keeps the last 65,536 events, and tells from when on it has them all", (t) => {
  const ring = new EventRing(EventRing.buffer());
  ring.note(EVENT.call, 1, 2, 7, 3);
  t.deepEqual([...ring.events(0)], [{ kind: EVENT.call, fromMs: 1, toMs: 2, id: 7, name: 3 }]);
  t.deepEqual([...ring.events(1.5)], []);
  t.is(ring.keptFromMs, Number.NEGATIVE_INFINITY);
  for (let n = 0; n < 1 << 16; n += 1) ring.note(EVENT.batch, 10 + n, 10.5 + n);
  t.is([...ring.events(0)].length, 1 << 16);
  t.is(ring.keptFromMs, 10.5);
});

test("gauges keep the highest heap and the quickest way", (t) => {
  const buffer = PeerGauges.buffer();
  const [inThread, inMain] = [new PeerGauges(buffer), new PeerGauges(buffer)];
  for (const bytes of [5, 9, 7]) inThread.setHeap(bytes);
  for (const ms of [0.3, 0.1, 0.2]) inThread.cameIn(ms);
  t.deepEqual([inMain.heapUsed, inMain.heapHighest, inMain.quickestToPeerMs], [7, 9, 0.1]);
});

test("at more than 1,000 messages a second measuring pauses for a while; never where all is asked for", async (t) => {
  const control = new SamplingControl(false);
  const seen = new Sampling(control.buffer);
  const pausedAtMs = performance.now();
  const fromMs = pausedAtMs - 256 - 4;
  control.begin(fromMs);
  for (let n = 1; n <= 256; n += 1) control.heard(fromMs + n);
  t.true(seen.isOn, "1,000 a second are measured");
  for (let n = 1; n <= 256; n += 1) control.heard(fromMs + 256 + n / 64);
  t.false(seen.isOn, "64,000 a second are too many");
  t.is(control.pausedMs(pausedAtMs + 7), 7, "the pause that goes on counts as far as it came");
  control.begin(pausedAtMs + 5);
  t.is(control.pausedMs(pausedAtMs + 7), 2, "and from the beginning of what counts");
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.true(seen.isOn);
  const pausedMs = control.pausedMs(performance.now());
  t.true(pausedMs > 0, `${pausedMs}`);
  t.is(control.pausedMs(performance.now() + 1000), pausedMs, "it is over");
  control.close();

  const all = new SamplingControl(true);
  all.begin(0);
  for (let n = 0; n < 1000; n += 1) all.heard(0);
  t.true(new Sampling(all.buffer).isOn);
});

test("in a pause nobody looks at messages any more, once the RPCs that are measured are at their ends", async (t) => {
  const control = new SamplingControl(false);
  t.teardown(() => control.close());
  const seen = new Sampling(control.buffer);
  const turn = () => new Promise((resolve) => setTimeout(resolve, 2));
  control.mayRest();
  await turn();
  t.true(seen.isAwake, "it is no pause");
  const fromMs = performance.now() - 40;
  control.begin(fromMs);
  for (let n = 1; n <= 256; n += 1) control.heard(fromMs + 40); // the pause is of 500 ms
  t.deepEqual([seen.isOn, seen.isAwake], [false, true]);
  await turn();
  t.true(seen.isAwake, "some are under way");
  control.mayRest();
  t.true(seen.isAwake, "the last one's caller is not told yet");
  await turn();
  t.false(seen.isAwake);
  t.false(seen.isOn);
  while (!seen.isAwake) await new Promise((resolve) => setTimeout(resolve, 1));
  t.true(seen.isOn);
});
