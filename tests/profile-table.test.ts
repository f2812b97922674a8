import test from "ava";
import { NO_DURATIONS } from "../src/profile/histograms.js";
import type { LoadProfile, Profile, ThreadProfile } from "../src/profile/profile.js";
import { curveLines, profileLines } from "../src/profile/table.js";
import { about, handler, measured, thread, threads } from "./helpers/measured.js";
import { loadProfile, profileOf } from "./helpers/profiles.js";

/** The row of the first table line that begins with `name`, its cells. */
function rowOf(profile: Profile, name: string): string[] {
  const line = profileLines(profile).find((each) => each.startsWith(`  ${name} `)) ?? "";
  return line.trim().split(/ {2,}/);
}

test("the table tells of each thread, in the order of its headings", (t) => {
  const profile = profileOf("TestOne", measured({ threads: threads(2, { onCoreMs: 930, waitingMs: 20 }) }));
  t.deepEqual(rowOf(profile, "thread"), [
    "thread",
    "on core",
    "waits for core",
    "asleep",
    "switches",
    "forced",
  ]);
  t.deepEqual(rowOf(profile, "main"), ["main", "93.0 %", "2.0 %", "5.0 %", "100", "10"]);
  t.deepEqual(rowOf(profile, "other programs"), ["other programs", "4.0 %"]);
  t.is(profileLines(profile).at(-1), `  ${profile.bottleneck.sentence}`);
});

test("of each event loop it tells how late it was, and nothing of what there was not", (t) => {
  const [main, ...peers] = threads(1, { loopDelay: about(0.2, 3), collections: { ...about(4), count: 2 } });
  const blocked = { ...NO_DURATIONS, maxMs: 1400 };
  const still = peers.map((peer) => ({ ...peer, loopDelay: blocked, standstillMs: 1400 }));
  const lines = profileLines(profileOf("TestOne", measured({ threads: [main as ThreadProfile, ...still] })));
  const rows = lines.slice(
    lines.findIndex((line) => line.startsWith("  event loop")),
    lines.length,
  );
  t.deepEqual(
    rows.slice(0, 3).map((line) => line.trim().split(/ {2,}/)),
    [
      ["event loop", "busy", "late p50", "late p99", "late max ms", "pauses", "longest ms", "heap MiB"],
      ["main", "2.0 %", "0.200", "3.00", "3.00", "2", "4.00", "9.0"],
      ["peer 0", "2.0 %", "1400", "0", "9.0"],
    ],
  );
});

test("of many incarnations the terminal shows those that were there for longest, in their order", (t) => {
  const lives = Array.from({ length: 40 }, (_, i) =>
    thread(`peer 0, incarnation ${i + 1}`, { wallMs: i % 2 === 0 ? 500 : 5 }),
  );
  const lines = profileLines(profileOf("TestOne", measured({ threads: [thread("main"), ...lives] })));
  const shown = lines.filter((line) => /^ {2}peer 0/.test(line)).slice(0, 23);
  t.is(shown.filter((line) => /incarnation \d*[13579] /.test(line)).length, 20);
  t.true(lines.includes("  and 17 incarnations that were there for less, which profile.json has"));
  t.true(shown.every((line) => line.length <= 80));
});

test("calls that were not answered at the end, and commands not committed, stand below the tables", (t) => {
  const open = { calls: 68, oldestMs: 1410, peer: 1 };
  const given = measured({ handlers: [{ ...handler("Raft.work", NO_DURATIONS, NO_DURATIONS), open }] });
  const { load, ...rest } = loadProfile(200, given, 2);
  const late = { committed: 0, throughput: 0, started: 100, pending: 100, oldestPendingMs: 2600 };
  const lines = profileLines({ ...rest, load: { ...(load as LoadProfile), ...late } });
  t.deepEqual(
    lines.filter((line) => /not answered|Asked|At the end \d|came to ask/.test(line)),
    [
      "  At the end Raft.work had not answered 68 calls, the oldest for 1.4 s, at peer 1.",
      "  Asked for 200 commands a second, committed none.",
      "  At the end 100 were due and not committed, the oldest for 2600 ms.",
      "  The main thread came to ask for 20.0 a second, and no more.",
    ],
  );
});

test("the table tells what each message waited for, and leaves percentiles of nothing out", (t) => {
  const profile = profileOf(
    "TestOne",
    measured({ stages: { atRouter: about(1.2, 4.1), asked: about(13.1) } }),
  );
  t.deepEqual(rowOf(profile, "waiting for the router's event loop").slice(1), [
    "100",
    "1.20",
    "4.10",
    "4.10",
    "4.10",
  ]);
  const none = profileOf("TestOne", measured({ roundTrip: { ...about(0), count: 0 } }));
  t.deepEqual(rowOf(none, "a round trip in all"), ["a round trip in all", "0"]);
});

test("a figure that the system does not tell is n/a, and each reason stands below, once", (t) => {
  const [noLinux, hidden] = [{ unavailable: "only Linux tells" }, { unavailable: "/proc/stat is hidden" }];
  const elsewhere = threads(1).map((thread) => ({
    ...thread,
    onCoreMs: noLinux,
    waitingMs: noLinux,
    asleepMs: noLinux,
    wantedSwitches: noLinux,
    forcedSwitches: noLinux,
  }));
  const profile = profileOf(
    "TestOne",
    measured({
      threads: elsewhere,
      otherThreadsOnCoreMs: noLinux,
      otherProgramsOnCoreMs: hidden,
      clock: { unavailable: "nothing was sent" },
    }),
  );
  for (const name of ["main", "peer 0"]) {
    t.deepEqual(rowOf(profile, name).slice(1), ["n/a", "n/a", "n/a", "n/a", "n/a"]);
  }
  t.deepEqual(rowOf(profile, "helpers of Node"), ["helpers of Node", "n/a"]);
  t.deepEqual(rowOf(profile, "other programs"), ["other programs", "n/a"]);
  t.deepEqual(
    profileLines(profile).filter((line) => /n\/a: |not known/.test(line)),
    [
      "  n/a: only Linux tells.",
      "  n/a: /proc/stat is hidden.",
      "  Whether the threads' clocks agree is not known: nothing was sent.",
    ],
  );
});

test("where stacks were sampled, the table says what that does to its figures", (t) => {
  const remark = /Stacks were sampled, so event loops look busier than they were/;
  t.regex(profileLines(profileOf("TestOne", measured({ stacksSampled: true }))).join("\n"), remark);
  t.notRegex(profileLines(profileOf("TestOne")).join("\n"), remark);
});

test("the curve has a line for each load: what it committed, and what it waited for", (t) => {
  const three = loadProfile(200, measured({ threads: threads(3, { onCoreMs: 100 }) }), 1.5);
  const five = loadProfile(200, measured({ threads: threads(5, { onCoreMs: 300, waitingMs: 100 }) }), 4);
  const [, ...rows] = curveLines([three, profileOf("TestOne"), five]).map((line) =>
    line.trim().split(/ {2,}/),
  );
  t.deepEqual(rows, [
    ["3", "200", "200.0", "1.50", "15.0", "10.0 %", "0.1 %", "1.0 %", "0.1 %", "0.200", "clock"],
    ["5", "200", "200.0", "4.00", "40.0", "30.0 %", "10.0 %", "1.0 %", "0.1 %", "0.200", "clock"],
  ]);
});
