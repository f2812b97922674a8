import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, extname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Message, Plugin } from "esbuild";
import { UsageError } from "../errors.js";
import { compilePrelude } from "./prelude-code.js";
import { compileModule } from "./script.js";
import { RAFT_FILE, WORKER_FILE } from "./script-names.js";

/**
 * A raft.ts made ready to run: one script and its source map, bundled once per run and evaluated once per
 * incarnation, with the two programs that host it. Plain data: it crosses to worker threads as it stands.
 */
export interface Program {
  /** raft.ts as the user named it. */
  readonly raftPath: string;
  /** The bundle, a CommonJS script. `node:*` and `whitewater` are still `require`d. */
  readonly raftText: string;
  /** The bundle's source map, JSON; its sources are relative to the folder of raft.ts. */
  readonly raftMap: string;
  /** sha-256 of `raftText`, hex: the same text, the same program. */
  readonly hash: string;
  /** What is evaluated in a peer's realm before raft.ts (`realm/prelude.ts`). */
  readonly preludeText: string;
  /** What a worker thread loads (`peer-worker.ts`). */
  readonly workerText: string;
  /** V8's code for the three texts, so that no thread has to compile them again: of this version of V8 alone. */
  readonly raftCode: Uint8Array | undefined;
  readonly preludeCode: Uint8Array;
  readonly workerCode: Uint8Array;
}

/** raft.ts cannot be bundled: a syntax error, an import that leads nowhere. The message has file and line. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** The extension of our own modules: `.ts` from source, `.js` in the package. */
const OWN_EXTENSION = extname(fileURLToPath(import.meta.url));

/** The reference Raft, which is tested when the user names no raft.ts. */
export const REFERENCE_RAFT = ownFile("../raft/raft");

/**
 * Bundles the raft.ts at `raftPath`, with its helper modules and pure npm packages.
 * @throws {UsageError} if there is no such file
 * @throws {BundleError} if it cannot be bundled
 */
export async function loadProgram(raftPath: string): Promise<Program> {
  const entry = resolve(raftPath);
  const info = await stat(entry).catch(() => undefined);
  if (!info?.isFile()) {
    throw new UsageError(
      `No such file: ${raftPath}. --raft takes the path of your raft.ts; \`npx whitewater init my-raft\` writes one to start from.`,
    );
  }
  hostPrograms().catch(() => {}); // bundled meanwhile; `withHost` tells what came of it
  const { text, map } = await bundleRaft(entry);
  return await withHost({ raftPath, raftText: text, raftMap: map });
}

/** A raft.ts that is bundled already, with the programs that host it. */
export async function withHost(raft: Pick<Program, "raftPath" | "raftText" | "raftMap">): Promise<Program> {
  const { raftText } = raft;
  return { ...raft, hash: hashOf(raftText), raftCode: codeOf(raftText), ...(await hostPrograms()) };
}

/** V8's code for raft.ts; none where V8 finds an error that esbuild did not: the peer that loads it tells. */
function codeOf(raftText: string): Uint8Array | undefined {
  try {
    return compileModule(raftText, { filename: RAFT_FILE }).createCachedData();
  } catch {
    return undefined;
  }
}

/** sha-256 of a bundled text, hex. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

async function bundleRaft(entry: string): Promise<{ text: string; map: string }> {
  return await bundle({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    platform: "node",
    sourcemap: "external",
    keepNames: true,
    supported: { "dynamic-import": false }, // it becomes a require, which a realm can answer
    banner: STRICT,
    define: WHERE_IT_LIES,
    plugins: [leaveWhitewaterOut],
  });
}

/** `whitewater` is given by the prelude, so that raft.ts and its host share one labgob. */
const leaveWhitewaterOut: Plugin = {
  name: "whitewater",
  setup(build) {
    const index = ownFile("../index");
    const external = { path: "whitewater", external: true };
    build.onResolve({ filter: /^whitewater$/ }, () => external);
    // The reference Raft, which lives in this package, names the same module by its path.
    build.onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) =>
      stem(resolve(resolveDir, path)) === stem(index) ? external : undefined,
    );
  },
};

/** The same in every mode and on every machine; the bundle's own place would be neither. */
const WHERE_IT_LIES = {
  "import.meta.url": '"file:///raft.ts"',
  "import.meta.filename": '"/raft.ts"',
  "import.meta.dirname": '"/"',
};

/** As all modules are; esbuild says so only where a tsconfig.json does, and loses it in a script. */
const STRICT = { js: '"use strict";' };

type HostPrograms = Pick<Program, "preludeText" | "preludeCode" | "workerText" | "workerCode">;

let hostProgramsOnce: Promise<HostPrograms> | undefined;

/** Our own two programs, bundled once per process: the same way from source and from the package. */
function hostPrograms(): Promise<HostPrograms> {
  hostProgramsOnce ??= (async () => {
    const [prelude, worker] = await Promise.all([
      bundle({ entryPoints: [ownFile("realm/prelude")], platform: "browser", banner: STRICT }),
      bundle({ entryPoints: [ownFile("../peer-worker")], platform: "node", banner: STRICT }),
    ]);
    return {
      preludeText: prelude.text,
      preludeCode: compilePrelude(prelude.text),
      workerText: worker.text,
      workerCode: compileModule(worker.text, { filename: WORKER_FILE }).createCachedData(),
    };
  })();
  return hostProgramsOnce;
}

/**
 * Bundles a file and what it imports, as one script unless `options` say otherwise.
 * @throws {BundleError} if it cannot be bundled
 */
export async function bundle(options: BuildOptions): Promise<{ text: string; map: string }> {
  const { build, formatMessages } = await import("esbuild"); // for the thread that bundles, as well
  try {
    const { outputFiles = [] } = await build({
      bundle: true,
      write: false,
      outfile: "bundle.js",
      format: "cjs",
      target: "node20",
      logLevel: "silent",
      ...options,
    });
    const textOf = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? "";
    return { text: textOf(".js"), map: textOf(".js.map") };
  } catch (error) {
    const errors = (error as { errors?: Message[] }).errors;
    if (!errors) throw error;
    const lines = await formatMessages(errors.map(inOurWords), { kind: "error", color: false });
    throw new BundleError(lines.join("\n").trim());
  }
}

/** esbuild speaks to whoever runs it, of formats and externals; the author of a raft.ts has none of these. */
function inOurWords(message: Message): Message {
  const text = /top-level await/i.test(message.text) ? NO_TOP_LEVEL_AWAIT : message.text;
  return { ...message, text, notes: message.notes.filter(({ text }) => !text.includes("external")) };
}

const NO_TOP_LEVEL_AWAIT =
  "A top-level await: a peer is loaded at once, between two messages, so no module of it can wait. " +
  "Await in an async function that make calls without waiting for it.";

/** The absolute path of a module of our own, given relative to this one and without extension. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(`${path}${OWN_EXTENSION}`, import.meta.url));
}

function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** `path` as seen from where the user stands, for messages. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith("..") ? path : shown;
}
