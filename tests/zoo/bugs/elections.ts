import type { Bug } from "../bug.js";

/** Mistakes in who votes for whom, in which term, and when to stand (Raft §5.1, §5.2, §5.4.1). */
export const elections: readonly Bug[] = [
  {
    name: "votes-without-comparing-logs",
    mistake: "A voter does not look at the candidate's log.",
    rule: "Raft §5.4.1: a voter refuses a candidate whose log is older than its own.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "free && isUpToDate(args, this.#log);", put: "free;" }],
  },
  {
    name: "compares-log-lengths-only",
    mistake: "A voter takes the longer log for the newer one, whatever the terms.",
    rule: "Raft §5.4.1: if the last entries have different terms, the log with the later term is newer.",
    breaks: "safety",
    edits: [
      {
        file: "rules.ts",
        find: "if (candidate.lastLogTerm !== voterTerm) return candidate.lastLogTerm > voterTerm;",
        put: "",
      },
    ],
  },
  {
    name: "compares-last-terms-only",
    mistake: "A voter is content with a log that ends in the same term, even if it is shorter.",
    rule: "Raft §5.4.1: if the logs end with the same term, the longer one is newer.",
    breaks: "safety",
    edits: [
      { file: "rules.ts", find: "return candidate.lastLogIndex >= voter.lastIndex;", put: "return true;" },
    ],
  },
  {
    name: "refuses-equal-logs",
    mistake: "A voter wants the candidate's log to be longer than its own, not just as long.",
    rule: "Raft §5.4.1: a log that is at least as up-to-date is good enough.",
    breaks: "liveness",
    edits: [
      {
        file: "rules.ts",
        find: "return candidate.lastLogIndex >= voter.lastIndex;",
        put: "return candidate.lastLogIndex > voter.lastIndex;",
      },
    ],
  },
  {
    name: "votes-twice-in-a-term",
    mistake: "A voter forgets to look whether it has voted.",
    rule: "Raft §5.2: each server votes for at most one candidate in a term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "const free = this.#votedFor === null || this.#votedFor === args.candidateId;",
        put: "const free = true;",
      },
    ],
  },
  {
    name: "forgets-its-vote-on-hearing-the-leader",
    mistake: "Becoming a follower clears votedFor, though the term has not changed.",
    rule: "Raft §5.2: each server votes for at most one candidate in a term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "this.#becomeFollower(); // A candidate has lost to the leader of its own term (§5.2).",
        put: "this.#becomeFollower();\n    this.#votedFor = null;",
      },
    ],
  },
  {
    name: "candidate-does-not-vote-for-itself",
    mistake: "A candidate counts its own vote without giving it, and may give it to another.",
    rule: "Raft §5.2: a candidate votes for itself; each server votes for at most one candidate in a term.",
    breaks: "safety",
    edits: [{ file: "raft.ts", find: "this.#votedFor = this.#me;", put: "this.#votedFor = null;" }],
  },
  {
    name: "votes-in-terms-of-the-past",
    mistake: "A voter that is in a later term votes in the candidate's all the same.",
    rule: "Raft Figure 2, RequestVote, receiver 1: reply false if term < currentTerm.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: "const voteGranted = args.term === this.#currentTerm && free",
        put: "const voteGranted = free",
      },
      {
        file: "raft.ts",
        find: "return { term: this.#currentTerm, voteGranted };",
        put: "return { term: args.term, voteGranted };",
      },
    ],
  },
  {
    name: "keeps-voted-for-over-a-new-term",
    mistake: "A new term does not give the voter a new vote.",
    rule: "Raft Figure 2: votedFor is the candidate that received the vote in the current term, or null.",
    breaks: "liveness",
    edits: [{ file: "raft.ts", find: "this.#votedFor = null;", put: "" }],
  },
  {
    name: "candidate-refuses-the-leader-of-its-term",
    mistake: "A candidate refuses AppendEntries of its own term instead of following their sender.",
    rule: "Raft §5.2: a candidate recognizes a leader whose term is at least as large as its own.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "if (args.term < this.#currentTerm) return {",
        put: `const isRival = args.term === this.#currentTerm && this.#role === "candidate";
    if (args.term < this.#currentTerm || isRival) return {`,
      },
    ],
  },
  {
    name: "fixed-election-timeouts",
    mistake: "All peers have the same election timeout, so they stand together and split the vote.",
    rule: "Raft §5.2: election timeouts are chosen at random from a fixed interval.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "ELECTION_TIMEOUT_MS_MIN + Math.random() * spread;",
        put: "ELECTION_TIMEOUT_MS_MIN;",
      },
    ],
  },
  {
    name: "ignores-a-later-term-in-a-reply",
    mistake: "Leaders and candidates look at the term of requests, and not at that of replies.",
    rule: "Raft §5.1: a server that finds its term out of date, by a request or a reply, becomes a follower.",
    breaks: "liveness",
    edits: [{ file: "raft.ts", find: "    this.#observeTerm(term);\n", put: "" }],
  },
  {
    name: "counts-stale-votes",
    mistake: "A vote is counted, and can win, whatever has become of the candidacy it was asked for.",
    rule: "Raft §5.2: a candidate wins with the votes of a majority for the same term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role !== "candidate" || this.#currentTerm !== campaign.args.term) return;',
        put: "",
      },
    ],
  },
  {
    name: "counts-votes-of-an-earlier-candidacy",
    mistake: "A candidate does not look at the term in which a vote was given.",
    rule: "Raft §5.2: a candidate wins with the votes of a majority for the same term.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role !== "candidate" || this.#currentTerm !== campaign.args.term) return;',
        put: 'if (this.#role !== "candidate") return;',
      },
    ],
  },
  {
    name: "half-is-a-majority",
    mistake: "Half of the peers, rounded down, is taken for a majority.",
    rule: "Raft §5.2: any two majorities have a server in common.",
    breaks: "safety",
    edits: [
      {
        file: "rules.ts",
        find: "return Math.floor(peerCount / 2) + 1;",
        put: "return Math.floor(peerCount / 2);",
      },
    ],
  },
  {
    name: "half-of-an-even-cluster-is-a-majority",
    mistake: "Half of the peers, rounded up, is taken for a majority: right for 3, 5 and 7 peers, not for 4.",
    rule: "Raft §5.2: any two majorities have a server in common.",
    breaks: "safety",
    edits: [
      {
        file: "rules.ts",
        find: "return Math.floor(peerCount / 2) + 1;",
        put: "return Math.ceil(peerCount / 2);",
      },
    ],
  },
  {
    name: "wants-more-than-a-majority",
    mistake: "A candidate waits for one vote more than a majority.",
    rule: "Raft §5.2: the votes of a majority win; the others may be down.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "if (campaign.votes >= majorityOf(this.#peers.length))",
        put: "if (campaign.votes > majorityOf(this.#peers.length))",
      },
    ],
  },
  {
    name: "waits-for-every-vote",
    mistake: "A candidate counts the votes when all peers have answered.",
    rule: "Raft §5.2: the votes of a majority win; the others may be down.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "if (isFirstAnswer && reply.voteGranted) this.#countVote(campaign);",
        put: `if (isFirstAnswer && reply.voteGranted) campaign.votes += 1;
    if (campaign.unanswered.size === 0 && campaign.votes >= majorityOf(this.#peers.length)) this.#takeOffice();`,
      },
    ],
  },
  {
    name: "asks-for-votes-one-after-another",
    mistake: "A candidate awaits one voter's answer before it asks the next, however long that takes.",
    rule: "Raft §5.2: a candidate asks the other servers in parallel.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "for (const end of campaign.unanswered) void this.#askForVote(end, campaign);",
        put: `void (async () => {
      for (const end of campaign.unanswered) await this.#askForVote(end, campaign);
    })();`,
      },
    ],
  },
  {
    name: "asks-again-in-the-same-term",
    mistake: "A candidate whose vote was split asks again without a new term, and all have voted.",
    rule: "Raft §5.2: a candidate that times out increments its term and begins a new election.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `this.#role = "candidate";
    this.#currentTerm += 1;`,
        put: `if (this.#role !== "candidate") this.#currentTerm += 1;
    this.#role = "candidate";`,
      },
    ],
  },
  {
    name: "stands-only-once",
    mistake: "A candidate sets no timer, so an election that nobody wins is its last.",
    rule: "Raft §5.2: a candidate that times out begins a new election.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "this.#restartElectionTimer(); // A vote that is split, or lost on the way, leads to the next election.",
        put: "clearTimeout(this.#electionTimer);",
      },
    ],
  },
  {
    name: "deposed-leader-sets-no-timer",
    mistake:
      "A leader stops its election timer, and does not set it again when a later term ends its office.",
    rule: "Raft §5.2: a follower that hears of no leader over the election timeout stands for election.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: 'if (this.#role === "leader") this.#restartElectionTimer(); // A leader has none running.',
        put: "",
      },
    ],
  },
  {
    name: "deposed-leader-keeps-its-heartbeats",
    mistake: "A leader that steps down leaves its heartbeat timer running, which now speaks in the new term.",
    rule: "Raft §5.2: at most one leader in a term; only a winner of an election sends AppendEntries.",
    breaks: "safety",
    edits: [
      {
        file: "raft.ts",
        find: `this.#followers = [];
    clearTimeout(this.#roundTimer);`,
        put: "",
      },
    ],
  },
  {
    name: "leader-times-out-on-itself",
    mistake: "A winner leaves its election timer running, and nobody sends it heartbeats.",
    rule: "Raft §5.2: followers and candidates stand for election; a leader leads until it hears of a later term.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `clearTimeout(this.#electionTimer);
    this.#role = "leader";`,
        put: 'this.#role = "leader";',
      },
    ],
  },
  {
    name: "election-timers-pile-up",
    mistake: "Setting the election timer does not cancel the one before.",
    rule: "Raft §5.2: a heartbeat keeps a follower from standing for election.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `clearTimeout(this.#electionTimer);
    if (this.#killed) return;`,
        put: "if (this.#killed) return;",
      },
    ],
  },
  {
    name: "timer-not-reset-by-the-leader",
    mistake: "A follower sets its election timer when it votes, and not when it hears of its leader.",
    rule: "Raft §5.2: a heartbeat keeps a follower from standing for election.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `own term (§5.2).
    this.#restartElectionTimer();`,
        put: "own term (§5.2).",
      },
    ],
  },
  {
    name: "timer-not-reset-by-a-granted-vote",
    mistake: "A voter's election timer runs on, and may end the term of the candidate it has just voted for.",
    rule: "Raft Figure 2, followers: the timeout runs from the last AppendEntries or the last vote granted.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: `this.#votedFor = args.candidateId;
      this.#restartElectionTimer();`,
        put: "this.#votedFor = args.candidateId;",
      },
    ],
  },
  {
    name: "refuses-old-logs-without-joining-their-term",
    mistake: "A voter that refuses a candidate for its old log stays in its own term.",
    rule: "Raft §5.1: who hears of a later term joins it at once; or the one that could win stands in terms long past.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "this.#observeTerm(args.term);\n    const free",
        put: `if (!isUpToDate(args, this.#log)) return { term: this.#currentTerm, voteGranted: false };
    this.#observeTerm(args.term);
    const free`,
      },
    ],
  },
  {
    name: "timer-reset-by-any-vote-request",
    mistake: "A vote that is asked for and refused keeps the voter from standing for election.",
    rule: "Raft Figure 2, followers: only a vote that is granted resets the election timeout.",
    breaks: "liveness",
    edits: [
      {
        file: "raft.ts",
        find: "this.#observeTerm(args.term);\n    const free",
        put: 'this.#observeTerm(args.term);\n    if (this.#role !== "leader") this.#restartElectionTimer();\n    const free',
      },
    ],
  },
];
