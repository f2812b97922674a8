/**
 * The last step of `npm run build`, when the compiler has written the types: the package's JavaScript, into `dist`.
 *
 * Node takes one or two ms to load a file, and a run in `sim` needs a hundred of ours on each of two threads: what
 * a command begins with is in one file for each thread. All that finds something by its own place lies in a folder of
 * `dist`, as its source does in one of `src`, and so finds it in the same place.
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { buildHostPrograms } from "../src/peer/host-programs.js";
import { buildReference } from "../src/peer/reference-raft.js";
import { licencesOf } from "./licences.js";
import { buildPrograms, OPTIONS, sources } from "./programs.js";

const dist = resolve(import.meta.dirname, "../dist");
const INTO_DIST = { ...OPTIONS, outdir: dist };

const [bundled] = await Promise.all([
  buildPrograms(dist, "cli/main", "stress/run-worker", "stress/run-process"),
  // What users import.
  build({
    ...INTO_DIST,
    entryPoints: sources("index", "cases", "persister/file-persister"),
    bundle: true,
    splitting: true,
    packages: "external",
    chunkNames: "chunks/[name]-[hash]",
  }),
  // What a profile's page is made of.
  build({
    ...INTO_DIST,
    entryPoints: sources("profile/page/page-script"),
    bundle: true,
    packages: "external",
  }),
  buildHostPrograms(join(dist, "peer/host")),
  buildReference(join(dist, "raft")),
]);
await writeFile(join(dist, "licences.txt"), await licencesOf(bundled));
