import { RaftChecker } from "../../src/check/run-checker.js";
import type { Violation } from "../../src/check/violation.js";
import { encode } from "../../src/labgob/labgob.js";
import type { Loss, TraceEvent, TraceRecord } from "../../src/trace/event.js";

/** Between two events of a script. */
const STEP_US = 1000;

/** What a leader sends of its log, which is written as the term at each index, from index 1. */
export interface Append {
  readonly term: number;
  readonly log?: readonly number[];
  /** `prevLogIndex`: the entries begin behind it. */
  readonly after?: number;
  /** Index of the last entry sent; the log's last if left out. */
  readonly upTo?: number;
  readonly commit?: number;
  /** Commands that differ from `commandOf`, by index. */
  readonly commands?: Readonly<Record<number, unknown>>;
}

/** One RPC of a script, taken on step by step. Each step's `seq` is kept. */
export class ScriptedRpc {
  readonly sentAt: number;
  deliveredAt = -1;
  handledAt = -1;
  readonly #script: TraceScript;
  readonly #rpc: number;
  readonly #to: number;

  constructor(script: TraceScript, rpc: number, sentAt: number, to: number) {
    this.#script = script;
    this.#rpc = rpc;
    this.sentAt = sentAt;
    this.#to = to;
  }

  deliver(): this {
    this.deliveredAt = this.#script.add({ kind: "deliver", rpc: this.#rpc });
    return this;
  }

  /** The server saves. */
  save(): this {
    this.#script.save(this.#to);
    return this;
  }

  /** The handler's reply comes back to the router. */
  handle(reply: unknown): this {
    this.handledAt = this.#script.add({ kind: "handled", rpc: this.#rpc, reply: encode(reply) });
    return this;
  }

  /** The reply reaches the caller. */
  answer(): this {
    this.#script.add({ kind: "outcome", rpc: this.#rpc, lost: undefined });
    return this;
  }

  lose(lost: Loss): this {
    this.#script.add({ kind: "outcome", rpc: this.#rpc, lost });
    return this;
  }
}

/** Writes a trace by hand, for checkers to read: in full where it matters, whole exchanges where not. */
export class TraceScript {
  readonly peerCount: number;
  readonly records: TraceRecord[] = [];
  #nowUs = 0;
  #rpcs = 0;
  readonly #incarnations: number[];

  /** All peers boot at once. */
  constructor(peerCount = 3) {
    this.peerCount = peerCount;
    this.#incarnations = Array(peerCount).fill(0);
    for (let peer = 0; peer < peerCount; peer += 1) this.boot(peer);
  }

