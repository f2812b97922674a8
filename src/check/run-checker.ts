import type { Name } from "../labrpc/wire.js";
import type { TraceEvent, TraceRecord } from "../trace/event.js";
import { Applies } from "./applies.js";
import { Commits } from "./commits.js";
import { Elections } from "./elections.js";
import { HeldLogs } from "./held-logs.js";
import { LeaderLogs } from "./leader-logs.js";
import { MessageReader } from "./messages.js";
import { AppendRpc, type Rpc, UnreadRpc, VoteRpc } from "./rpc.js";
import { Saves } from "./saves.js";
import { Terms } from "./terms.js";
import type { Evidence, Moment, Report, Violation } from "./violation.js";

export interface RaftCheckerOptions {
  /** Number of peers, 1 or more. */
  readonly peerCount: number;
  /** Told of the first rule that is broken, from within `see`. The checker is silent after that. */
  readonly onViolation: (violation: Violation) => void;
  /** Told what the checker cannot read or judge, or lets pass, once for each kind. */
  readonly onWarning?: (text: string) => void;
}

type Event<Kind extends TraceEvent["kind"]> = Extract<TraceEvent, { kind: Kind }>;

/**
 * Holds a run against the rules of the paper's Figures 2 and 3 while it goes: what peers say to each other,
 * apply and save. It takes a raft.ts for whatever speaks Figure 2's messages, and blames it only for what is
 * proven: a message that is late, lost or repeated, a crash or a slow handler breaks no rule.
 *
 * Give it every record of a run, in order. From a trace that is cut it draws only what what is left proves.
 */
export class RaftChecker {
  readonly #peerCount: number;
  readonly #evidence: Evidence;
  readonly #reader: MessageReader;
  readonly #terms: Terms;
  readonly #elections: Elections;
  readonly #heldLogs: HeldLogs;
  readonly #leaderLogs: LeaderLogs;
  readonly #commits: Commits;
  readonly #applies: Applies;
  readonly #saves: Saves;
  readonly #rpcs = new Map<number, Rpc>();
  readonly #incarnations: number[];
  #nextSeq = 0;
  #isSilent = false;

