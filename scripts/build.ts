/**
 * The last step of `npm run build`, when the compiler has written the types: the package's JavaScript, into the
 * folder named (default: `dist`).
 *
 * Node takes one or two ms to load a file, and a run in `sim` needs a hundred of ours on each of two threads: what
 * a command begins with is in few files. All of them lie in a folder of `dist`, as their sources do in one of `src`,
 * so that what they find by its place is in the same place.
 */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { buildHostPrograms } from "../src/peer/host-programs.js";

const src = resolve(import.meta.dirname, "../src");
const dist = resolve(process.argv[2] ?? "dist");

const OPTIONS: BuildOptions = {
  outbase: src,
  outdir: dist,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  sourcesContent: false, // the package has the sources
  logLevel: "warning",
};

function sources(...names: string[]): string[] {
  return names.map((name) => join(src, `${name}.ts`));
}

const raft = (await readdir(join(src, "raft"))).map((name) => join(src, "raft", name));
await Promise.all([
  build({
    ...OPTIONS,
    entryPoints: sources("index", "cases", "persister/file-persister"),
    bundle: true,
    splitting: true,
    packages: "external",
    chunkNames: "chunks/[name]-[hash]",
  }),
  build({
    ...OPTIONS,
    entryPoints: sources("cli/main", "stress/run-worker", "stress/run-process"),
    bundle: true,
    external: ["esbuild", "piscina", "uplot"],
    banner: {
      js: 'import { createRequire as requireOf } from "node:module";const require = requireOf(import.meta.url);',
    },
  }),
  // These are bundled by the commands, with what the user has.
  build({ ...OPTIONS, entryPoints: raft }),
  build({ ...OPTIONS, entryPoints: sources("profile/page/page-script"), bundle: true, packages: "external" }),
  buildHostPrograms(join(dist, "peer/host")),
]);
