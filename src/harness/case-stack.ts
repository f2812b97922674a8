import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SOURCE_FOLDER } from "../own-package.js";
import { inSources } from "../own-sources.js";

const HARNESS = join(SOURCE_FOLDER, "harness/");
/** The folder of the tester's own code, as a stack names it: by URL or by path. */
const NAMES_OF_HARNESS = [pathToFileURL(HARNESS).href, HARNESS];

/**
 * The lines of a stack that are the case's: from where it failed to the function that the runner ran, the
 * tester's and Node's own frames left out.
 * @returns `undefined` if none is left
 */
export function caseStack(stack: string | undefined): string | undefined {
  const frames = (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map(inSources)
    .filter((frame) => frame !== undefined);
  const end = frames.findIndex((frame) => isOurs(frame) && /\/runner\.[jt]s/.test(frame));
  const inRun = end < 0 ? frames : frames.slice(0, end);
  const ofCase = inRun.filter((frame) => !isOurs(frame) && !frame.includes("node:internal"));
  return ofCase.length > 0 ? ofCase.join("\n") : undefined;
}

function isOurs(frame: string): boolean {
  return NAMES_OF_HARNESS.some((folder) => frame.includes(folder));
}
