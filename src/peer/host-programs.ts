import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle, ownFile, STRICT } from "./bundler.js";
import { compilePrelude } from "./prelude-code.js";
import { compileModule } from "./script.js";
import { WORKER_FILE } from "./script-names.js";

/** The two programs that host a raft.ts, with V8's code for them. Plain data. */
export interface HostPrograms {
  /** What is evaluated in a peer's realm before raft.ts (`realm/prelude.ts`). */
  readonly preludeText: string;
  /** What a worker thread loads (`peer-worker.ts`). */
  readonly workerText: string;
  /** Of this version of V8 alone: no thread has to compile them again. */
  readonly preludeCode: Uint8Array;
  readonly workerCode: Uint8Array;
}

type Texts = Pick<HostPrograms, "preludeText" | "workerText">;

/** Where `npm run build` leaves the texts. From source, where nothing is built, there are none. */
const BUILT = { prelude: ownFile("../peer/host/prelude"), worker: ownFile("../peer/host/worker") };

let once: Promise<HostPrograms> | undefined;

/** Made once per process. */
export function hostPrograms(): Promise<HostPrograms> {
  once ??= (async () => {
    const { preludeText, workerText } = existsSync(BUILT.worker) ? await builtTexts() : await bundledTexts();
    return {
      preludeText,
      preludeCode: compilePrelude(preludeText),
      workerText,
      workerCode: compileModule(workerText, { filename: WORKER_FILE }).createCachedData(),
    };
  })();
  return once;
}

/** Bundles them into `folder`: of the package, the one where `hostPrograms` looks for them. */
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
    readFile(BUILT.prelude, "utf8"),
    readFile(BUILT.worker, "utf8"),
  ]);
  return { preludeText, workerText };
}

async function bundledTexts(): Promise<Texts> {
  const [prelude, worker] = await Promise.all([
    bundle({ entryPoints: [ownFile("../peer/realm/prelude")], platform: "browser", banner: STRICT }),
    bundle({ entryPoints: [ownFile("../peer-worker")], platform: "node", banner: STRICT }),
  ]);
  return { preludeText: prelude.text, workerText: worker.text };
}
