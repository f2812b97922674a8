import type { CaseDefinition } from "../harness/case.js";
import { selectCases } from "../harness/select.js";
import { allCases, type CasesFile } from "./cases-file.js";
import { extraCases } from "./index.js";

/** Which cases a command is to run. */
export interface CaseChoice {
  /** A regular expression for their names, as of `go test -run`; empty for all. */
  readonly run: string;
  /** The user's own file of cases. */
  readonly cases?: CasesFile | undefined;
  /** Whether those beside the lab's are among them. Named alone, they are all the same. */
  readonly extra: boolean;
}

/** @throws {UsageError} if `run` is no regular expression or matches nothing, or the file cannot be used */
export async function chosenCases({ run, cases, extra }: CaseChoice): Promise<readonly CaseDefinition[]> {
  const matching = selectCases(await allCases(cases), run);
  const others = matching.filter((definition) => !extraCases.includes(definition));
  return extra || others.length === 0 ? matching : others;
}
