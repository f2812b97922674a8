import type { Bug } from "../bug.js";

/** Mistakes in what is stored where, and from when on it is committed (Raft §5.3, §5.4.2). */
export const replication: readonly Bug[] = [
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
    name: "no-check-of-the-term-before",
    mistake: "A follower looks whether it has an entry before the new ones, and not of which term it is.",
    rule: "Raft §5.3: a follower refuses unless its entry at prevLogIndex has the term prevLogTerm.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "if (!this.#log.matches(args.prevLogIndex, args.prevLogTerm)) {",
        put: "if (args.prevLogIndex > this.#log.lastIndex) {",
      },
    ],
  },
  {
    name: "sends-its-last-term-as-the-term-before",
    mistake: "prevLogTerm is the term of the leader's last entry, not of the one before the new ones.",
    rule: "Raft Figure 2, AppendEntries: prevLogTerm is the term of the entry at prevLogIndex.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "prevLogTerm: this.#log.termAt(prevLogIndex),",
        put: "prevLogTerm: prevLogIndex === 0 ? 0 : this.#log.lastTerm,",
      },
    ],
  },
  {
    name: "obeys-stale-leaders",
    mistake: "A follower stores what a leader of an earlier term sends.",
    rule: "Raft Figure 2, AppendEntries, receiver 1: reply false if term < currentTerm.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "if (args.term < this.#currentTerm) return { term: this.#currentTerm, success: false };",
        put: "",
      },
    ],
  },
  {
    name: "truncates-at-every-append",
    mistake: "A follower cuts its log behind prevLogIndex, whatever stands there, by a heartbeat too.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: only an entry that conflicts removes those behind it.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: "const known = entries.findIndex((entry, i) => !this.matches(prevLogIndex + 1 + i, entry.term));",
        put: "const known = 0 as number;",
      },
    ],
  },
  {
    name: "truncates-at-late-entries",
    mistake: "A follower cuts its log behind prevLogIndex for any entries, late and repeated ones too.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: only an entry that conflicts removes those behind it.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: "const known = entries.findIndex((entry, i) => !this.matches(prevLogIndex + 1 + i, entry.term));",
        put: "const known = entries.length === 0 ? -1 : 0;",
      },
    ],
  },
  {
    name: "never-truncates",
    mistake: "A follower appends what lies beyond its log, and keeps what it has.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: an entry that conflicts is deleted, and all behind it.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: "const known = entries.findIndex((entry, i) => !this.matches(prevLogIndex + 1 + i, entry.term));",
        put: "const known = entries.findIndex((_, i) => prevLogIndex + 1 + i > this.lastIndex);",
      },
    ],
  },
  {
    name: "appends-behind-the-conflict",
    mistake: "A follower finds the conflict, and appends the new entries without removing the old ones.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: an entry that conflicts is deleted, and all behind it.",
    breaks: "safety",
    edits: [{ file: "log.ts", find: "this.#cutAfter(prevLogIndex + known);", put: "" }],
  },
  {
    name: "takes-a-long-log-for-the-leaders",
    mistake: "A follower whose log reaches far enough does not compare it with the new entries.",
    rule: "Raft Figure 2, AppendEntries, receiver 3: same index and different terms are a conflict.",
    breaks: "safety",
    edits: [
      {
        file: "log.ts",
        find: "if (known === -1) return false;",
        put: "if (known === -1 || prevLogIndex + entries.length <= this.lastIndex) return false;",
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
    name: "next-index-survives-elections",
    mistake: "A new leader goes on sending where it stopped in an earlier office, beyond its log perhaps.",
    rule: "Raft Figure 2: nextIndex is reinitialized to the leader's last log index + 1 after election.",
    breaks: "liveness",
    edits: [
      { file: "raft.ts", find: "    this.#followers = [];\n", put: "" },
      {
        file: "raft.ts",
        find: "this.#followers = this.#others().map((end) => newFollower(end, this.#log.lastIndex));",
        put: `this.#followers = this.#others().map((end, i) => {
      const nextIndex = this.#followers[i]?.nextIndex ?? this.#log.lastIndex + 1;
      return { ...newFollower(end, this.#log.lastIndex), nextIndex };
    });`,
      },
    ],
  },
  {
    name: "new-leader-drops-uncommitted-entries",
    mistake: "A new leader removes from its log what it does not know to be committed.",
    rule: "Raft §5.3, Leader Append-Only: a leader never overwrites or deletes entries in its log.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: 'this.#role = "leader";',
        put: 'this.#role = "leader";\n    this.#log.dropAfter(this.#commitIndex);',
      },
      {
        file: "log.ts",
        find: "  #cutAfter(lastIndex: LogIndex): void {",
        put: `  dropAfter(lastIndex: LogIndex): void {
    this.#cutAfter(lastIndex);
  }

  #cutAfter(lastIndex: LogIndex): void {`,
      },
    ],
  },
  {
    name: "candidate-accepts-commands",
    mistake: "start turns away followers only, so a candidate puts commands in its log.",
    rule: "Raft §5.3, Log Matching: only the leader of a term creates entries of that term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role !== "leader") return { index: -1,',
        put: 'if (this.#role === "follower") return { index: -1,',
      },
    ],
  },
  {
    name: "never-backs-up",
    mistake: "A leader sends the same entries again after a refusal.",
    rule: "Raft §5.3: after a refusal the leader decrements nextIndex and retries.",
    breaks: "liveness",
    edits: [{ file: "raft.ts", find: "else if (reply) this.#backUp(follower, args, reply);", put: "" }],
  },
  {
    name: "one-step-back-per-heartbeat",
    mistake: "A leader goes back one entry for a refusal, and tries again with the next heartbeat.",
    rule: "Raft §5.3: after a refusal the leader decrements nextIndex and retries; a hint saves rounds.",
    breaks: "budget",
    edits: [
      {
        file: "raft.ts",
        find: "const nextIndex = nextIndexAfter(reply, args.prevLogIndex, this.#log);",
        put: "const nextIndex = args.prevLogIndex;",
      },
      {
        file: "raft.ts",
        find: "if (reply) this.#sendMissing(follower);",
        put: "if (!reply?.success) return;\n    this.#sendMissing(follower);",
      },
    ],
  },
  {
    name: "one-step-back-per-refusal",
    mistake:
      "A follower does not say where its log parts from the leader's, so each refusal gains one entry.",
    rule: "Raft §5.3: decrementing nextIndex until the logs match is right; a hint saves rounds.",
    breaks: "budget",
    edits: [
      {
        file: "raft.ts",
        find: "success: false, ...conflictAt(args.prevLogIndex, this.#log) };",
        put: "success: false };",
      },
    ],
  },
  {
    name: "one-entry-per-request",
    mistake: "A leader sends one entry at a time, so a follower far behind costs a round for each.",
    rule: "Raft Figure 2, AppendEntries: entries may hold more than one, for efficiency.",
    breaks: "budget",
    edits: [
      {
        file: "raft.ts",
        find: "entries: follower.inFlight ? [] : this.#log.from(follower.nextIndex),",
        put: "entries: follower.inFlight ? [] : this.#log.from(follower.nextIndex).slice(0, 1),",
      },
    ],
  },
  {
    name: "sends-the-whole-log-every-time",
    mistake: "A leader sends its log from the first entry, in every heartbeat too.",
    rule: "Raft §5.3: a leader sends the entries from nextIndex on; heartbeats carry none.",
    breaks: "budget",
    edits: [
      {
        file: "raft.ts",
        find: "const prevLogIndex = follower.nextIndex - 1;",
        put: "const prevLogIndex = 0;",
      },
      {
        file: "raft.ts",
        find: "entries: follower.inFlight ? [] : this.#log.from(follower.nextIndex),",
        put: "entries: this.#log.from(1),",
      },
    ],
  },
  {
    name: "heartbeat-storm",
    mistake: "Heartbeats go out a hundred times a second.",
    rule: "Raft §5.6: heartbeats need only be well below the election timeout; the lab allows tens a second.",
    breaks: "budget",
    edits: [{ file: "raft.ts", find: "const HEARTBEAT_MS = 100;", put: "const HEARTBEAT_MS = 10;" }],
  },
  {
    name: "heartbeat-waits-for-all-answers",
    mistake: "A leader awaits every follower's answer before the next heartbeat, for seconds if one is gone.",
    rule: "Raft §5.3: the leader retries calls without end, and a slow follower does not hold up the others.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `#heartbeat(): void {
    this.#startRound(() => this.#heartbeat());
    for (const follower of this.#followers) void this.#appendEntriesTo(follower);`,
        put: `async #heartbeat(): Promise<void> {
    const term = this.#currentTerm;
    await Promise.all(this.#followers.map((follower) => this.#appendEntriesTo(follower)));
    if (this.#role !== "leader" || this.#currentTerm !== term) return;
    this.#startRound(() => this.#heartbeat());`,
      },
    ],
  },
  {
    name: "heartbeat-waits-for-the-last-answer",
    mistake: "A follower gets no heartbeat while a call to it is open, for seconds after it was cut off.",
    rule: "Raft §5.2: a leader sends periodic heartbeats to all followers.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "for (const follower of this.#followers) void this.#appendEntriesTo(follower);",
        put: `for (const follower of this.#followers) {
      if (!follower.inFlight) void this.#appendEntriesTo(follower);
    }`,
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