  /** @returns the record's `seq` */
  add(event: TraceEvent): number {
    this.#nowUs += STEP_US;
    const seq = this.records.length;
    this.records.push({ seq, atUs: this.#nowUs, event });
    return seq;
  }

  wait(ms: number): void {
    this.#nowUs += 1000 * ms;
  }

  boot(peer: number): void {
    const incarnation = (this.#incarnations[peer] ?? 0) + 1;
    this.#incarnations[peer] = incarnation;
    this.add({ kind: "boot", peer, incarnation });
    this.add({ kind: "ready", peer, incarnation });
  }

  crash(peer: number): void {
    this.add({ kind: "crash", peer, incarnation: this.#incarnations[peer] ?? 0 });
  }

  restart(peer: number): void {
    this.crash(peer);
    this.boot(peer);
  }

  save(peer: number): number {
    return this.add({ kind: "save", peer, state: new Uint8Array(4), snapshot: null });
  }

  apply(peer: number, index: number, command: unknown): number {
    const message = { commandValid: true, command, commandIndex: index };
    return this.add({ kind: "apply", peer, index, message });
  }

  call(from: number | undefined, to: number, svcMeth: string, args: unknown): ScriptedRpc {
    this.#rpcs += 1;
    const rpc = this.#rpcs;
    const sentAt = this.add({ kind: "send", rpc, from, to, svcMeth, args: encode(args) });
    return new ScriptedRpc(this, rpc, sentAt, to);
  }

  /** @param log the candidate's, as the term at each index */
  requestVote(from: number, to: number, term: number, log: readonly number[] = []): ScriptedRpc {
    const args = { term, candidateId: from, lastLogIndex: log.length, lastLogTerm: log.at(-1) ?? 0 };
    return this.call(from, to, "Raft.requestVote", args);
  }

  appendEntries(from: number, to: number, append: Append): ScriptedRpc {
    return this.call(from, to, "Raft.appendEntries", appendArgs(from, append));
  }

  /** A vote asked for and given, saved before. */
  vote(from: number, to: number, term: number, log: readonly number[] = []): ScriptedRpc {
    const rpc = this.requestVote(from, to, term, log).deliver().save();
    return rpc.handle({ term, voteGranted: true }).answer();
  }

  /** A vote asked for and refused. */
  noVote(from: number, to: number, term: number, log: readonly number[] = []): ScriptedRpc {
    const rpc = this.requestVote(from, to, term, log).deliver().save();
    return rpc.handle({ term, voteGranted: false }).answer();
  }

  /** The vote of as many others as it takes, those that follow in number. */
  elect(leader: number, term: number, log: readonly number[] = []): void {
    this.save(leader);
    for (let i = 1; i <= Math.floor(this.peerCount / 2); i += 1) {
      this.vote(leader, (leader + i) % this.peerCount, term, log);
    }
  }

  /** Entries saved, sent, saved there and acknowledged. */
  replicate(from: number, to: number, append: Append): ScriptedRpc {
    this.save(from);
    const rpc = this.appendEntries(from, to, append).deliver().save();
    return rpc.handle({ term: append.term, success: true }).answer();
  }

  /** Entries sent and refused. */
  refuse(from: number, to: number, append: Append): ScriptedRpc {
    const rpc = this.appendEntries(from, to, append).deliver().save();
    return rpc.handle({ term: append.term, success: false }).answer();
  }
}

/** The command of the entry of this term at this index, wherever a script does not say otherwise. */
export function commandOf(index: number, term: number): string {
  return `${index} of term ${term}`;
}

/** The arguments of an AppendEntries, as Figure 2 has them. */
export function appendArgs(leaderId: number, append: Append) {
  const { term, log = [], after = 0, upTo = log.length, commit = 0, commands = {} } = append;
  const entries = log.slice(after, upTo).map((entryTerm, i) => {
    const index = after + 1 + i;
    return { term: entryTerm, command: commands[index] ?? commandOf(index, entryTerm) };
  });
  const prevLogTerm = after === 0 ? 0 : (log[after - 1] ?? 0);
  return { term, leaderId, prevLogIndex: after, prevLogTerm, entries, leaderCommit: commit };
}

/** What the checkers say of a trace. */
export interface Findings {
  readonly violation: Violation | undefined;
  readonly warnings: readonly string[];
}

export function check(records: readonly TraceRecord[], peerCount: number): Findings {
  const violations: Violation[] = [];
  const warnings: string[] = [];
  const checker = new RaftChecker({
    peerCount,
    onViolation: (violation) => violations.push(violation),
    onWarning: (text) => warnings.push(text),
  });
  for (const record of records) checker.see(record);
  if (violations.length > 1) throw new Error("a checker must report the first violation only");
  return { violation: violations[0], warnings };
}

/** The rule that a script breaks, by whom and where; `undefined` if it breaks none. */
export function verdict({
  records,
  peerCount,
}: TraceScript): Omit<Violation, "section" | "message"> | undefined {
  const { violation, warnings } = check(records, peerCount);
  if (warnings.length > 0) throw new Error(warnings.join("; "));
  return violation && { rule: violation.rule, peers: violation.peers, events: violation.events };
}
