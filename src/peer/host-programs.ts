import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { Script } from "node:vm";
import { bundle, ownFile, ownFileThere, STRICT } from "./bundler.js";
import { compilePrelude } from "./prelude-code.js";
import { AS_MODULE, compileModule } from "./script.js";
import { WORKER_FILE } from "./script-names.js";

/** The two programs that host a raft.ts, with V8's code for them. Plain data. */
export interface HostPrograms {
  /** What is evaluated in a peer's realm before raft.ts (`realm/prelude.ts`): a script that gives its module. */
  readonly preludeText: string;
  /** What a worker thread loads (`peer-worker.ts`). */
  readonly workerText: string;
  /** Of this version of V8 alone: no thread has to compile them again. */
  readonly preludeCode: Uint8Array;
  readonly workerCode: Uint8Array;
}

type Texts = Pick<HostPrograms, "preludeText" | "workerText">;

/** Of the prelude. Only the package has it not: there both texts are built. */
const PRELUDE_SOURCE = ownFile("../peer/realm/prelude");

let once: Promise<HostPrograms> | undefined;

/** Made once per process. */
export function hostPrograms(): Promise<HostPrograms> {
  once ??= (async () => {
    const { preludeText, workerText } = existsSync(PRELUDE_SOURCE)
      ? await bundledTexts()
      : await builtTexts();
    return {
      preludeText,
      preludeCode: compilePrelude(preludeText),
      workerText,
      workerCode: codeOfWorker(workerText),
    };
  })();
  return once;
}

/**
 * V8's code for all of the worker's functions. V8 compiles a function when it is first called: each thread would do
 * so again, for longer than it takes to read the code of all.
 */
function codeOfWorker(workerText: string): Uint8Array {
  setFlagsFromString("--no-lazy");
  let script: Script;
  try {
    script = compileModule(workerText, { filename: WORKER_FILE });
  } finally {
    setFlagsFromString("--lazy"); // before the code is taken: it holds for the flags of that moment alone
  }
  return script.createCachedData();
}

/** Bundles them into `folder`: of the package, `dist/peer/host`. */
export async function buildHostPrograms(folder: string): Promise<void> {
  const { preludeText, workerText } = await bundledTexts();
  await mkdir(folder, { recursive: true });
  await Promise.all([
    writeFile(join(folder, "prelude.js"), preludeText),
    writeFile(join(folder, "worker.js"), workerText),
  ]);
}

async function builtTexts(): Promise<Texts> {
  const [preludeText, workerText] = await Promise.all([
    readFile(ownFileThere("../peer/host/prelude"), "utf8"),
    readFile(ownFileThere("../peer/host/worker"), "utf8"),
  ]);
  return { preludeText, workerText };
}

/** Without blanks and remarks, since every thread gets them; in lines that a debugger can show. */
const SHORT = { minifyWhitespace: true, minifySyntax: true, lineLimit: 120 };

async function bundledTexts(): Promise<Texts> {
  const [prelude, worker] = await Promise.all([
    bundlePrelude(),
    bundle({ ...SHORT, entryPoints: [ownFile("../peer-worker")], platform: "node", banner: STRICT }),
  ]);
  return { preludeText: prelude.text, workerText: worker.text };
}

/** The prelude, from its source, with its source map. */
export function bundlePrelude(): Promise<{ text: string; map: string }> {
  return bundle({
    ...SHORT,
    ...AS_MODULE,
    entryPoints: [PRELUDE_SOURCE],
    platform: "browser",
    sourcemap: "external",
  });
}
