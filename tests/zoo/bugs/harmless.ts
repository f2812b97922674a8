import type { Bug } from "../bug.js";

/** What looks wrong and keeps every promise: neither a case nor a checker may report it. */
export const harmless: readonly Bug[] = [
  {
    name: "candidate-steps-down-late",
    mistake: "A candidate follows the leader of its own term, but goes on calling itself a candidate.",
    rule: "Raft §5.2: a term that has a leader has no majority of votes left for another.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "this.#becomeFollower(); // A candidate has lost to the leader of its own term (§5.2).",
        put: 'if (this.#role !== "candidate") this.#becomeFollower();',
      },
    ],
  },
  {
    name: "takes-office-again-with-each-further-vote",
    mistake: "A vote that comes after the majority makes the leader begin its office anew.",
    rule: "Raft §5.3: nextIndex is a guess, and matchIndex may start from 0 at any time.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role !== "candidate" || this.#currentTerm !== campaign.args.term) return;',
        put: "if (this.#currentTerm !== campaign.args.term) return;",
      },
    ],
  },
  {
    name: "leader-is-silent-for-its-first-heartbeat",
    mistake: "A winner does not announce itself at once, but with the first regular heartbeat.",
    rule: "Raft §5.6: broadcasts must come well within the election timeout, and they do.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "newFollower(end, this.#log.lastIndex));\n    this.#heartbeat();",
        put: "newFollower(end, this.#log.lastIndex));\n    this.#startRound(() => this.#heartbeat());",
      },
    ],
  },
  {
    name: "commit-index-may-fall",
    mistake: "A follower takes over whatever commit index it is told, though a late request may tell less.",
    rule: "Raft Figure 2: lastApplied never falls, and commitIndex is volatile anyway.",
    breaks: "nothing",
    edits: [{ file: "raft.ts", find: "    if (index <= this.#commitIndex) return;\n", put: "" }],
  },
  {
    name: "match-index-may-fall",
    mistake: "An answer that was overtaken by a later one lowers matchIndex.",
    rule: "Raft §5.3: matchIndex is a lower bound; the next heartbeat raises it again.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "if (stored <= follower.matchIndex) return; // Answers may overtake each other.",
        put: "",
      },
    ],
  },
  {
    name: "backs-up-below-match-index",
    mistake: "After a refusal, nextIndex may fall to what the follower is known to store.",
    rule: "Raft §5.5: AppendEntries are idempotent; entries sent again do no harm.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "follower.nextIndex = Math.max(nextIndex, follower.matchIndex + 1);",
        put: "follower.nextIndex = nextIndex;",
      },
    ],
  },
  {
    name: "conflict-index-one-too-high",
    mistake: "A follower with too short a log says that it lacks one entry less than it does.",
    rule: "Raft §5.3: nextIndex falls with every refusal, so the search ends, here a round later.",
    breaks: "nothing",
    edits: [
      {
        file: "rules.ts",
        find: "return { conflictIndex: follower.lastIndex + 1 };",
        put: "return { conflictIndex: follower.lastIndex + 2 };",
      },
    ],
  },
  {
    name: "start-leaves-the-saving-to-the-first-answer",
    mistake: "start does not save; the first answer that could count for a majority does.",
    rule: "Raft §5.3: the leader may send an entry before it is saved, as long as it is not counted before.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "this.#persist();\n    void this.#replicateStarts();",
        put: "void this.#replicateStarts();",
      },
    ],
  },
  {
    name: "saves-though-nothing-has-changed",
    mistake: "Every handler saves the state, changed or not.",
    rule: "Raft Figure 2: what is saved before the answer is the same.",
    breaks: "nothing",
    edits: [{ file: "raft.ts", find: "    if (!this.#unsaved) return;\n", put: "" }],
  },
  {
    name: "applies-without-waiting",
    mistake: "The apply loop does not wait until the service has taken a command before it sends the next.",
    rule: "Raft §5.3: commands are applied in log order, and the channel keeps it.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "await this.#applyCh.send({",
        put: "void this.#applyCh.send({",
      },
    ],
  },
  {
    name: "kill-does-nothing",
    mistake: "kill leaves timers and loops running.",
    rule: "Raft §5.5: a crashed server says nothing; here its thread or realm ends with it.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: `this.#killed = true;
    this.#becomeFollower();
    clearTimeout(this.#electionTimer);`,
        put: "",
      },
    ],
  },
  {
    name: "timer-reset-by-stale-leaders",
    mistake: "AppendEntries of an earlier term keep a follower from standing for election.",
    rule: "Raft §5.1: a reply tells the stale leader of the later term, and where calls are answered on the way they came, it hears that at once: an election is late by a heartbeat at most.",
    breaks: "nothing",
    edits: [
      {
        file: "raft.ts",
        find: "if (args.term < this.#currentTerm) return {",
        put: `if (args.term < this.#currentTerm && this.#role !== "leader") this.#restartElectionTimer();
    if (args.term < this.#currentTerm) return {`,
      },
    ],
  },
];
