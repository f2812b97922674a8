import type { Bug } from "./bug.js";
import { asynchrony } from "./bugs/asynchrony.js";
import { commits } from "./bugs/commits.js";
import { elections } from "./bugs/elections.js";
import { harmless } from "./bugs/harmless.js";
import { persistence } from "./bugs/persistence.js";
import { replication } from "./bugs/replication.js";

/** The families in the order in which the matrix shows them. */
export const families: Readonly<Record<string, readonly Bug[]>> = {
  elections,
  replication,
  commits,
  persistence,
  asynchrony,
  harmless,
};

/** Every classic mistake that Whitewater is measured by. */
export const zoo: readonly Bug[] = Object.values(families).flat();
