import type { Bug } from "../bug.js";

/** Mistakes in what a log takes in, and in how a leader brings the others' to its own (Raft §5.3). */
export const replication: readonly Bug[] = [
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
];
