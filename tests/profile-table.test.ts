import test from "ava";
import type { Profile } from "../src/profile/profile.js";
import { curveLines, profileLines } from "../src/profile/table.js";
import { about, measured, threads } from "./helpers/measured.js";
import { loadProfile, profileOf } from "./helpers/profiles.js";

/** The row of the first table line that begins with `name`, its cells. */
function rowOf(profile: Profile, name: string): string[] {
  const line = profileLines(profile).find((each) => each.startsWith(`  ${name} `)) ?? "";
  return line.trim().split(/ {2,}/);
}

test("the table tells of each thread, in the order of its headings", (t) => {
  const profile = profileOf("TestOne", measured({ threads: threads(2, { onCoreMs: 930, waitingMs: 20 }) }));
  t.deepEqual(rowOf(profile, "thread").slice(0, 7), [
    "thread",
    "on core",
    "waits for core",
    "asleep",
    "switches",
    "forced",
    "loop busy",
  ]);
  t.deepEqual(rowOf(profile, "main").slice(0, 7), ["main", "93.0 %", "2.0 %", "5.0 %", "100", "10", "2.0 %"]);
  t.deepEqual(rowOf(profile, "other programs"), ["other programs", "4.0 %"]);
  t.is(profileLines(profile).at(-1), `  ${profile.bottleneck.sentence}`);
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
    t.deepEqual(rowOf(profile, name).slice(1, 7), ["n/a", "n/a", "n/a", "n/a", "n/a", "2.0 %"]);
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
