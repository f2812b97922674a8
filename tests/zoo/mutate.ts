import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { type Bug, type Edit, RAFT_FILES, type RaftFile } from "./bug.js";

/** The texts of a Raft of several files, by file. */
export type Sources = Readonly<Record<RaftFile, string>>;

/** The reference Raft as it stands in `src/raft`. */
export async function referenceSources(): Promise<Sources> {
  const folder = dirname(REFERENCE_RAFT);
  const files = RAFT_FILES.map(async (file) => [file, await readFile(join(folder, file), "utf8")] as const);
  return Object.fromEntries(await Promise.all(files)) as Record<RaftFile, string>;
}

/**
 * The reference Raft with the bug in it.
 * @throws {Error} if a text to find is not there exactly once
 */
export function mutated(bug: Bug, reference: Sources): Sources {
  const sources = { ...reference };
  for (const edit of bug.edits) sources[edit.file] = edited(sources[edit.file], edit, bug.name);
  return sources;
}

function edited(text: string, { file, find, put }: Edit, bugName: string): string {
  const [before, after, ...others] = text.split(find);
  if (before !== undefined && after !== undefined && others.length === 0) return before + put + after;
  const count = before === text ? 0 : others.length + 1;
  throw new Error(
    `The bug ${bugName} no longer fits src/raft/${file}: this text stands there ${count} times, not once:\n${find}`,
  );
}

/**
 * Writes the sources into `folder`, which is made if need be, as an author outside this package has them.
 * @returns the path of the raft.ts
 */
export async function writeSources(sources: Sources, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const file of RAFT_FILES) {
    await writeFile(join(folder, file), sources[file].replaceAll('"../index.js"', '"whitewater"'));
  }
  return join(folder, "raft.ts");
}

/** Calls `use` with the path of the mutant's raft.ts. Its folder is gone afterwards. */
export async function withMutant<Result>(
  bug: Bug,
  reference: Sources,
  use: (raftPath: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-zoo-"));
  try {
    return await use(await writeSources(mutated(bug, reference), folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
