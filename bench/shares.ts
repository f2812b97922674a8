import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { loadProgram, REFERENCE_RAFT } from "../src/peer/program.js";
import { columns } from "../src/text/columns.js";
import type { Bench } from "./bench.js";
import { PARTS, type Part, timeByPart } from "./helpers/profile-parts.js";
import type { ProfiledSuites } from "./helpers/profiled-suite.js";

/** Which part of a run in `sim` takes what share of the time, by samples of its thread's stack. */
export const shares: Bench = {
  title: "the lab's cases in sim: share of the time by part",
  run: async ({ run }, tell) => {
    const program = await loadProgram(REFERENCE_RAFT);
    // A thread of its own: nothing that another bench has run is compiled on it.
    const worker = new Worker(new URL("./helpers/profiled-suite.js", import.meta.url), {
      workerData: { program, run },
    });
    const [{ first, later }] = (await once(worker, "message")) as [ProfiledSuites];
    const ofFirst = timeByPart(first, program.preludeText);
    const ofLater = timeByPart(later, program.preludeText);
    for (const line of sharesTable(ofFirst, ofLater)) tell(line);
    return [];
  },
};

/** A line per part, the fattest of the later suites first. */
export function sharesTable(first: ReadonlyMap<Part, number>, later: ReadonlyMap<Part, number>): string[] {
  const parts = (Object.keys(PARTS) as Part[]).sort((a, b) => (later.get(b) ?? 0) - (later.get(a) ?? 0));
  const rows = parts.map((part) => [part, share(first, part), share(later, part)]);
  const [head = "", ...lines] = columns([["part", "first suite", "later suites"], ...rows]);
  return [head, ...lines.map((line, i) => `${line}  ${PARTS[parts[i] as Part]}`)];
}

function share(times: ReadonlyMap<Part, number>, part: Part): string {
  const all = [...times.values()].reduce((total, us) => total + us, 0);
  return `${((100 * (times.get(part) ?? 0)) / all).toFixed(1)} %`;
}
