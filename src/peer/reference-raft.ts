import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SOURCE_FOLDER } from "../own-package.js";
import { sha256 } from "../text/sha256.js";
import { bundleRaft, type RaftBundle } from "./raft-bundle.js";

/** The reference Raft, which is tested when the user names no raft.ts. */
export const REFERENCE_RAFT = join(SOURCE_FOLDER, "raft/raft.ts");

/** The reference Raft, bundled when the package was built: a first run need not wait for esbuild. */
interface BuiltReference extends RaftBundle {
  /** What it was made of: sha-256 of each source, in hex, by its path as the map has it. */
  readonly sources: Readonly<Record<string, string>>;
}

const FILE = "bundle.json";
/** Where the package has it. From source there is none. */
const BUILT_REFERENCE = fileURLToPath(new URL(`../raft/${FILE}`, import.meta.url));

/** `undefined` where there is none, and where its sources are not what they were. */
export async function builtReference(): Promise<RaftBundle | undefined> {
  try {
    const { sources, ...built } = JSON.parse(await readFile(BUILT_REFERENCE, "utf8")) as BuiltReference;
    const now = await hashesOf(Object.keys(sources));
    return Object.entries(sources).every(([path, hash]) => now[path] === hash) ? built : undefined;
  } catch {
    return undefined; // and it is bundled now
  }
}

/** Bundles it into `folder`: of the package, `dist/raft`. */
export async function buildReference(folder: string): Promise<void> {
  const built = await bundleRaft(REFERENCE_RAFT);
  const sources = await hashesOf((JSON.parse(built.map) as { sources: string[] }).sources);
  await writeFile(join(folder, FILE), JSON.stringify({ ...built, sources } satisfies BuiltReference));
}

async function hashesOf(sources: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const folder = dirname(REFERENCE_RAFT);
  const hashes = sources.map(async (path) => [path, sha256(await readFile(join(folder, path), "utf8"))]);
  return Object.fromEntries(await Promise.all(hashes)) as Record<string, string>;
}
