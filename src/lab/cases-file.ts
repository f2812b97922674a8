import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";
import * as cases from "../cases.js";
import { UsageError } from "../errors.js";
import type { CaseDefinition } from "../harness/case.js";
import { casesOfModule } from "../harness/select.js";
import * as index from "../index.js";
import { BundleError, bundle } from "../peer/bundler.js";
import { requireFile } from "../peer/user-file.js";
import { sha256 } from "../text/sha256.js";
import { extraCases, labCases } from "./index.js";

const OURS: readonly CaseDefinition[] = [...labCases, ...extraCases];

/**
 * A file of the user's cases, bundled: whatever becomes of the file meanwhile, all threads and processes of a command
 * run the same cases. Plain data.
 */
export interface CasesFile {
  /** As the user named it. */
  readonly path: string;
  /** sha-256 of it and what it imports, bundled; hex. It says nothing of where they lie. */
  readonly hash: string;
  /** Where the bundle lies, an ES module. It is there as long as the process that made it. */
  readonly module: string;
}

/**
 * Bundles the user's file, whatever kind of module its folder makes of a `.ts`.
 * @throws {UsageError} if there is no such file, or it cannot be bundled
 */
export async function bundleCases(path: string | undefined): Promise<CasesFile | undefined> {
  if (path === undefined) return undefined;
  await requireFile(path, "--cases takes a file of your own cases.");
  const entry = resolve(path);
  const folder = ownFolder();
  try {
    const [text, hash] = await Promise.all([textOf(entry, folder), hashOfCases(entry)]);
    bundles += 1;
    const module = join(folder, `cases${bundles}.mjs`);
    writeFileSync(module, text);
    return { path, hash, module };
  } catch (error) {
    throw doesNotLoad(path, error);
  }
}

/**
 * The lab's cases, those beside them, and those that the user's file exports.
 * @throws {UsageError} if the file does not load, or it exports no case, or one of a name of ours
 */
export async function allCases(file: CasesFile | undefined): Promise<readonly CaseDefinition[]> {
  if (file === undefined) return OURS;
  const { path, module } = file;
  // Stacks in lines of the user's file. Modules that are loaded already, our own, are not affected.
  process.setSourceMapsEnabled(true);
  try {
    const own = casesOfModule((await import(pathToFileURL(module).href)) as object, path);
    const taken = own.find(({ name }) => OURS.some((other) => other.name === name));
    if (taken)
      throw new UsageError(`${path} exports ${taken.name}, which we have already; give yours another name.`);
    return [...OURS, ...own];
  } catch (error) {
    throw doesNotLoad(path, error);
  }
}

function doesNotLoad(path: string, error: unknown): UsageError {
  return error instanceof UsageError ? error : new UsageError(`${path} does not load: ${reasonOf(error)}`);
}

/** Of this process, once it has made one. */
let folderOfBundles: string | undefined;
let bundles = 0;

/** A folder that goes when this process ends. Those that load from it may be killed at any time. */
function ownFolder(): string {
  if (folderOfBundles !== undefined) return folderOfBundles;
  const folder = mkdtempSync(join(tmpdir(), "whitewater-cases-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  folderOfBundles = folder;
  return folder;
}

async function hashOfCases(entry: string): Promise<string> {
  return sha256((await bundle({ ...bundleOptions(entry), absWorkingDir: dirname(entry) })).text);
}

function bundleOptions(entry: string): BuildOptions {
  return {
    entryPoints: [entry],
    platform: "node",
    format: "esm",
    keepNames: true,
    plugins: [leaveWhitewaterOut],
  };
}

/** @param folder where the bundle will lie: its source map leads from there to the user's files */
async function textOf(entry: string, folder: string): Promise<string> {
  const url = pathToFileURL(entry).href;
  const { text } = await bundle({
    ...bundleOptions(entry),
    outfile: join(folder, "cases.js"),
    sourcemap: "inline",
    // What the bundle's own place would change: where a file lies that a case reads, and what npm packages
    // of the older kind of module `require`.
    define: { "import.meta.url": JSON.stringify(url), "import.meta.dirname": JSON.stringify(dirname(entry)) },
    banner: {
      js: `import { createRequire as makeRequire } from "node:module"; const require = makeRequire(${JSON.stringify(url)});`,
    },
  });
  return text;
}

/** What the user's cases import of ours, by the name to import it. */
const OWN_MODULES: Readonly<Record<string, object>> = { whitewater: index, "whitewater/cases": cases };

/** Where the bundle finds these. A path would not do: in a thread, what loads our sources may not load it. */
const OWN_MODULES_AT = "whitewater modules of this thread";
Object.assign(globalThis, { [OWN_MODULES_AT]: OWN_MODULES });

/** The user's cases get the modules that run them, so that a `CaseFailure` there is a `CaseFailure` here. */
const leaveWhitewaterOut: Plugin = {
  name: "whitewater",
  setup(build) {
    const namespace = "whitewater";
    build.onResolve({ filter: /^whitewater(\/cases)?$/ }, ({ path }) => ({ path, namespace }));
    build.onLoad({ filter: /.*/, namespace }, ({ path }) => {
      const module = `globalThis[${JSON.stringify(OWN_MODULES_AT)}][${JSON.stringify(path)}]`;
      const names = Object.keys(OWN_MODULES[path] ?? {});
      return { contents: names.map((name) => `export const ${name} = ${module}.${name};`).join("\n") };
    });
  },
};

/** What was thrown and, for an error, where in the user's files. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof BundleError) return error.message;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const end = frames.findIndex((frame) => frame.includes("node:internal"));
  return [error.message, ...frames.slice(0, Math.max(end, 0))].join("\n");
}
