import test from "ava";
import { EPOCH_MS, openRealm } from "./helpers/realm.js";

// Far from UTC, so that a local time that shows through makes a test fail.
process.env.TZ = "Asia/Kolkata";

const CLOCKS: readonly { source: string; at90s: unknown }[] = [
  { source: "Date.now()", at90s: EPOCH_MS + 90_000 },
  { source: "new Date().getTime()", at90s: EPOCH_MS + 90_000 },
  { source: "Date()", at90s: "Mon Jan 01 2024 00:01:30 GMT+0000 (Coordinated Universal Time)" },
  { source: "performance.now()", at90s: 90_000 },
  { source: "performance.timeOrigin", at90s: EPOCH_MS },
  { source: "require('node:perf_hooks').performance === performance", at90s: true },
  { source: "performance.mark('a').startTime", at90s: 90_000 },
  {
    source: "performance.mark('b', { startTime: 5 }), performance.measure('c', 'b').duration",
    at90s: 89_995,
  },
  { source: "process.hrtime().join()", at90s: "90,0" },
  { source: "process.hrtime([1, 500]).join()", at90s: "88,999999500" },
  { source: "process.hrtime.bigint()", at90s: 90_000_000_000n },
  { source: "process.uptime()", at90s: 90 },
  { source: "require('os').uptime()", at90s: 90 },
  { source: "new Event('e').timeStamp", at90s: 90_000 },
  { source: "new Intl.DateTimeFormat().format()", at90s: "1/1/2024" },
  { source: "Intl.DateTimeFormat().formatToParts().map((p) => p.value).join('')", at90s: "1/1/2024" },
  {
    source: "new Intl.DateTimeFormat('en', { timeStyle: 'short' }).format(undefined)",
    at90s: "12:01 AM",
  },
  { source: "new Date().toLocaleString()", at90s: "1/1/2024, 12:01:30 AM" },
  { source: "new Date().toLocaleTimeString('de')", at90s: "00:01:30" },
];

for (const { source, at90s } of CLOCKS) {
  test(`shows virtual time: ${source}`, async (t) => {
    const realm = await openRealm();
    await realm.advanceTo(90_000);
    t.is(realm.run(source), at90s);
  });
}

const DATES: readonly { source: string; is: unknown }[] = [
  { source: "new Date(2024, 0, 15, 10).toISOString()", is: "2024-01-15T10:00:00.000Z" },
  { source: "new Date('2024-01-15T10:00').toISOString()", is: "2024-01-15T10:00:00.000Z" },
  { source: "new Date('2024-01-15T10:00:00+02:00').toISOString()", is: "2024-01-15T08:00:00.000Z" },
  { source: "new Date('2024-01-15').toISOString()", is: "2024-01-15T00:00:00.000Z" },
  { source: "new Date('Jan 15, 2024 10:00').toISOString()", is: "2024-01-15T10:00:00.000Z" },
  { source: "new Date('15 Jan 2024 10:00 GMT+0200').toISOString()", is: "2024-01-15T08:00:00.000Z" },
  { source: "new Date(new Date(7).toString()).getTime()", is: 0 },
  { source: "Date.parse('nonsense')", is: Number.NaN },
  { source: "Date.UTC(2024, 0)", is: EPOCH_MS },
  { source: "new Date(new Date(7)).getTime()", is: 7 },
  { source: "String(new Date(NaN))", is: "Invalid Date" },
  { source: "new Date(0).getHours() + new Date(0).getTimezoneOffset()", is: 0 },
  { source: "new Date(0).setHours(5)", is: 5 * 3600 * 1000 },
  { source: "new Date(0) instanceof Date && new Date(0).constructor === Date", is: true },
  { source: "class D extends Date {}; const d = new D(); d instanceof D && d.getFullYear()", is: 2024 },
  { source: "Date.name + Date.length + typeof Date.prototype.getTime", is: "Date7function" },
  { source: "Intl.DateTimeFormat().resolvedOptions().timeZone", is: "UTC" },
  { source: "new Intl.NumberFormat().resolvedOptions().locale", is: "en-US" },
  { source: "(1234.5).toLocaleString()", is: "1,234.5" },
  { source: "'a'.localeCompare('B') + 'I'.toLocaleLowerCase()", is: "-1i" },
  { source: "new Intl.Collator() instanceof Intl.Collator", is: true },
];

for (const { source, is } of DATES) {
  test(`a date or locale is the same on every machine: ${source}`, async (t) => {
    t.is((await openRealm()).run(source), is);
  });
}

test("one seed, one sequence; every peer and every stream its own", async (t) => {
  const draws = async (seed: number, first = "") => {
    const realm = await openRealm({ seed });
    return realm.run<string>(`${first}; JSON.stringify([Math.random(), Math.random(), Math.random()])`);
  };
  const ids = async (seed: number) => {
    const realm = await openRealm({ seed });
    return realm.run<string>(`JSON.stringify([
      crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(9))],
      require("node:crypto").randomBytes(4).toString("hex"), require("node:crypto").randomInt(5, 1e9),
      [...require("crypto").randomFillSync(Buffer.alloc(4), 2)],
    ])`);
  };
  t.is(await draws(1), await draws(1));
  t.is(await draws(1), await draws(1, "crypto.randomUUID()"));
  t.not(await draws(1), await draws(2));
  t.is(await ids(1), await ids(1));
  t.not(await ids(1), await ids(2));
});

test("Math.random is uniform from 0 to 1, and seeds next to each other start far apart", async (t) => {
  const realm = await openRealm();
  const counts = realm.run<number[]>(`
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(Math.random() * 10)]++;
    counts`);
  t.is(counts.length, 10);
  for (const count of counts) t.true(Math.abs(count - 10_000) < 500, String([...counts]));
  const firsts = await Promise.all(
    [1, 2, 3, 4, 5].map(async (seed) => (await openRealm({ seed })).run<number>("Math.random()")),
  );
  const gaps = [...firsts].sort((a, b) => a - b).map((value, i, all) => value - (all[i - 1] ?? -1));
  t.true(Math.min(...gaps) > 0.001, String(firsts));
});
