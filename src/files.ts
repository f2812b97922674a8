import {
  accessSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { messageOf } from "./text/message.js";

/**
 * Makes a folder, and those above it that are not there. Not with Node's `recursive`: where the system refuses
 * a folder with ENOENT, as under `/proc`, that never returns (Node 20).
 * @throws {Error} from the file system
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(resolve(path)));
  mkdirSync(path);
}

/** Whether a new file can be put in the place of `file`: not where it is a device, a pipe or a link. */
export function canReplace(file: string): boolean {
  const info = lstatSync(file, { throwIfNoEntry: false });
  return (info === undefined || info.isFile()) && mayWrite(dirname(resolve(file)));
}

/** Whether files can be made in the folder. */
export function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes a file so that it is whole at any time, the old one or the new one.
 * @returns why it could not be written, if it could not; the old one is then still there
 */
export function writeWhole(file: string, text: string): string | undefined {
  const fresh = canReplace(file) ? `${file}.new` : file;
  try {
    writeFileSync(fresh, text);
    if (fresh !== file) renameSync(fresh, file);
    return undefined;
  } catch (error) {
    if (canReplace(fresh)) rmSync(fresh, { force: true });
    return messageOf(error);
  }
}
