import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, extname, join, relative, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { UsageError } from "../errors.js";
import { SOURCE_FOLDER } from "../own-package.js";
import { bundle, STRICT } from "./bundler.js";
import { type HostPrograms, hostPrograms } from "./host-programs.js";
import { compileModule } from "./script.js";
import { RAFT_FILE } from "./script-names.js";

/**
 * A raft.ts made ready to run: one script and its source map, bundled once per run and evaluated once per
 * incarnation, with the two programs that host it. Plain data: it crosses to worker threads as it stands.
 */
export interface Program extends HostPrograms {
  /** raft.ts as the user named it. */
  readonly raftPath: string;
  /** The bundle, a CommonJS script. `node:*` and `whitewater` are still `require`d. */
  readonly raftText: string;
  /** The bundle's source map, JSON; its sources are relative to the folder of raft.ts. */
  readonly raftMap: string;
  /** sha-256 of `raftText`, hex: the same text, the same program. */
  readonly hash: string;
  /** V8's code for `raftText`, so that no thread has to compile it again: of this version of V8 alone. */
  readonly raftCode: Uint8Array | undefined;
}

/** The reference Raft, which is tested when the user names no raft.ts. */
export const REFERENCE_RAFT = join(SOURCE_FOLDER, "raft/raft.ts");

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
  hostPrograms().catch(() => {}); // made meanwhile; `withHost` tells what came of it
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
    const index = join(SOURCE_FOLDER, "index");
    const external = { path: "whitewater", external: true };
    build.onResolve({ filter: /^whitewater$/ }, () => external);
    // The reference Raft, which lives in this package, names the same module by its path.
    build.onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) =>
      stem(resolve(resolveDir, path)) === index ? external : undefined,
    );
  },
};

/** The same in every mode and on every machine; the bundle's own place would be neither. */
const WHERE_IT_LIES = {
  "import.meta.url": '"file:///raft.ts"',
  "import.meta.filename": '"/raft.ts"',
  "import.meta.dirname": '"/"',
};

function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}

/** `path` as seen from where the user stands, for messages. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith("..") ? path : shown;
}
