/** The files of the reference Raft that a bug can change. */
export const RAFT_FILES = ["raft.ts", "log.ts", "rules.ts", "follower.ts", "messages.ts"] as const;

export type RaftFile = (typeof RAFT_FILES)[number];

/** One change of text in one file of `src/raft`. */
export interface Edit {
  readonly file: RaftFile;
  /** Stands there exactly once. */
  readonly find: string;
  /** What stands there instead. */
  readonly put: string;
}

/**
 * What a bug can cost. `safety`: a property of the paper's Figure 3, or a promise to the service. `liveness`:
 * commands wait for ever, or far longer than elections take. `budget`: all comes right, with too many RPCs,
 * bytes or rounds. `nothing`: it looks wrong and is not; reporting it would be a false alarm.
 */
export type Breaks = "safety" | "liveness" | "budget" | "nothing";

/** A classic mistake: the reference Raft with a small change. */
export interface Bug {
  /** Kebab-case, unique in the zoo. */
  readonly name: string;
  /** What its author got wrong, a sentence. */
  readonly mistake: string;
  /** The rule of the paper that it breaks; of a harmless one, the rule by which nothing breaks. */
  readonly rule: string;
  readonly breaks: Breaks;
  readonly edits: readonly Edit[];
}
