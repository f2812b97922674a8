import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Message } from "esbuild";
import { UsageError } from "../errors.js";

/** A file of the user's cannot be bundled: a syntax error, an import that leads nowhere. The message has file and line. */
export class BundleError extends Error {
  override readonly name = "BundleError";
}

/** As all modules are; esbuild says so only where a tsconfig.json does, and loses it in a script. */
export const STRICT = { js: '"use strict";' };

/**
 * Bundles a file and what it imports, as one script unless `options` say otherwise.
 * @throws {BundleError} if it cannot be bundled
 */
export async function bundle(options: BuildOptions): Promise<{ text: string; map: string }> {
  const { build, formatMessages } = await import("esbuild"); // for the thread that bundles, as well
  try {
    const { outputFiles = [] } = await build({
      bundle: true,
      write: false,
      outfile: "bundle.js",
      format: "cjs",
      target: "node20",
      logLevel: "silent",
      ...options,
    });
    const textOf = (suffix: string) => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? "";
    return { text: textOf(".js"), map: textOf(".js.map") };
  } catch (error) {
    const errors = (error as { errors?: Message[] }).errors;
    if (!errors) throw error;
    const lines = await formatMessages(errors.map(inOurWords), { kind: "error", color: false });
    throw new BundleError(lines.join("\n").trim());
  }
}

/** esbuild speaks to whoever runs it, of formats and externals; the author of a raft.ts has none of these. */
function inOurWords(message: Message): Message {
  const text = /top-level await/i.test(message.text) ? NO_TOP_LEVEL_AWAIT : message.text;
  return { ...message, text, notes: message.notes.filter(({ text }) => !text.includes("external")) };
}

const NO_TOP_LEVEL_AWAIT =
  "A top-level await: a peer is loaded at once, between two messages, so no module of it can wait. " +
  "Await in an async function that make calls without waiting for it.";

/** The extension of our own modules: `.ts` from source, `.js` in the package. */
const OWN_EXTENSION = extname(fileURLToPath(import.meta.url));

/** The absolute path of a module of our own, given relative to a folder of `src` and without extension. */
export function ownFile(path: string): string {
  return fileURLToPath(new URL(`${path}${OWN_EXTENSION}`, import.meta.url));
}

/**
 * The same, of a file that is there.
 * @throws {UsageError} if it is not: then `dist` has not all that was built
 */
export function ownFileThere(path: string): string {
  const file = ownFile(path);
  if (existsSync(file)) return file;
  throw new UsageError(
    `Whitewater is not complete: ${file} is missing. Install it anew or, in a clone, run \`npm run build\`.`,
  );
}
