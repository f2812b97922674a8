import type { Profiler } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { builtMap } from "../own-sources.js";
import type { Program } from "../peer/program.js";
import { RAFT_FILE } from "../peer/script-names.js";

/** Further to the right than any line of code: the last place of a line is asked for with it. */
const LINE_END = 1e6;

/**
 * The samples of a thread's stack with the user's own files and lines in place of the bundle's, so that
 * Chrome DevTools and speedscope show raft.ts; and with Whitewater's in place of what was built from them. Other
 * code keeps its places.
 */
export function inSourceLines(profile: Profiler.Profile, program: Program): Profiler.Profile {
  const raft = {
    map: new SourceMap(JSON.parse(program.raftMap) as SourceMapPayload),
    folder: dirname(resolve(program.raftPath)),
  };
  const nodes = profile.nodes.map((node) => {
    if (node.callFrame.url === RAFT_FILE) return inLinesOf(raft, node);
    const map = builtMap(node.callFrame.url);
    if (!map) return node;
    // Many functions share a line of what was built: samples by line would say nothing.
    const { positionTicks: _, ...rest } = node;
    return inLinesOf({ map, folder: dirname(fileURLToPath(node.callFrame.url)) }, rest);
  });
  return { ...profile, nodes };
}

/** A file that was made of others. */
interface Made {
  readonly map: SourceMap;
  /** To which the map's names are relative. */
  readonly folder: string;
}

function inLinesOf({ map, folder }: Made, node: Profiler.ProfileNode): Profiler.ProfileNode {
  const { lineNumber, columnNumber } = node.callFrame;
  const place = placeOf(map, lineNumber, columnNumber);
  if (!place) return node;
  const url = pathToFileURL(resolve(folder, place.source)).href;
  return {
    ...node,
    callFrame: { ...node.callFrame, url, lineNumber: place.line, columnNumber: place.column },
    ...(node.positionTicks ? { positionTicks: ticksOf(map, node.positionTicks, place.source) } : {}),
  };
}

/** A place in one of the files that it was made of; line and column count from 0. */
interface Place {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

function placeOf(map: SourceMap, line: number, column: number): Place | undefined {
  const entry = map.findEntry(line, column);
  if (!("originalSource" in entry)) return undefined;
  return { source: entry.originalSource, line: entry.originalLine, column: entry.originalColumn };
}

/** Samples by line, counted from 1; those of lines that nothing of the file stands for stay away. */
function ticksOf(
  map: SourceMap,
  ticks: readonly Profiler.PositionTickInfo[],
  source: string,
): Profiler.PositionTickInfo[] {
  const byLine = new Map<number, number>();
  for (const { line, ticks: count } of ticks) {
    const place = placeOf(map, line - 1, LINE_END);
    if (place?.source !== source) continue;
    byLine.set(place.line + 1, (byLine.get(place.line + 1) ?? 0) + count);
  }
  return [...byLine].map(([line, ticks]) => ({ line, ticks }));
}
