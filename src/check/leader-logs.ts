import { differ, showCommand } from "./commands.js";
import type { Campaign, Leadership } from "./elections.js";
import { type AppendEntries, type Entry, termIn } from "./messages.js";
import type { AppendRpc } from "./rpc.js";
import { type Moment, type Report, when } from "./violation.js";

/** An entry as a leader sent it first. */
export interface SentEntry extends Entry {
  /** The term of the entry before it. */
  readonly previousTerm: number;
  readonly from: number;
  readonly at: Moment;
  /** Another entry at the same index, of another term. */
  readonly next: SentEntry | undefined;
}

/** What a leader has said to be committed: its log up to an index. */
interface Committed {
  readonly upTo: number;
  readonly leader: Leadership;
  readonly at: Moment;
}

/** What leaders send: one entry per index and term, and logs that only grow (Raft §5.3, §5.4.3; Figure 3). */
export class LeaderLogs {
  readonly #report: Report;
  /** By index: the entries of every term that were sent there. */
  readonly #sent: SentEntry[] = [];
  /** In the order of `upTo`. */
  readonly #committed: Committed[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  /** The entries of every term that leaders have sent for `index`, chained by `next`. */
  sentAt(index: number): SentEntry | undefined {
    return this.#sent[index];
  }

  appendSent({ args, sent }: AppendRpc, leader: Leadership): void {
    this.#checkEntries(args, leader.peer, sent);
    this.#checkAppendOnly(args, leader, sent);
    this.#checkCompleteness(args, leader, sent);
  }

  /** A leader may rightly say that its log is committed up to here. */
  committed(upTo: number, leader: Leadership, at: Moment): void {
    const last = this.#committed.at(-1);
    if (!last || upTo > last.upTo) this.#committed.push({ upTo, leader, at });
  }

  // --- Log Matching: one command per index and term, and the same entry before it (§5.3) ---

