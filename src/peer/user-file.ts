import { stat } from "node:fs/promises";
import { UsageError } from "../errors.js";

/**
 * Makes sure that `file`, named by the user, is there.
 * @param hint what the option takes, a sentence
 * @throws {UsageError} if there is nothing of that name, or no file
 */
export async function requireFile(file: string, hint: string): Promise<void> {
  const info = await stat(file).catch(() => undefined);
  if (info?.isFile()) return;
  throw new UsageError(`${info?.isDirectory() ? `${file} is a folder` : `No such file: ${file}`}. ${hint}`);
}
