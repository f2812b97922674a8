import type { Bug } from "../bug.js";

/** Mistakes in what survives a crash (Raft Figure 2, persistent state; the lab's `persist`). */
export const persistence: readonly Bug[] = [
  {
    name: "never-saves-the-vote",
    mistake: "votedFor is left out of what is saved.",
    rule: "Raft Figure 2: votedFor is persistent, so that a restarted server does not vote again in its term.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "encoder.encode(this.#votedFor);", put: "encoder.encode(null);" }],
  },
  {
    name: "saves-a-vote-only-with-a-new-term",
    mistake: "A vote in a term that the voter already knows is not marked as a change.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "if (this.#votedFor === null) this.#unsaved = true;", put: "" }],
  },
  {
    name: "votes-without-saving",
    mistake: "RequestVote does not save, so a vote is on disk only when something else is saved later.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#persist();\n    return { term: this.#currentTerm, voteGranted };",
        put: "return { term: this.#currentTerm, voteGranted };",
      },
    ],
  },
  {
    name: "answers-votes-before-saving",
    mistake: "A vote is saved right after the answer has gone out.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#persist();\n    return { term: this.#currentTerm, voteGranted };",
        put: "setTimeout(() => this.#persist());\n    return { term: this.#currentTerm, voteGranted };",
      },
    ],
  },
  {
    name: "never-saves-the-term",
    mistake: "currentTerm is left out of what is saved.",
    rule: "Raft Figure 2: currentTerm is persistent and increases monotonically.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "encoder.encode(this.#currentTerm);", put: "encoder.encode(0);" }],
  },
  {
    name: "never-saves-the-log",
    mistake: "The log is left out of what is saved.",
    rule: "Raft Figure 2: log[] is persistent, so that a majority keeps what is committed.",
    breaks: "safety",
    edits: [
      { file: "raft.ts", find: "this.#log.save(this.#encoder);", put: "new Log().save(this.#encoder);" },
    ],
  },
  {
    name: "leader-does-not-save-its-entries",
    mistake: "start appends to the log without saving it.",
    rule: "Raft §5.3, Figure 2: the leader's own copy counts for the majority, so it must survive a crash.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#unsaved = true;\n    this.#persist();\n    void this.#replicateStarts();",
        put: "void this.#replicateStarts();",
      },
    ],
  },
  {
    name: "follower-does-not-save-entries",
    mistake: "AppendEntries changes the log without saving it.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;",
        put: "this.#log.merge(args.prevLogIndex, args.entries);",
      },
    ],
  },
  {
    name: "answers-appends-before-saving",
    mistake: "New entries are saved right after the answer has gone out.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#persist();\n    // Behind the last new entry",
        put: "setTimeout(() => this.#persist());\n    // Behind the last new entry",
      },
    ],
  },
  {
    name: "saves-before-it-changes",
    mistake: "AppendEntries saves first and stores the entries then, so each save is one request behind.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: `if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;
    this.#persist();`,
        put: `this.#persist();
    if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;`,
      },
    ],
  },
  {
    name: "saves-in-the-background",
    mistake: "Changes are gathered for 20 ms before they are saved, and answers do not wait for that.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "#persist(): void {\n",
        put: `#persist(): void {
    setTimeout(() => this.#saveChanges(), 20);
  }

  #saveChanges(): void {
`,
      },
    ],
  },
  {
    name: "saves-only-when-the-log-grows",
    mistake: "AppendEntries that replace entries, and leave the log no longer than it was, are not saved.",
    rule: "Raft Figure 2: persistent state is updated on stable storage before responding to RPCs.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;",
        put: `const lastIndexBefore = this.#log.lastIndex;
    this.#log.merge(args.prevLogIndex, args.entries);
    if (this.#log.lastIndex > lastIndexBefore) this.#unsaved = true;`,
      },
    ],
  },
  {
    name: "saved-form-keeps-what-was-cut",
    mistake:
      "Cutting the log forgets its saved form, where the removed entries still stand before the new ones.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: an entry that conflicts is deleted, and all behind it.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: `this.#encoder.reset();
    for (const { term, command } of this.from(1)) this.#encoder.encode([term, command]);`,
        put: "",
      },
    ],
  },
  {
    name: "reads-nothing-back",
    mistake: "A restarted server begins with an empty state.",
    rule: "Raft Figure 2: a server resumes from its persistent state.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "    this.#readPersist();\n", put: "" }],
  },
  {
    name: "reads-back-no-vote",
    mistake: "A restarted server reads its term and its log, and not for whom it has voted.",
    rule: "Raft §5.2: each server votes for at most one candidate in a term, before and after a crash.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#votedFor = decoder.decode<number | null>();",
        put: "decoder.decode<number | null>();",
      },
    ],
  },
  {
    name: "reads-back-no-log",
    mistake: "A restarted server reads its term and its vote, and not its log.",
    rule: "Raft Figure 2: log[] is persistent, so that a majority keeps what is committed.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "this.#log = Log.restore(decoder);", put: "" }],
  },
  {
    name: "loses-its-last-entry-at-restart",
    mistake: "The loop that reads the log back ends one entry early.",
    rule: "Raft Figure 2: log[] is persistent, so that a majority keeps what is committed.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: "for (let index = 1; index <= length; index += 1) {",
        put: "for (let index = 1; index < length; index += 1) {",
      },
    ],
  },
];
