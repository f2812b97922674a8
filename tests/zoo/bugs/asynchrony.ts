import type { Bug } from "../bug.js";

/** Mistakes that come of what else runs during an `await`, or of timers and loops left to themselves. */
export const asynchrony: readonly Bug[] = [
  {
    name: "decides-on-a-vote-and-then-waits",
    mistake: "A voter sees that it is free, waits for something, and votes: for two, if both ask meanwhile.",
    rule: "Raft §5.2: each server votes for at most one candidate in a term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "requestVote(args: RequestVoteArgs): RequestVoteReply {",
        put: "async requestVote(args: RequestVoteArgs): Promise<RequestVoteReply> {",
      },
      {
        file: "raft.ts",
        find: "    if (voteGranted) {\n",
        put: "    await new Promise((resolve) => setTimeout(resolve, 5));\n    if (voteGranted) {\n",
      },
    ],
  },
  {
    name: "checks-its-log-and-then-waits",
    mistake:
      "A follower finds that its log matches, waits for something, and stores what may be out of date.",
    rule: "Raft §5.1, §5.3: the term and the entry at prevLogIndex must hold when the entries are stored.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "appendEntries(args: AppendEntriesArgs): AppendEntriesReply {",
        put: "async appendEntries(args: AppendEntriesArgs): Promise<AppendEntriesReply> {",
      },
      {
        file: "raft.ts",
        find: "    if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;\n",
        put: `    await new Promise((resolve) => setTimeout(resolve, 80 * Math.random()));
    if (this.#log.merge(args.prevLogIndex, args.entries)) this.#unsaved = true;
`,
      },
    ],
  },
  {
    name: "builds-its-request-after-a-wait",
    mistake:
      "A leader decides to send, waits for something, and then puts into the request what holds by then.",
    rule: "Raft §5.2: only the leader of a term sends AppendEntries in it.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "    const prevLogIndex = follower.nextIndex - 1;\n",
        put: `    await new Promise((resolve) => setTimeout(resolve, 2));
    const prevLogIndex = follower.nextIndex - 1;
`,
      },
    ],
  },
  {
    name: "two-appliers-at-once",
    mistake: "Each commit starts an apply loop of its own, and lastApplied is counted after the wait.",
    rule: "Raft Figure 2: lastApplied increments with each entry applied; each is applied once, in log order.",
    breaks: "safety",
    edits: [
      { file: "raft.ts", find: "    if (this.#applying) return;\n", put: "" },
      {
        file: "raft.ts",
        find: `this.#lastApplied += 1;
      const command = this.#log.commandAt(this.#lastApplied);
      await this.#applyCh.send({ commandValid: true, command, commandIndex: this.#lastApplied });`,
        put: `const commandIndex = this.#lastApplied + 1;
      const command = this.#log.commandAt(commandIndex);
      await this.#applyCh.send({ commandValid: true, command, commandIndex });
      this.#lastApplied += 1;`,
      },
    ],
  },
  {
    name: "applier-reads-its-place-after-the-wait",
    mistake: "The apply loop takes a command, lets others run, and then reads which index it is applying.",
    rule: "Raft Figure 3, State Machine Safety: all servers apply the same command at an index.",
    breaks: "safety",
    edits: [
      { file: "raft.ts", find: "    if (this.#applying) return;\n", put: "" },
      {
        file: "raft.ts",
        find: "      const command = this.#log.commandAt(this.#lastApplied);\n",
        put: `      const command = this.#log.commandAt(this.#lastApplied);
      await new Promise((resolve) => setTimeout(resolve, 1));
`,
      },
    ],
  },
  {
    name: "apply-loop-killed-by-an-error",
    mistake:
      "The apply loop reads beyond its log, and the error is swallowed with the loop marked as running.",
    rule: "Raft §5.3: committed entries are eventually applied by all servers that are up.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "Math.min(args.leaderCommit, args.prevLogIndex + args.entries.length));",
        put: "args.leaderCommit);",
      },
      {
        file: "raft.ts",
        find: "void this.#applyCommitted();",
        put: "this.#applyCommitted().catch(() => {});",
      },
    ],
  },
  {
    name: "apply-loop-never-marked-as-ended",
    mistake: "The flag that keeps a second apply loop from starting is not cleared.",
    rule: "Raft §5.3: committed entries are eventually applied by all servers that are up.",
    breaks: "liveness",
    edits: [{ file: "raft.ts", find: "    this.#applying = false;\n", put: "" }],
  },
  {
    name: "closes-over-the-loop-variable",
    mistake:
      "The heartbeats of a round are sent a little later, by when the variable holds the last follower.",
    rule: "Raft §5.2: a leader sends periodic heartbeats to all followers.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "for (const follower of this.#followers) void this.#appendEntriesTo(follower);",
        put: `let follower: Follower | undefined;
    for (follower of this.#followers) queueMicrotask(() => follower && this.#appendEntriesTo(follower));`,
      },
    ],
  },
  {
    name: "heartbeat-loops-pile-up",
    mistake: "A new round does not cancel the one before, so every office adds a loop of heartbeats.",
    rule: "Raft §5.6: heartbeats need only be well below the election timeout; the lab allows tens a second.",
    breaks: "budget",
    edits: [
      {
        file: "raft.ts",
        find: `clearTimeout(this.#roundTimer);
    this.#roundTimer = setTimeout(again, HEARTBEAT_MS);`,
        put: "this.#roundTimer = setTimeout(again, HEARTBEAT_MS);",
      },
    ],
  },
];
