import { existsSync } from "node:fs";
import { REFERENCE_RAFT } from "../peer/reference-raft.js";
import { requireFile } from "../peer/user-file.js";

const RAFT_HINT =
  "--raft takes the path of your raft.ts; `npx whitewater init my-raft` writes one to start from.";

/**
 * The raft.ts that a command is about: the one named, or the one in this folder, or the reference Raft.
 * @throws {UsageError} if there is no such file
 */
export async function raftFile(named: string | undefined): Promise<string> {
  const raft = named ?? (existsSync("raft.ts") ? "raft.ts" : REFERENCE_RAFT);
  await requireFile(raft, RAFT_HINT);
  return raft;
}

/** What a command calls it. */
export function shownRaft(raft: string): string {
  return raft === REFERENCE_RAFT ? "the reference Raft" : raft;
}
