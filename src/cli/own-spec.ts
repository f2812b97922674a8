import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** What npm keeps in `node_modules/.package-lock.json`: where it got each package from. */
interface HiddenLockfile {
  readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>;
}

/**
 * What a package.json has to name so that `npm install` fetches the Whitewater in `packageFolder` and no
 * other: a registry may know another package of that name, so only what came from one is left to its version.
 * @param packageFolder where it stands, links resolved
 * @returns a checkout's folder or a tarball as `file:` and its absolute path, a git address, or `^version`
 */
export async function ownSpec(packageFolder: string, version: string): Promise<string> {
  const modules = dirname(packageFolder);
  // A folder that npm installed is copied from a source; to link to it would build it, without what that takes.
  if (basename(modules) !== "node_modules") return `file:${packageFolder}`;
  const source = await sourceOf(modules, basename(packageFolder));
  if (source === undefined || /^https?:/.test(source)) return `^${version}`;
  if (source.startsWith("file:")) return `file:${resolve(dirname(modules), source.slice("file:".length))}`;
  return source;
}

/** @returns `undefined` where npm has left no note, as in a global folder */
async function sourceOf(modules: string, name: string): Promise<string | undefined> {
  const text = await readFile(join(modules, ".package-lock.json"), "utf8").catch(() => "{}");
  return (JSON.parse(text) as HiddenLockfile).packages?.[`node_modules/${name}`]?.resolved;
}
