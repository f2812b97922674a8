import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import test, { type ExecutionContext, type Implementation } from "ava";
import { type Browser, chromium, type Page } from "playwright-core";

/** Where systems keep a Chromium, or what is one but for its name. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Set to `required`, a missing browser fails the tests that need one; otherwise they are left out, and say so. */
const IS_REQUIRED = process.env.WHITEWATER_BROWSER === "required";

const executable = PLACES.find((path) => existsSync(path));

/** Background traffic of the browser's own is switched off: it would look for hosts of its maker. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A test that needs a browser. */
export function testInBrowser(title: string, run: Implementation<[]>): void {
  if (executable || IS_REQUIRED) test.serial(title, run);
  else
    test.skip(
      `${title} (left out: no Chromium is installed; WHITEWATER_BROWSER=required makes it fail)`,
      run,
    );
}

/** A page in a browser, with all that went wrong in it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors thrown, errors logged, and requests for anything but the file itself. */
  readonly errors: readonly string[];
}

let launched: Promise<Browser> | undefined;

/** Opens a file in a page of its own, of this width. It closes when the test ends. */
export async function openFile(t: ExecutionContext, path: string, width: number): Promise<OpenPage> {
  if (!executable) throw new Error(`There is no browser in any of ${PLACES.join(", ")}.`);
  launched ??= chromium.launch({ executablePath: executable, args: ARGS });
  const browser = await launched;
  const page = await browser.newPage({ viewport: { width, height: 800 } });
  t.teardown(() => page.close());
  const errors: string[] = [];
  const url = pathToFileURL(path).href;
  page.on("pageerror", (error) => errors.push(`thrown: ${error}`));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`logged: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (request.url() !== url) errors.push(`requested: ${request.url()}`);
  });
  await page.goto(url);
  return { page, errors };
}

test.after.always(async () => {
  await (await launched)?.close();
});
