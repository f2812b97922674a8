import { dirname, extname, join, resolve } from "node:path";
import type { Plugin } from "esbuild";
import { SOURCE_FOLDER } from "../own-package.js";
import { bundle, STRICT } from "./bundler.js";

/** A raft.ts with its helper modules and pure npm packages, as one script. Plain data. */
export interface RaftBundle {
  /** A CommonJS script. `node:*` and `whitewater` are still `require`d. */
  readonly text: string;
  /** Its source map, JSON; the sources are relative to the folder of raft.ts. */
  readonly map: string;
}

/**
 * Bundles the raft.ts at the absolute path `entry`.
 * @throws {BundleError} if it cannot be bundled
 */
export async function bundleRaft(entry: string): Promise<RaftBundle> {
  return await bundle({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    platform: "node",
    sourcemap: "external",
    keepNames: true,
    supported: { "dynamic-import": false }, // it becomes a require, which a realm can answer
    banner: STRICT,
    define: WHERE_IT_LIES,
    plugins: [leaveWhitewaterOut],
  });
}

/** `whitewater` is given by the prelude, so that raft.ts and its host share one labgob. */
const leaveWhitewaterOut: Plugin = {
  name: "whitewater",
  setup(build) {
    const index = join(SOURCE_FOLDER, "index");
    const external = { path: "whitewater", external: true };
    build.onResolve({ filter: /^whitewater$/ }, () => external);
    // The reference Raft, which lives in this package, names the same module by its path.
    build.onResolve({ filter: /\/index\.js$/ }, ({ path, resolveDir }) =>
      stem(resolve(resolveDir, path)) === index ? external : undefined,
    );
  },
};

/** The same in every mode and on every machine; the bundle's own place would be neither. */
const WHERE_IT_LIES = {
  "import.meta.url": '"file:///raft.ts"',
  "import.meta.filename": '"/raft.ts"',
  "import.meta.dirname": '"/"',
};

function stem(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
