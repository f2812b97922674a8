/**
 * The smallest raft.ts that runs: it loads, answers the tester, and never leads.
 *
 * Shows what `make` must return. `whitewater test --raft examples/smallest/raft.ts --run TestInitialElection3A`
 * waits five seconds for a leader, and fails: `expected one leader, got none`.
 */
import type { Make } from "whitewater";

export const make: Make = (_peers, me) => {
  console.log(`peer ${me} is up`); // shown by --verbose
  return {
    start: () => ({ index: -1, term: 0, isLeader: false }),
    getState: () => ({ term: 0, isLeader: false }),
    kill: () => {},
  };
};
