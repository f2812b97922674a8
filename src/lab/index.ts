import type { CaseDefinition } from "../harness/case.js";
import { cases3A } from "./3a.js";
import { cases3B } from "./3b.js";
import { cases3C } from "./3c.js";
import { electionCases } from "./extra-elections.js";
import { replicationCases } from "./extra-replication.js";

/** The lab's cases, in the order of its source (lab-spec 9.14). */
export const labCases: readonly CaseDefinition[] = [...cases3A, ...cases3B, ...cases3C];

/**
 * Cases beside the lab's, in virtual time, each for mistakes that the lab's cases hardly ever bring to light. They hold
 * for a Raft that keeps the lab's rules and whose election timeouts are of 150 ms to 1.5 s.
 */
export const extraCases: readonly CaseDefinition[] = [...electionCases, ...replicationCases];
