import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Locator, Page } from "playwright-core";
import { pageRenderer } from "../src/profile/page/page.js";
import { pageData } from "../src/profile/page/page-data.js";
import { sortedRows } from "../src/profile/page/sortable-table.js";
import type { Profile } from "../src/profile/profile.js";
import { openFile, testInBrowser } from "./helpers/browser.js";
import { measured, threads } from "./helpers/measured.js";
import { loadProfile, profileOf } from "./helpers/profiles.js";

/** A list of loads: the more peers, the slower. */
const curve = [3, 5, 9, 17].map((peers) => loadProfile(200, measured({ threads: threads(peers) }), peers));

async function pageOf(t: ExecutionContext, profiles: readonly Profile[], title = "Profile"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-page-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "profile.html");
  const render = await pageRenderer();
  await writeFile(file, render(pageData(title, ["seed 7"], profiles)));
  return file;
}

/** The texts of the headings of the overview. */
const headingsOf = (page: Page) => page.locator("#overview thead th").allTextContents();

/** The texts of a column of the overview, from its second row on. */
const columnOf = (page: Page, column: number) =>
  page.locator(`#overview tbody tr td:nth-child(${column})`).allTextContents();

for (const width of [1280, 400]) {
  testInBrowser(
    `a curve's page opens without an error at ${width} pixels, with its table, sentences and plots`,
    async (t) => {
      const { page, errors } = await openFile(t, await pageOf(t, curve), width);
      t.is(await page.title(), "Profile");
      t.deepEqual(await columnOf(page, 3), ["3", "5", "9", "17"]);
      const headings = await headingsOf(page);
      for (const heading of ["result", "committed/s", "commit p99 ms", "bottleneck", "round trip p99 ms"]) {
        t.true(headings.includes(heading), heading);
      }
      t.regex(
        (await page.locator("#runs summary").first().textContent()) ?? "",
        /Load200Peers3.*Nothing is short/,
      );

      t.deepEqual(await page.locator("#plots figcaption").allTextContents(), [
        "Throughput against peers",
        "Commit latency against peers",
        "Waits (p99) at 200/s against peers",
        "Threads at 200/s against peers",
      ]);
      t.is(await page.locator("#plots .u-legend .u-value").first().textContent(), "17", "of the last point");
      for (const canvas of await page.locator("#plots canvas").all()) t.true(await isDrawnOn(canvas));
      t.deepEqual(errors, []);

      // Nothing stands beyond the edge but what scrolls in a box of its own.
      t.true((await page.evaluate("document.documentElement.scrollWidth")) === width);
      for (const box of await page.locator("h1, #overview, summary, figure canvas").all()) {
        const place = await box.boundingBox();
        t.true(place !== null && place.x >= 0 && place.x + place.width <= width, JSON.stringify(place));
      }
      const smallest = await page.evaluate(
        "Math.min(...[...document.querySelectorAll('h1,li,th,td,summary,figcaption')].map((e) => parseFloat(getComputedStyle(e).fontSize)))",
      );
      t.true(Number(smallest) >= 12, `the smallest text has ${smallest} pixels`);
    },
  );
}

testInBrowser("a click on a heading sorts by it, a second one the other way round", async (t) => {
  const { page, errors } = await openFile(t, await pageOf(t, curve), 1280);
  const heading = page.locator("#overview th", { hasText: "commit p50 ms" });
  await heading.locator("button").click();
  t.is(await heading.getAttribute("aria-sort"), "ascending");
  t.deepEqual(await columnOf(page, 3), ["3", "5", "9", "17"]);
  await heading.locator("button").click();
  t.is(await heading.getAttribute("aria-sort"), "descending");
  t.deepEqual(await columnOf(page, 3), ["17", "9", "5", "3"]);
  await page.locator("#overview th button", { hasText: "peers" }).first().press("Enter");
  t.deepEqual(await columnOf(page, 3), ["3", "5", "9", "17"]);
  t.is(await heading.getAttribute("aria-sort"), null);
  t.deepEqual(errors, []);
});

