import type { Bug } from "../bug.js";

/** Mistakes in what counts as stored by a majority, and in what is committed and applied (Raft §5.3, §5.4.2). */
export const commits: readonly Bug[] = [
  {
    name: "commits-earlier-terms-by-counting",
    mistake: "A leader commits entries of earlier terms as soon as a majority stores them.",
    rule: "Raft §5.4.2, Figure 8: only entries of the leader's own term are committed by counting copies.",
    breaks: "safety",
    edits: [
      {
        file: "rules.ts",
        find: "return leader.log.termAt(stored) === leader.currentTerm ? stored : leader.commitIndex;",
        put: "return stored;",
      },
    ],
  },
  {
    name: "commits-with-one-copy-too-few",
    mistake: "A leader commits with one copy less than a majority.",
    rule: "Raft §5.3: an entry is committed when a majority stores it.",
    breaks: "safety",
    edits: [
      {
        file: "rules.ts",
        find: "const majority = majorityOf(leader.matchIndex.length);",
        put: "const majority = majorityOf(leader.matchIndex.length) - 1;",
      },
    ],
  },
  {
    name: "commits-when-all-have-it",
    mistake: "A leader waits for every follower before it commits.",
    rule: "Raft §5.3: an entry is committed when a majority stores it; the others may be down.",
    breaks: "liveness",
    edits: [
      {
        file: "rules.ts",
        find: "const majority = majorityOf(leader.matchIndex.length);",
        put: "const majority = leader.matchIndex.length;",
      },
    ],
  },
  {
    name: "commits-with-the-next-command-only",
    mistake: "A leader counts copies when a command comes in, and not when a follower has stored one.",
    rule: "Raft §5.3: the leader applies an entry, and returns its result, once it is replicated.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "if (stored > this.#commitIndex) this.#advanceCommitIndex();",
        put: "",
      },
    ],
  },
  {
    name: "sorts-indexes-as-text",
    mistake: "sort() without a comparator puts index 10 before index 9.",
    rule: "Raft Figure 2, leaders: N is committed if a majority of matchIndex is at least N.",
    breaks: "safety",
    edits: [{ file: "rules.ts", find: "beyond.sort((a, b) => b - a)", put: "beyond.sort().reverse()" }],
  },
  {
    name: "counts-replies-when-no-leader-any-more",
    mistake: "An answer to AppendEntries is dealt with whatever the role and the term are by then.",
    rule: "Raft §5.1, §5.3: what a reply tells belongs to the term that it was asked in.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role !== "leader" || this.#currentTerm !== args.term) return;',
        put: "",
      },
    ],
  },
  {
    name: "counts-replies-of-an-earlier-office",
    mistake:
      "What is known of the followers is kept in place, and a leader counts answers to its earlier terms.",
    rule: "Raft §5.3: a follower may have removed since what it stored for an earlier term.",
    breaks: "safety",
    edits: [
      { file: "raft.ts", find: "    this.#followers = [];\n", put: "" },
      {
        file: "raft.ts",
        find: "this.#followers = this.#others().map((end) => newFollower(end, this.#log.lastIndex));",
        put: `this.#followers = this.#others().map((end, i) =>
      Object.assign(this.#followers[i] ?? {}, newFollower(end, this.#log.lastIndex)),
    );`,
      },
      {
        file: "raft.ts",
        find: 'if (this.#role !== "leader" || this.#currentTerm !== args.term) return;',
        put: 'if (this.#role !== "leader") return;',
      },
    ],
  },
  {
    name: "match-index-from-its-own-log",
    mistake: "A success is taken for the whole log as it is now, not as it was when the request was sent.",
    rule: "Raft Figure 2: matchIndex is the highest entry known to be replicated on the server.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "const stored = args.prevLogIndex + args.entries.length;",
        put: "const stored = this.#log.lastIndex;",
      },
    ],
  },
  {
    name: "match-index-survives-elections",
    mistake: "A new leader believes what it knew of the followers in an earlier office.",
    rule: "Raft Figure 2: matchIndex is reinitialized to 0 after election.",
    breaks: "safety",
    edits: [
      { file: "raft.ts", find: "    this.#followers = [];\n", put: "" },
      {
        file: "raft.ts",
        find: "this.#followers = this.#others().map((end) => newFollower(end, this.#log.lastIndex));",
        put: `this.#followers = this.#others().map((end, i) => {
      const matchIndex = this.#followers[i]?.matchIndex ?? 0;
      return { ...newFollower(end, this.#log.lastIndex), matchIndex };
    });`,
      },
    ],
  },
  {
    name: "shares-one-array-of-entries",
    mistake:
      "All requests hold the same array, filled anew for each, and its length is read after the answer.",
    rule: "Raft Figure 2: matchIndex is the highest entry known to be replicated on the server.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "entries: follower.inFlight ? [] : this.#log.from(follower.nextIndex),",
        put: "entries: this.#fill(follower.inFlight ? [] : this.#log.from(follower.nextIndex)),",
      },
      {
        file: "raft.ts",
        find: "  /** What is stored follows from what was sent,",
        put: `  readonly #batch: AppendEntriesArgs["entries"][number][] = [];

  #fill(entries: AppendEntriesArgs["entries"]): AppendEntriesArgs["entries"] {
    this.#batch.splice(0, this.#batch.length, ...entries);
    return this.#batch;
  }

  /** What is stored follows from what was sent,`,
      },
    ],
  },
  {
    name: "commit-index-not-bounded",
    mistake: "A follower takes over leaderCommit, though it may not have received that much.",
    rule: "Raft Figure 2, AppendEntries, receiver 5: commitIndex is at most the index of the last new entry.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "Math.min(args.leaderCommit, args.prevLogIndex + args.entries.length));",
        put: "args.leaderCommit);",
      },
    ],
  },
  {
    name: "commit-index-bounded-by-its-own-log",
    mistake:
      "A follower commits to the end of its log, behind the last entry that it shares with the leader.",
    rule: "Raft Figure 2, AppendEntries, receiver 5: commitIndex is at most the index of the last new entry.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "Math.min(args.leaderCommit, args.prevLogIndex + args.entries.length));",
        put: "Math.min(args.leaderCommit, this.#log.lastIndex));",
      },
    ],
  },
  {
    name: "commits-before-it-checks-its-log",
    mistake: "A follower that refuses the entries takes over leaderCommit all the same.",
    rule: "Raft §5.3: what is behind the last entry that both logs share is not the leader's.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "if (!this.#log.matches(args.prevLogIndex, args.prevLogTerm)) {",
        put: `if (!this.#log.matches(args.prevLogIndex, args.prevLogTerm)) {
      this.#commitUpTo(Math.min(args.leaderCommit, this.#log.lastIndex));`,
      },
    ],
  },
  {
    name: "follower-commits-what-it-receives",
    mistake: "A follower commits entries when they arrive, not when the leader says that they are committed.",
    rule: "Raft §5.3: a follower applies an entry once it learns from leaderCommit that it is committed.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "Math.min(args.leaderCommit, args.prevLogIndex + args.entries.length));",
        put: "args.prevLogIndex + args.entries.length);",
      },
    ],
  },
  {
    name: "applies-before-commit",
    mistake: "The apply loop goes on to the end of the log, behind what is committed.",
    rule: "Raft §5.3: entries are applied up to commitIndex.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "while (this.#lastApplied < this.#commitIndex && !this.#killed) {",
        put: "while (this.#lastApplied < this.#log.lastIndex && !this.#killed) {",
      },
    ],
  },
  {
    name: "applies-each-command-twice",
    mistake: "Each command is handed to the service a second time.",
    rule: "Raft Figure 2: lastApplied increments with each entry applied; each is applied once.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "      const command = this.#log.commandAt(this.#lastApplied);\n",
        put: `      const command = this.#log.commandAt(this.#lastApplied);
      await this.#applyCh.send({ commandValid: true, command, commandIndex: this.#lastApplied });
`,
      },
    ],
  },
];
