import { lstat, mkdir, open, readFile, realpath, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../errors.js";
import { PACKAGE_FOLDER } from "../own-package.js";
import { ownSpec } from "./own-spec.js";

/** What a new folder gets. */
export const SKELETON_FILES = [
  "raft.ts",
  "package.json",
  "tsconfig.json",
  "README.md",
  ".gitignore",
] as const;

/** What a package may not be called: npm forbids the first two; the rest are packages that raft.ts uses. */
const RESERVED_NAMES = ["node_modules", "favicon.ico", "typescript", "whitewater"];

/** npm's limit on the length of a name. */
const MAX_NAME_LENGTH = 214;

/**
 * Writes the skeleton into `dir`, which is made if there is none. All files, or nothing.
 * @throws {UsageError} if one of them is there already, or `dir` cannot be written to
 */
export async function writeSkeleton(dir: string): Promise<void> {
  const names = await Promise.all(
    SKELETON_FILES.map(async (name) => ((await exists(join(dir, name))) ? name : undefined)),
  );
  const present = names.filter((name) => name !== undefined);
  if (present.length > 0) throw alreadyThere(dir, present);
  await writeAll(dir, await skeletonFor(await packageNameOf(dir)));
}

/** The files for a package called `packageName`: their text by name. */
async function skeletonFor(packageName: string): Promise<ReadonlyMap<string, string>> {
  const texts = SKELETON_FILES.map(async (name) => {
    const text = await ownText(`skeleton/${storedName(name)}`);
    return [name, name === "package.json" ? await filledIn(text, packageName) : text] as const;
  });
  return new Map(await Promise.all(texts));
}

/** npm leaves a file called .gitignore out of a package. */
function storedName(name: string): string {
  return name === ".gitignore" ? "gitignore" : name;
}

/** The skeleton's package.json with its name, and the Whitewater that wrote it as the one to install. */
async function filledIn(text: string, name: string): Promise<string> {
  const { version } = JSON.parse(await ownText("package.json")) as { version: string };
  const manifest = JSON.parse(text) as { devDependencies: Record<string, string> };
  const whitewater = await ownSpec(await realpath(PACKAGE_FOLDER), version);
  const devDependencies = { ...manifest.devDependencies, whitewater };
  return `${JSON.stringify({ ...manifest, name, devDependencies }, undefined, 2)}\n`;
}

function ownText(path: string): Promise<string> {
  return readFile(join(PACKAGE_FOLDER, path), "utf8");
}

/** A name for the package in `dir`, after the folder: where the folder is a link, after where it leads. */
async function packageNameOf(dir: string): Promise<string> {
  return packageName(basename(await realpath(dir).catch(() => resolve(dir))));
}

/** The name nearest to `folderName` that npm takes; `my-raft` if nothing of it can be kept. */
export function packageName(folderName: string): string {
  const name = folderName
    .normalize("NFKD") // parts é into e and an accent, which then goes
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+/, "")
    .slice(0, MAX_NAME_LENGTH)
    .replace(/-+$/, "");
  if (name === "") return "my-raft";
  return RESERVED_NAMES.includes(name) ? `${name}-raft` : name;
}

/**
 * Writes `files` (text by name) into `dir`, which is made if there is none. If one cannot be written, those
 * before it, and the folders made for them, are taken away again.
 * @throws {UsageError} naming the folder and the reason
 */
export async function writeAll(dir: string, files: ReadonlyMap<string, string>): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const folder of await missingFolders(dir)) {
      await mkdir(folder);
      undo.push(() => rmdir(folder));
    }
    for (const [name, text] of files) {
      const path = join(dir, name);
      const file = await open(path, "wx"); // fails on a file that has come up since we looked
      undo.push(() => rm(path));
      await file.writeFile(text).finally(() => file.close());
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => {}); // what cannot be undone stays
    throw cannotWrite(dir, error);
  }
}

/** `dir` and the folders above it, as far as they are not there; outermost first. */
async function missingFolders(dir: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = resolve(dir); !(await exists(folder)); folder = dirname(folder)) missing.unshift(folder);
  return missing;
}

/** Whether there is anything of that name, a link that leads nowhere included. */
async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

function alreadyThere(dir: string, names: readonly string[]): UsageError {
  const [subject, verb, object] = names.length === 1 ? ["it", "is", "it"] : ["they", "are", "them"];
  return new UsageError(
    `${names.join(", ")} ${verb} already in ${dir}, and ${subject} may hold your work: nothing was written. ` +
      `Name a new folder, as in \`npx whitewater init my-raft\`, or move ${object} away first.`,
  );
}

function cannotWrite(dir: string, error: unknown): UsageError {
  const { code = "", path = dir, message } = error as NodeJS.ErrnoException;
  return new UsageError(
    `Cannot write ${path}: ${REASONS[code] ?? message}. Nothing was written; name another folder, as in ` +
      "`npx whitewater init my-raft`.",
    { cause: error },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: "a file of that name is there",
  ENOENT: "the folder leads nowhere",
  ENOTDIR: "a file stands where a folder is needed",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "that file system takes no changes",
  ENOSPC: "the disk is full",
  ENAMETOOLONG: "the name is too long",
};
