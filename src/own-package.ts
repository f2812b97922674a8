import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The folder of this package, wherever in it this code runs: from source, built, or compiled for the benches. */
export const PACKAGE_FOLDER = dirname(createRequire(import.meta.url).resolve("whitewater/package.json"));
/** The folder of our sources, which the package has as well. */
export const SOURCE_FOLDER = join(PACKAGE_FOLDER, "src");