  #checkEntries({ prevLogIndex, prevLogTerm, entries }: AppendEntries, from: number, at: Moment): void {
    let index = prevLogIndex;
    let previousTerm = prevLogTerm;
    for (const entry of entries) {
      index += 1;
      const known = this.#find(index, entry.term);
      if (!known) this.#add(index, entry, previousTerm, from, at);
      else if (known.previousTerm !== previousTerm)
        this.#differentBefore(index, known, previousTerm, from, at);
      else if (differ(known.command, entry.command)) this.#differentCommands(index, known, entry, from, at);
      previousTerm = entry.term;
    }
  }

  #find(index: number, term: number): SentEntry | undefined {
    let entry = this.#sent[index];
    while (entry && entry.term !== term) entry = entry.next;
    return entry;
  }

  #add(index: number, { term, command }: Entry, previousTerm: number, from: number, at: Moment): void {
    this.#sent[index] = { term, command, previousTerm, from, at, next: this.#sent[index] };
  }

  #differentCommands(index: number, known: SentEntry, entry: Entry, from: number, at: Moment): void {
    const [one, other] = [showCommand(known.command), showCommand(entry.command)];
    this.#mismatch(index, known, from, at, `sent ${one} ${when(known.at)}`, `${other} ${when(at)}`);
  }

  #differentBefore(index: number, known: SentEntry, previousTerm: number, from: number, at: Moment): void {
    const one = `sent it behind an entry of term ${known.previousTerm} ${when(known.at)}`;
    this.#mismatch(index, known, from, at, one, `behind one of term ${previousTerm} ${when(at)}`);
  }

  #mismatch(index: number, known: SentEntry, from: number, at: Moment, one: string, other: string): void {
    this.#report({
      rule: "log-matching",
      section: "Raft §5.3",
      message:
        `Two different entries have index ${index} and term ${known.term}: peer ${known.from} ${one}, ` +
        `peer ${from} ${other}.`,
      peers: [...new Set([from, known.from])],
      events: [known.at.seq, at.seq],
    });
  }

  // --- Leader Append-Only: it never changes what it has (§5.3, Figure 3) ---

  #checkAppendOnly(args: AppendEntries, leader: Leadership, at: Moment): void {
    const { prevLogIndex, prevLogTerm, entries } = args;
    this.#checkOwn(prevLogIndex, prevLogTerm, leader, at);
    for (let i = 0; i < entries.length; i += 1) {
      this.#checkOwn(prevLogIndex + 1 + i, entries[i]?.term ?? 0, leader, at);
    }
  }

  #checkOwn(index: number, term: number, leader: Leadership, at: Moment): void {
    const known = leader.log[index];
    if (known === term) return;
    leader.log[index] = term;
    if (known !== undefined) this.#changed(index, term, `term ${known} before`, leader, leader.since, at);
    else if (leader.campaign) this.#checkNew(index, term, leader, leader.campaign, at);
  }

  /** A leader has what it had as a candidate, and behind that entries of its own term. */
  #checkNew(index: number, term: number, leader: Leadership, { args, since }: Campaign, at: Moment): void {
    if (index === args.lastLogIndex && term !== args.lastLogTerm) {
      this.#changed(index, term, `term ${args.lastLogTerm} as a candidate`, leader, since, at);
    } else if (index > args.lastLogIndex && term !== leader.term) {
      this.#changed(index, term, "no entry as a candidate", leader, since, at);
    }
  }

  #changed(index: number, term: number, was: string, leader: Leadership, since: Moment, at: Moment): void {
    this.#report({
      rule: "leader-append-only",
      section: "Raft §5.3, Figure 3",
      message:
        `Peer ${leader.peer} has changed its log as leader of term ${leader.term}: it sent an entry of term ` +
        `${term} at index ${index} ${when(at)}, where it had ${was}.`,
      peers: [leader.peer],
      events: [since.seq, at.seq],
    });
  }

  // --- Leader Completeness: every later leader has what was committed (§5.4.3) ---

  #checkCompleteness(args: AppendEntries, leader: Leadership, at: Moment): void {
    const last = this.#committed.at(-1);
    if (!last) return;
    if (leader.since.seq === at.seq && leader.campaign) this.#checkLength(leader, leader.campaign, last, at);
    const index = Math.min(last.upTo, args.lastIndex);
    const committed = this.#committedAt(index) ?? last;
    if (index < args.prevLogIndex || committed.leader.term >= leader.term) return;
    const term = committed.leader.log[index];
    const mine = termIn(args, index);
    if (term === undefined || term === mine) return;
    this.#incomplete(index, term, committed, leader, `has term ${mine} there`, at);
  }

  #checkLength(leader: Leadership, { args }: Campaign, last: Committed, at: Moment): void {
    if (args.lastLogIndex >= last.upTo || last.leader.term >= leader.term) return;
    const term = last.leader.log[last.upTo] ?? last.leader.term;
    const deed = `was elected with a log that ends at index ${args.lastLogIndex}`;
    this.#incomplete(last.upTo, term, last, leader, deed, at);
  }

  /** The first to say that `index` is committed. */
  #committedAt(index: number): Committed | undefined {
    let [low, high] = [0, this.#committed.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#committed[middle]?.upTo ?? 0) >= index) high = middle;
      else low = middle + 1;
    }
    return this.#committed[low];
  }

  #incomplete(
    index: number,
    term: number,
    committed: Committed,
    leader: Leadership,
    deed: string,
    at: Moment,
  ): void {
    this.#report({
      rule: "leader-completeness",
      section: "Raft §5.4.3",
      message:
        `Peer ${leader.peer}, leader of term ${leader.term} ${when(at)}, ${deed}, but the entry of term ` +
        `${term} at index ${index} was committed by peer ${committed.leader.peer} in term ` +
        `${committed.leader.term} ${when(committed.at)}.`,
      peers: [leader.peer, committed.leader.peer],
      events: [committed.at.seq, at.seq],
    });
  }
}
