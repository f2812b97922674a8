/**
 * What npm calls when the package was cloned or is packed: it builds it.
 *
 * Not for `npx whitewater` in a clone, which is built by then. To npx a clone is a package to be installed into a folder
 * of npm's, so it has it prepared: the first time, and with npm 10 at each command. That took longer than the whole lab
 * in `sim`, and took `dist` from under the commands that were running.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const built = existsSync(resolve(import.meta.dirname, "../dist/cli/main.js"));
if (process.env.npm_command !== "exec" || !built) {
  const { status } = spawnSync("npm run build --silent", { shell: true, stdio: "inherit" });
  process.exitCode = status ?? 1;
}
