import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { tsImport } from "tsx/esm/api";
import { UsageError } from "../errors.js";
import type { CaseDefinition } from "../harness/case.js";
import { casesOfModule } from "../harness/select.js";
import { labCases } from "../lab/index.js";
import { requireFile } from "./user-file.js";

/**
 * The lab's cases, and those that the user's `file` exports.
 * @throws {UsageError} if there is no such file, it does not load, or it exports no case
 */
export async function allCases(file: string | undefined): Promise<readonly CaseDefinition[]> {
  if (file === undefined) return labCases;
  const path = resolve(file);
  await requireFile(file, "--cases takes a file of your own cases.");
  return [...labCases, ...casesOfModule(await importCases(path, file), file)];
}

async function importCases(path: string, file: string): Promise<object> {
  try {
    return (await tsImport(pathToFileURL(path).href, import.meta.url)) as object;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${file} does not load: ${reason}`);
  }
}
