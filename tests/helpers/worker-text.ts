import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A module of `fixtures` with what it imports, as one script for `new Worker(text, { eval: true })`. */
export async function workerText(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
