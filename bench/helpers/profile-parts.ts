import type { Profiler } from "node:inspector";
import type { SourceMap } from "node:module";
import { PRELUDE_FILE, RAFT_FILE } from "../../src/peer/script-names.js";

/** The parts of a run in `sim` that its time is told by, and what is of them. */
export const PARTS = {
  "raft.ts": "the user's own code",
  codec: "labgob: values to bytes and back",
  network: "labrpc: ends, router and servers",
  kernel: "the event queue, virtual time, turns and links",
  isolate: "realms, the peer's host and its virtual globals",
  harness: "the tester and the cases",
  trace: "events and the history's hash",
  check: "the rules of Raft, held against each event",
  gc: "garbage collection, as far as it stops the thread",
  "V8, Node": "the event loop, compiling, and what nobody of ours called",
} as const;

export type Part = keyof typeof PARTS;

/** Whose what is in a folder of that name is: of ours, or a package's. */
const PART_OF_FOLDER: ReadonlyMap<string, Part> = new Map([
  ["labgob", "codec"],
  ["msgpackr", "codec"],
  ["labrpc", "network"],
  ["runtime", "kernel"],
  ["tinyqueue", "kernel"],
  ["pure-rand", "kernel"],
  ["peer", "isolate"],
  ["persister", "isolate"],
  ["harness", "harness"],
  ["lab", "harness"],
  ["stress", "harness"],
  ["trace", "trace"],
  ["check", "check"],
]);

/** The part of a module, by its path or URL: the innermost folder that is known decides. */
export function partOfModule(path: string): Part | undefined {
  const folders = path.split("/").slice(0, -1).reverse();
  return folders.map((folder) => PART_OF_FOLDER.get(folder)).find((part) => part !== undefined);
}

/** The part that a frame is of by itself; `undefined` where its caller decides, as of `Map.prototype.get`. */
export function partOfFrame(
  { functionName, url, lineNumber, columnNumber }: Profiler.Profile["nodes"][number]["callFrame"],
  prelude: SourceMap,
): Part | "idle" | undefined {
  if (functionName === "(idle)") return "idle";
  if (functionName === "(garbage collector)") return "gc";
  if (functionName === "(program)") return "V8, Node";
  if (url === RAFT_FILE) return "raft.ts";
  if (url === PRELUDE_FILE) {
    const origin = prelude.findEntry(lineNumber, columnNumber);
    return ("originalSource" in origin && partOfModule(origin.originalSource)) || "isolate";
  }
  return url.startsWith("file:") ? partOfModule(url) : undefined;
}

/**
 * Microseconds by part, of the time in which the thread was not idle.
 * @param prelude its map, which tells the modules that were bundled
 */
export function timeByPart(profile: Profiler.Profile, prelude: SourceMap): Map<Part, number> {
  const partOfNode = partsOfNodes(profile, prelude);
  const times = new Map<Part, number>();
  const { samples = [], timeDeltas = [] } = profile;
  for (const [i, id] of samples.entries()) {
    const part = partOfNode.get(id) ?? "V8, Node";
    const us = timeDeltas[i + 1] ?? 0; // until the next sample; the last has none
    if (part !== "idle") times.set(part, (times.get(part) ?? 0) + us);
  }
  return times;
}

function partsOfNodes({ nodes }: Profiler.Profile, prelude: SourceMap): Map<number, Part | "idle"> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parts = new Map<number, Part | "idle">();
  const visit = (id: number, callers: Part | "idle"): void => {
    const node = byId.get(id);
    if (!node) return;
    const part = partOfFrame(node.callFrame, prelude) ?? callers;
    parts.set(id, part);
    for (const child of node.children ?? []) visit(child, part);
  };
  const [root] = nodes;
  if (root) visit(root.id, "V8, Node");
  return parts;
}
