/** The names under which a peer's scripts are compiled, as stacks and debuggers tell them apart. */
export const RAFT_FILE = "whitewater:raft";
export const PRELUDE_FILE = "whitewater:prelude";
export const WORKER_FILE = "whitewater:worker";
