import { join, resolve } from "node:path";
import { type BuildOptions, build } from "esbuild";

const src = resolve(import.meta.dirname, "../src");

/** As all of the package's JavaScript is made from its sources, each file in a folder of the same name. */
export const OPTIONS = {
  outbase: src,
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

/** The files of our sources that have these names. */
export function sources(...names: string[]): string[] {
  return names.map((name) => join(src, `${name}.ts`));
}

/**
 * Builds what a process or a thread of ours begins with, by its name in our sources, one file each: with the
 * libraries in it, but for those that have files of their own to load.
 * @returns the files that went into them
 */
export async function buildPrograms(outdir: string, ...names: string[]): Promise<string[]> {
  const { metafile } = await build({
    ...OPTIONS,
    outdir,
    entryPoints: sources(...names),
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 120, // what shows a line of it, such as a debugger, shows one that can be read
    external: ["esbuild", "piscina", "uplot"],
    banner: { js: REQUIRE },
    metafile: true,
  });
  return Object.keys(metafile.inputs);
}
