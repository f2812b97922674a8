import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * The licences of the libraries that are part of a bundle, each of which is to go with every copy.
 * @param files that the bundle was made of
 * @throws {Error} if a library has none
 */
export async function licencesOf(files: readonly string[]): Promise<string> {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const libraries = [...new Set(folders.filter((folder) => folder !== undefined))].sort();
  return (await Promise.all(libraries.map(licenceOf))).join("\n");
}

/** Its name, and the text of its licence; some packages have no more than the licence's name. */
async function licenceOf(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license, homepage } = manifest;
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
  const text = file === undefined ? license : await readFile(join(folder, file), "utf8");
  if (text === undefined) throw new Error(`${folder} goes into the bundle, and tells no licence.`);
  return `${name} ${version}${homepage === undefined ? "" : `, ${homepage}`}\n\n${text.trim()}\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  /** Its short name, such as `Apache-2.0`. */
  readonly license?: string;
  readonly homepage?: string;
}
