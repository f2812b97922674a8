/** Files that are there after a power cut, or not at all: the steps of POSIX that it takes. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** What a file is called until it is whole; one that still is was left by a crash. */
export const TEMPORARY_SUFFIX = ".tmp";

/**
 * Writes a new file in one atomic step: after a crash it is there whole, or not there.
 * @throws the system's error; the file is then not there, unless only the last step, which makes the name
 *   durable, has failed
 */
export function writeFileDurably(directory: string, name: string, parts: readonly Uint8Array[]): void {
  const temporary = join(directory, name + TEMPORARY_SUFFIX);
  try {
    writeAndSync(temporary, parts);
    renameSync(temporary, join(directory, name));
  } catch (error) {
    discard(temporary);
    throw error;
  }
  syncDirectory(directory);
}

/** What cannot be removed now is removed when the directory is next opened. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The error that led here is the one to report.
  }
}

/** Makes the directory and those above it where they are missing, durably. */
export function makeDirectoryDurably(directory: string): void {
  const path = resolve(directory);
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    syncDirectory(dirname(made));
    if (made === first) return;
  }
}

function writeAndSync(path: string, parts: readonly Uint8Array[]): void {
  const file = openSync(path, "w");
  try {
    for (const part of parts) {
      // One write may take only a part of the bytes.
      for (let done = 0; done < part.length; ) done += writeSync(file, part, done);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A name in a directory is durable only when the directory has been synced. */
export function syncDirectory(directory: string): void {
  if (process.platform === "win32") return; // cannot open a directory, and needs no sync of it
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
