import { fileURLToPath } from "node:url";
import { inSources, OWN_SOURCES } from "./own-sources.js";

/** The folder of the tester's own code, as a stack names it: by URL or by path. */
const HARNESS = new URL("harness/", OWN_SOURCES);
const NAMES_OF_HARNESS = [HARNESS.href, fileURLToPath(HARNESS)];

/**
 * The lines of a stack that are the case's: from where it failed to the function that the runner ran, the
 * tester's and Node's own frames left out.
 * @returns `undefined` if none is left
 */
export function caseStack(stack: string | undefined): string | undefined {
  const frames = (stack ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .map(inSources);
  const end = frames.findIndex((frame) => isOurs(frame) && /\/runner\.[jt]s/.test(frame));
  const inRun = end < 0 ? frames : frames.slice(0, end);
  const ofCase = inRun.filter((frame) => !isOurs(frame) && !frame.includes("node:internal"));
  return ofCase.length > 0 ? ofCase.join("\n") : undefined;
}

function isOurs(frame: string): boolean {
  return NAMES_OF_HARNESS.some((folder) => frame.includes(folder));
}