testInBrowser("a page of cases has a table for each, which opens, and no plots", async (t) => {
  const { result, ...rest } = profileOf("TestBasicAgree3B");
  const error = { kind: "check", message: "no leader", atMs: 1 };
  const profiles: Profile[] = [
    { ...rest, result: { ...result, status: "failed", error } },
    profileOf("TestBackup3B", measured({ threads: threads(5) })),
  ];
  const { page, errors } = await openFile(t, await pageOf(t, profiles), 1280);
  t.is(await page.locator("#plots figure").count(), 0);
  t.is(await page.locator("#runs .failure").count(), 1);
  t.is(await page.locator("#runs .failure").textContent(), "failed: no leader");
  t.deepEqual(await columnOf(page, 2), ["check", "passed"]);
  const backup = page.locator("#runs details").nth(1);
  t.false(await backup.locator("table").first().isVisible());
  await backup.locator("summary").click();
  const [coreTable, loopTable, messageTable] = await backup.locator("table").all();
  const names = ["main", ...[0, 1, 2, 3, 4].map((peer) => `peer ${peer}`)];
  const namesIn = (table: Locator | undefined) => table?.locator("tbody td:first-child").allTextContents();
  t.deepEqual(await namesIn(coreTable), [...names, "helpers of Node", "other programs"]);
  t.deepEqual(await namesIn(loopTable), names);
  t.true(await messageTable?.locator("td", { hasText: "Raft.appendEntries" }).first().isVisible());
  t.deepEqual(errors, []);
});

testInBrowser("what stands in the data never becomes markup or script", async (t) => {
  const evil = `</script><script>document.title = "taken"</script><img src=x onerror="document.title='taken'">`;
  const { page, errors } = await openFile(t, await pageOf(t, [profileOf(evil)], evil), 1280);
  t.is(await page.locator("h1").textContent(), evil);
  t.is(await page.title(), evil);
  t.deepEqual(await columnOf(page, 1), [evil]);
  t.is(await page.locator("img").count(), 0);
  t.deepEqual(errors, []);
});

test("figures that the system does not tell come last, however a table is sorted, and say why", (t) => {
  const rows = [
    ["a", 3],
    ["b", null],
    ["c", 10],
  ] as const;
  const names = (direction: "ascending" | "descending") =>
    sortedRows(rows, 1, direction).map(([name]) => name);
  t.deepEqual(names("ascending"), ["a", "c", "b"]);
  t.deepEqual(names("descending"), ["c", "a", "b"]);
  t.deepEqual(sortedRows([["peer 10"], ["peer 9"]], 0, "ascending"), [["peer 9"], ["peer 10"]]);
  t.deepEqual(sortedRows([[""], [0], [2]], 0, "descending"), [[2], [0], [""]], "nothing is less than 0");

  const untold = { unavailable: "only Linux tells" };
  const elsewhere = threads(1).map((thread) => ({
    ...thread,
    onCoreMs: untold,
    waitingMs: untold,
    asleepMs: untold,
  }));
  const data = pageData("Profile", [], [profileOf("TestOne", measured({ threads: elsewhere }))]);
  t.deepEqual(data.facts, ["n/a: only Linux tells."]);
  t.deepEqual(
    data.runs[0]?.tables[0]?.rows.slice(0, 2).map((row) => row.slice(0, 4)),
    [
      ["main", null, null, null],
      ["peer 0", null, null, null],
    ],
  );
});

/** Whether anything is to be seen on it. */
function isDrawnOn(canvas: ReturnType<Page["locator"]>): Promise<boolean> {
  return canvas.evaluate((element) => {
    const drawn = element as unknown as {
      readonly width: number;
      readonly height: number;
      getContext(kind: "2d"): {
        getImageData(x: number, y: number, w: number, h: number): { data: Uint8Array };
      };
    };
    const pixels = drawn.getContext("2d").getImageData(0, 0, drawn.width, drawn.height).data;
    return pixels.some((value) => value !== 0);
  });
}
