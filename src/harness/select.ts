import { UsageError } from "../errors.js";
import { messageOf } from "../text/message.js";
import type { CaseDefinition } from "./case.js";

/**
 * The cases whose names match, in the order given (lab-spec 1.3).
 * @param pattern a regular expression as of `go test -run`: unanchored, case-sensitive, `|` for alternatives
 * @throws {UsageError} if it is no regular expression, or matches nothing
 */
export function selectCases(all: readonly CaseDefinition[], pattern: string): readonly CaseDefinition[] {
  const expression = compile(pattern);
  const selected = all.filter(({ name }) => expression.test(name));
  if (selected.length > 0) return selected;
  const names = all.map(({ name }) => `  ${name}`).join("\n");
  throw new UsageError(`--run ${pattern} matches none of the cases:\n${names}`);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    const reason = messageOf(error);
    throw new UsageError(
      `--run takes a regular expression, such as 3B or "TestBasicAgree3B|TestBackup3B"; ${pattern} is none: ${reason}`,
    );
  }
}

/**
 * The cases that a module of the user's exports: each exported case, and each element of an exported array
 * of cases.
 * @param exported the module's namespace
 * @param file its name, for messages
 * @throws {UsageError} if it exports none, or two of one name
 */
export function casesOfModule(exported: object, file: string): readonly CaseDefinition[] {
  const candidates = new Set(Object.values(exported).flat() as unknown[]); // a default export may repeat a named one
  const cases = [...candidates].filter(isCaseDefinition);
  if (cases.length === 0) {
    throw new UsageError(
      `${file} exports no case. Write: export const mine = defineCase({ name, servers, run });`,
    );
  }
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`${file} exports two cases of the name ${twice}.`);
  return cases;
}

function isCaseDefinition(value: unknown): value is CaseDefinition {
  if (typeof value !== "object" || value === null) return false;
  const { name, servers, run } = value as Partial<CaseDefinition>;
  return typeof name === "string" && typeof servers === "number" && typeof run === "function";
}
