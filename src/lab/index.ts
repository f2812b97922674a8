import type { CaseDefinition } from "../harness/case.js";
import { cases3A } from "./3a.js";
import { cases3B } from "./3b.js";
import { cases3C } from "./3c.js";

/** The lab's cases, in the order of its source (lab-spec 9.14). */
export const labCases: readonly CaseDefinition[] = [...cases3A, ...cases3B, ...cases3C];
