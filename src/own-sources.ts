import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PACKAGE_FOLDER } from "./own-package.js";
import { originalPlace } from "./peer/stack.js";

/** The folder of what was built from our sources, as a stack names it. */
const BUILT = pathToFileURL(join(PACKAGE_FOLDER, "dist/")).href;

const maps = new Map<string, SourceMap | undefined>();

/**
 * A line of a stack, leading into our sources where it led into what was built from them.
 * @returns `undefined` if it is not known where in the sources that is
 */
export function inSources(frame: string): string | undefined {
  const [place, url = "", line, column] = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/.exec(frame) ?? [];
  if (place === undefined || !isBuilt(url)) return frame;
  const map = builtMap(url);
  const original = map && originalPlace(map, Number(line), Number(column));
  return original === undefined ? undefined : frame.replace(place, new URL(original, url).href);
}

function isBuilt(url: string): boolean {
  return url.startsWith(BUILT);
}

/** The source map of a file that was built from our sources; `undefined` if it is none, or cannot be read. */
export function builtMap(url: string): SourceMap | undefined {
  if (isBuilt(url) && !maps.has(url)) maps.set(url, readMap(`${fileURLToPath(url)}.map`));
  return maps.get(url);
}

/** None where it cannot be read: a stack is not worth losing the failure for. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, "utf8")) as SourceMapPayload);
  } catch {
    return undefined;
  }
}
