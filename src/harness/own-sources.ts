import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import { originalPlace } from "../peer/stack.js";

/** The folder of our sources, of which this file is one or, in the package, was bundled from. */
export const OWN_SOURCES = new URL("../../src/", import.meta.url);
/** The folder of what was built from them. */
const BUILT = new URL("../../dist/", import.meta.url).href;

const maps = new Map<string, SourceMap | undefined>();

/** A line of a stack, leading into our sources where it led into what was built from them. */
export function inSources(frame: string): string {
  return frame.replace(/(file:\/\/[^\s()]+\.js):(\d+):(\d+)/, (place, url: string, line, column) => {
    const map = url.startsWith(BUILT) ? mapOf(url) : undefined;
    const original = map && originalPlace(map, Number(line), Number(column));
    return original === undefined ? place : new URL(original, url).href;
  });
}

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) {
    const file = `${fileURLToPath(url)}.map`;
    const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
    maps.set(url, text === undefined ? undefined : new SourceMap(JSON.parse(text) as SourceMapPayload));
  }
  return maps.get(url);
}
