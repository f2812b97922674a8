import type { Program } from "estree";

/**
 * Functions that esbuild puts above a bundle and calls at its top: they make a module's exports, or give a
 * function its name, and keep nothing. A module could have one of its own of that name, so the words count.
 */
const HELPERS: ReadonlyMap<string, string> = new Map([
  ["__name", `(target, value) => __defProp(target, "name", { value, configurable: true })`],
  [
    "__export",
    `(target, all) => { for (var name in all) __defProp(target, name, { get: all[name], enumerable: true }); }`,
  ],
  ["__toCommonJS", `(mod) => __copyProps(__defProp({}, "__esModule", { value: true }), mod)`],
  [
    "__toESM",
    `(mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps( isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target, mod ))`,
  ],
  [
    "__copyProps",
    `(to, from, except, desc) => { if (from && typeof from === "object" || typeof from === "function") { for (let key of __getOwnPropNames(from)) if (!__hasOwnProp.call(to, key) && key !== except) __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable }); } return to; }`,
  ],
]);

/** The helpers that are called at the top of a bundle. */
export function isHelper(name: string): boolean {
  return HELPERS.has(name);
}

/** Whether all that a bundle declares under the name of a helper is that helper. */
export function helpersAreEsbuilds(program: Program, text: string): boolean {
  return program.body.every((statement) => {
    if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration") {
      return !HELPERS.has(statement.id.name);
    }
    if (statement.type !== "VariableDeclaration") return true;
    return statement.declarations.every(({ id, init }) => {
      const words = id.type === "Identifier" ? HELPERS.get(id.name) : undefined;
      if (words === undefined) return true;
      const [from, to] = init?.range ?? [0, 0];
      return plain(text.slice(from, to)) === words;
    });
  });
}

/** On one line, without comments, and without the numbers by which esbuild tells names from those of the module. */
function plain(text: string): string {
  return text
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s+/g, " ")
    .replace(/\b([A-Za-z_]+)\d+\b/g, "$1");
}
