import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { projectFile } from "./cli.js";

const run = promisify(execFile);

/** The compiler's command. */
export const TSC = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin/tsc",
);

/** The package as npm packs it, in the node_modules of a user's folder. */
export interface Installed {
  /** The user's folder, empty but for its node_modules. */
  readonly folder: string;
  /** What `npx whitewater` runs. */
  readonly main: string;
  readonly remove: () => Promise<void>;
}

/**
 * Builds, packs and installs the package, without touching the project's own `dist` and without a registry:
 * what the package depends on is linked from the project.
 */
export async function installPacked(): Promise<Installed> {
  const base = await mkdtemp(join(tmpdir(), "whitewater-packed-"));
  const tarball = await pack(join(base, "package"));
  const folder = join(base, "user");
  const installed = join(folder, "node_modules/whitewater");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", tarball, "--strip-components=1", "-C", installed]);
  const { dependencies = {} } = await manifestOf(installed);
  for (const name of [...Object.keys(dependencies), "@types"]) {
    await symlink(projectFile(`node_modules/${name}`), join(folder, "node_modules", name));
  }
  const { bin } = await manifestOf(installed);
  const remove = () => rm(base, { recursive: true, force: true });
  return { folder, main: join(installed, bin?.whitewater ?? ""), remove };
}

interface Manifest {
  readonly version: string;
  readonly files?: readonly string[];
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

export async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
}

/** What the build needs beside what the package has. */
const OF_THE_BUILD = ["package.json", "scripts", "tsconfig.json", "tsconfig.build.json"];

/** Builds and packs a copy of the project made in `folder`. @returns the tarball */
async function pack(folder: string): Promise<string> {
  const { files = [] } = await manifestOf(projectFile("."));
  for (const name of [...OF_THE_BUILD, ...files.filter((name) => name !== "dist")]) {
    await cp(projectFile(name), join(folder, name), { recursive: true });
  }
  await symlink(projectFile("node_modules"), join(folder, "node_modules"));
  const node = (...args: string[]) => run(process.execPath, args, { cwd: folder });
  // A type error is `npm run check`'s business; what is written all the same is tested here.
  await node(TSC, "-p", "tsconfig.build.json").catch(() => {});
  await node("--import=tsx", "scripts/build.ts");
  await run("npm", ["pack", "--ignore-scripts", "--silent"], { cwd: folder });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error(`npm pack made no tarball in ${folder}`);
  return join(folder, tarball);
}
