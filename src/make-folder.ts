import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

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
