/**
 * The last step of `npm run build`, when the compiler has written the types: the package's JavaScript, into `dist`.
 *
 * Node takes one or two ms to load a file, and a run in `sim` needs a hundred of ours on each of two threads: what
 * a command begins with is in one file for each thread. All that finds something by its own place lies in a folder of
 * `dist`, as its source does in one of `src`, and so finds it in the same place.
 */
import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { buildHostPrograms } from "../src/peer/host-programs.js";
import { buildReference } from "../src/peer/reference-raft.js";
import { licencesOf } from "./licences.js";

const src = resolve(import.meta.dirname, "../src");
const dist = resolve(import.meta.dirname, "../dist");

const OPTIONS = {
  outbase: src,
  outdir: dist,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  sourcesContent: false, // the package has the sources
  logLevel: "warning",
} satisfies BuildOptions;

/** For the libraries that `require`: an ES module has none to give them. */
const REQUIRE =
  'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);';

function sources(...names: string[]): string[] {
  return names.map((name) => join(src, `${name}.ts`));
}

const [programs] = await Promise.all([
  // One file each, with the libraries in it but for those that have files of their own to load.
  build({
    ...OPTIONS,
    entryPoints: sources("cli/main", "stress/run-worker", "stress/run-process"),
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120, // what shows a line of it, such as a debugger, shows one that can be read
    external: ["esbuild", "piscina", "uplot"],
    banner: { js: REQUIRE },
    metafile: true,
  }),
  // What users import.
  build({
    ...OPTIONS,
    entryPoints: sources("index", "cases", "persister/file-persister"),
    bundle: true,
    splitting: true,
    packages: "external",
    chunkNames: "chunks/[name]-[hash]",
  }),
  // What a profile's page is made of.
  build({ ...OPTIONS, entryPoints: sources("profile/page/page-script"), bundle: true, packages: "external" }),
  buildHostPrograms(join(dist, "peer/host")),
  buildReference(join(dist, "raft")),
]);
await writeFile(join(dist, "licences.txt"), await licencesOf(Object.keys(programs.metafile.inputs)));
