import { stat } from "node:fs/promises";
import { relative, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { sha256 } from "../text/sha256.js";
import { type HostPrograms, hostPrograms } from "./host-programs.js";
import { bundleRaft } from "./raft-bundle.js";
import { builtReference, REFERENCE_RAFT } from "./reference-raft.js";
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
  const built = entry === REFERENCE_RAFT ? await builtReference() : undefined;
  const { text, map } = built ?? (await bundleRaft(entry));
  return await withHost({ raftPath, raftText: text, raftMap: map });
}

/** A raft.ts that is bundled already, with the programs that host it. */
export async function withHost(raft: Pick<Program, "raftPath" | "raftText" | "raftMap">): Promise<Program> {
  const { raftText } = raft;
  return { ...raft, hash: sha256(raftText), raftCode: codeOf(raftText), ...(await hostPrograms()) };
}

/** V8's code for raft.ts; none where V8 finds an error that esbuild did not: the peer that loads it tells. */
function codeOf(raftText: string): Uint8Array | undefined {
  try {
    return compileModule(raftText, { filename: RAFT_FILE }).createCachedData();
  } catch {
    return undefined;
  }
}

/** `path` as seen from where the user stands, for messages. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path);
  return shown.startsWith("..") ? path : shown;
}