  constructor({ peerCount, onViolation, onWarning = () => {} }: RaftCheckerOptions) {
    const report: Report = (violation) => {
      if (this.#isSilent) return;
      this.#isSilent = true;
      onViolation(violation);
    };
    // Of a peer that is alone nothing is heard: what it commits, it need not send to anyone.
    const evidence: Evidence = { isWhole: peerCount > 1 };
    this.#peerCount = peerCount;
    this.#evidence = evidence;
    this.#reader = new MessageReader(onWarning);
    this.#terms = new Terms(peerCount, report);
    this.#elections = new Elections(peerCount, evidence, report);
    this.#heldLogs = new HeldLogs(peerCount, this.#terms, this.#elections, evidence, onWarning, report);
    this.#leaderLogs = new LeaderLogs(report);
    this.#saves = new Saves(peerCount, evidence, report);
    this.#commits = new Commits(peerCount, this.#elections, this.#leaderLogs, this.#saves, evidence, report);
    this.#applies = new Applies(peerCount, this.#leaderLogs, evidence, onWarning, report);
    this.#incarnations = Array(peerCount).fill(0);
  }

  /** Takes the next record of the run. It never throws, whatever bytes and numbers are in it. */
  see(record: TraceRecord): void {
    if (this.#isSilent) return;
    if (record.seq !== this.#nextSeq) this.#missed();
    this.#nextSeq = record.seq + 1;
    const { event } = record;
    switch (event.kind) {
      case "send":
        this.#sent(event, record);
        break;
      case "deliver":
        this.#delivered(event.rpc, record);
        break;
      case "handled":
        this.#handled(event, record);
        break;
      case "outcome":
        this.#concluded(event);
        break;
      case "save":
        if (this.#isPeer(event.peer)) this.#saves.saved(event.peer, record);
        break;
      case "apply":
        if (this.#isPeer(event.peer)) this.#applied(event, record);
        break;
      case "boot":
        if (this.#isPeer(event.peer)) this.#booted(event);
        break;
      case "crash":
        if (this.#isPeer(event.peer)) this.#heldLogs.crashed(event.peer);
        break;
      default: // the rest is the tester's doing, or text
    }
  }

  /** Events are missing: what they may have changed is not known any more. */
  #missed(): void {
    this.#evidence.isWhole = false;
    for (let peer = 0; peer < this.#peerCount; peer += 1) {
      this.#heldLogs.forget(peer);
      this.#applies.forget(peer);
    }
  }

  /** Something happens to an RPC whose sending was not seen. It may change any log. */
  #unknown(): void {
    if (!this.#evidence.isWhole) this.#missed();
  }

  #booted({ peer, incarnation }: Event<"boot">): void {
    this.#incarnations[peer] = incarnation;
    this.#terms.booted(peer);
    this.#heldLogs.crashed(peer);
    this.#applies.forget(peer);
  }

  #sent(event: Event<"send">, at: Moment): void {
    const { from, to } = event;
    if (!this.#isPeer(from) || !this.#isPeer(to)) return; // a call by the tester is no peer's word
    const rpc = this.#read(event, from, to, at);
    if (rpc === undefined) return;
    this.#rpcs.set(event.rpc, rpc);
    if (rpc.method === "requestVote") this.#voteSent(rpc);
    else if (rpc.method === "appendEntries") this.#appendSent(rpc);
    else this.#evidence.isWhole = false;
  }

  /** @returns `undefined` for what changes nothing anywhere */
  #read(event: Event<"send">, from: number, to: number, sent: Moment): Rpc | undefined {
    const incarnation = this.#incarnations[to] ?? 0;
    const method = this.#reader.method(event.svcMeth);
    if (method === "requestVote") {
      const args = this.#reader.requestVote(event.args);
      if (args === "pre-vote") return undefined;
      if (args) return new VoteRpc(args, from, to, incarnation, sent);
    } else if (method === "appendEntries") {
      const args = this.#reader.appendEntries(event.args);
      if (args) return new AppendRpc(args, from, to, incarnation, sent);
    }
    return new UnreadRpc(from, to, incarnation, sent);
  }

  #voteSent(rpc: VoteRpc): void {
    this.#terms.sent(rpc);
    this.#elections.voteSent(rpc);
    this.#heldLogs.voteSent(rpc);
  }

  #appendSent(rpc: AppendRpc): void {
    this.#terms.sent(rpc);
    const leader = this.#elections.appendSent(rpc);
    if (!leader) return;
    this.#leaderLogs.appendSent(rpc, leader);
    this.#commits.appendSent(rpc, leader);
    this.#heldLogs.appendSent(rpc);
  }

  #delivered(id: number, at: Moment): void {
    const rpc = this.#rpcs.get(id);
    if (!rpc) this.#unknown();
    if (!rpc || rpc.delivered) return;
    rpc.delivered = at;
    if (rpc.toIncarnation !== this.#incarnations[rpc.to]) return; // to one that has crashed since
    if (rpc.method === undefined) {
      this.#heldLogs.forget(rpc.to);
      return;
    }
    this.#terms.delivered(rpc);
    if (rpc.method === "requestVote") {
      this.#saves.voteDelivered(rpc, at);
      this.#heldLogs.voteDelivered(rpc);
    } else {
      this.#heldLogs.appendDelivered(rpc, at);
      this.#commits.appendDelivered(rpc);
    }
  }

  #handled({ rpc: id, reply }: Event<"handled">, at: Moment): void {
    const rpc = this.#rpcs.get(id);
    if (!rpc?.delivered) this.#unknown();
    if (!rpc?.delivered || rpc.handled) return;
    rpc.handled = at;
    if (rpc.hasOutcome) this.#rpcs.delete(id);
    if (rpc.method === "requestVote") {
      rpc.reply = this.#reader.voteReply(reply);
      this.#voteHandled(rpc, at);
    } else if (rpc.method === "appendEntries") {
      rpc.reply = this.#reader.appendReply(reply);
      this.#appendHandled(rpc, at);
    }
    if (rpc.reply === undefined) this.#evidence.isWhole = false;
  }

  #voteHandled(rpc: VoteRpc, at: Moment): void {
    this.#terms.handled(rpc, this.#isOutlived(rpc), at);
    this.#elections.voteHandled(rpc, at);
    this.#heldLogs.voteHandled(rpc, at);
    this.#saves.voteHandled(rpc, at);
  }

  #appendHandled(rpc: AppendRpc, at: Moment): void {
    this.#terms.handled(rpc, this.#isOutlived(rpc), at);
    this.#saves.appendHandled(rpc, at);
    if (this.#isOutlived(rpc)) return;
    this.#heldLogs.appendHandled(rpc, at);
    this.#commits.appendHandled(rpc);
  }

  #concluded({ rpc: id, lost }: Event<"outcome">): void {
    const rpc = this.#rpcs.get(id);
    if (!rpc || rpc.hasOutcome) return;
    rpc.hasOutcome = true;
    if (rpc.handled || !rpc.delivered) this.#rpcs.delete(id);
    if (lost !== undefined || !rpc.handled || rpc.method === undefined) return;
    if (rpc.method === "requestVote") this.#elections.voteAnswered(rpc);
    else this.#commits.appendAnswered(rpc);
  }

  #applied({ peer, message }: Event<"apply">, at: Moment): void {
    const place = this.#applies.applied(peer, message, at);
    if (place !== undefined) this.#commits.applied(peer, place, at);
  }

  /** The reply of an incarnation that has crashed since: it was still heard. */
  #isOutlived({ to, toIncarnation }: Rpc): boolean {
    return toIncarnation !== this.#incarnations[to];
  }

  #isPeer(name: Name | undefined): name is number {
    return typeof name === "number" && Number.isInteger(name) && name >= 0 && name < this.#peerCount;
  }
}
