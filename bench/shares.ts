import { once } from "node:events";
import { SourceMap, type SourceMapPayload } from "node:module";
import { Worker } from "node:worker_threads";
import { bundlePrelude } from "../src/peer/host-programs.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import type { Bench } from "./bench.js";
import { type Part, timeByPart } from "./helpers/profile-parts.js";
import type { ProfiledSuites } from "./helpers/profiled-suite.js";
import { sharesTable, totalUs } from "./helpers/shares-table.js";

/** Which part of a run in `sim` takes what share of the time, by samples of its thread's stack. */
export const shares: Bench = {
  title: "the lab's cases in sim: share of the time by part",
  run: async ({ run }, tell) => {
    const program = await loadProgram(REFERENCE_RAFT);
    // A thread of its own: nothing that another bench has run is compiled on it.
    const worker = new Worker(new URL("./helpers/profiled-suite.js", import.meta.url), {
      workerData: { program, run },
    });
    const [{ first, later, laterCount }] = (await once(worker, "message")) as [ProfiledSuites];
    const prelude = new SourceMap(JSON.parse((await bundlePrelude()).map) as SourceMapPayload);
    const ofFirst = timeByPart(first, prelude);
    const ofLater = timeByPart(later, prelude);
    for (const line of sharesTable(ofFirst, ofLater)) tell(line);
    const each = (times: ReadonlyMap<Part, number>, count: number): string =>
      `${(totalUs(times) / 1000 / count).toFixed(0)} ms`;
    tell(`Not idle in the first suite ${each(ofFirst, 1)}, in a later one ${each(ofLater, laterCount)}.`);
    return [];
  },
};
