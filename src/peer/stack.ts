import type { SourceMap } from "node:module";
import { hasGetter } from "../text/thrown.js";
import { PRELUDE_FILE, RAFT_FILE } from "./script-names.js";

export type PrepareStackTrace = (error: Error, callSites: NodeJS.CallSite[]) => string;

/**
 * Makes the `Error.prepareStackTrace` of a peer's realm: stacks in lines of the user's own files. Frames of
 * the host are left out: the author of a raft.ts can do nothing about them.
 * @param file the script name under which the bundle was compiled
 * @param map called at the first stack, never before
 */
export function stackFormatter(file: string, map: () => SourceMap): PrepareStackTrace {
  return (error, callSites) => {
    const lines = [headline(error)];
    // An array of the peer's realm, whose methods a raft.ts may have replaced.
    for (let i = 0; i < callSites.length; i += 1) {
      const site = callSites[i];
      if (site?.getFileName() === file) lines.push(`    at ${describeFrame(site, map())}`);
    }
    return lines.join("\n");
  };
}

/**
 * The same for the errors of Node's own functions, such as `new URL("?")`, which are of the main realm: to be its
 * `Error.prepareStackTrace` while a peer has its turn. Frames of Node differ from mode to mode.
 * @param format makes the stacks of the peer's own errors
 */
export function hostStackFormatter(format: PrepareStackTrace): PrepareStackTrace {
  return (error, callSites) => {
    const files = callSites.map((site) => site.getFileName() ?? "");
    const isOfPeer = files.some((file) => file === RAFT_FILE || file === PRELUDE_FILE);
    const isOfOthers = !isOfPeer && files.some((file) => file !== "" && !file.startsWith("node:"));
    return isOfOthers ? [headline(error), ...callSites].join("\n    at ") : format(error, callSites);
  };
}

/** Where a place in the bundle of raft.ts stands in the user's files: `raft.ts:12:5`. */
export function placeInRaft(map: SourceMap, line: number, column: number): string {
  return originalPlace(map, line, column) ?? `raft.ts (bundled):${line}:${column}`;
}

/**
 * Where a place in a bundle stands in the files that it was made of, which are named as the map names them. Line and
 * column count from 1.
 */
export function originalPlace(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  if (!("originalSource" in entry)) return undefined;
  return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

function describeFrame(site: NodeJS.CallSite, map: SourceMap): string {
  const place = placeInRaft(map, site.getLineNumber() ?? 1, site.getColumnNumber() ?? 1);
  const name = site.getFunctionName() ?? site.getMethodName();
  const owner = site.getTypeName();
  if (!name) return place;
  const isMethod = !site.isToplevel() && !site.isConstructor() && owner && owner !== "Object";
  const caller = isMethod && !name.includes(".") ? `${owner}.${name}` : name;
  const prefix = site.isConstructor() ? "new " : site.isAsync() ? "async " : "";
  return `${prefix}${caller} (${place})`;
}

function headline(error: Error): string {
  try {
    return hasGetter(error, "message") ? error.name : String(error);
  } catch {
    return "Error";
  }
}
