import type { ApplyMsg } from "../peer/raft-peer.js";
import { differ, showCommand } from "./commands.js";
import type { LeaderLogs } from "./leader-logs.js";
import { type Evidence, type Moment, type Report, when } from "./violation.js";

/** A command that a peer has applied. */
interface Applied {
  readonly command: unknown;
  readonly peer: number;
  readonly at: Moment;
}

/** How far one peer has applied its log. */
interface PeerApplies {
  /** In this incarnation; `undefined` before the first. */
  last: { readonly index: number; readonly at: Moment } | undefined;
  /** In any incarnation. */
  highest: number;
}

/** What a peer hands to the service, as far as the rules need it. */
export interface AppliedCommand {
  readonly index: number;
  readonly command: unknown;
}

/**
 * All peers apply the same log, in order, each entry once, and nothing that no leader has sent (Raft §5.3,
 * §5.4.3). A restarted peer begins anew: what it applies must be what it has applied before.
 */
export class Applies {
  readonly #peers: readonly PeerApplies[];
  readonly #leaderLogs: LeaderLogs;
  readonly #evidence: Evidence;
  readonly #report: Report;
  /** By index: what the first peer applied there. */
  readonly #agreed: Applied[] = [];
  /** Whether entries hold commands as they are applied, under the same indexes; unknown before the first. */
  #isLikeSent: boolean | undefined;

  constructor(peerCount: number, leaderLogs: LeaderLogs, evidence: Evidence, report: Report) {
    this.#leaderLogs = leaderLogs;
    this.#evidence = evidence;
    this.#report = report;
    this.#peers = Array.from({ length: peerCount }, () => ({ last: undefined, highest: 0 }));
  }

  /** Whether what is applied can be compared with what is sent. */
  get isLikeSent(): boolean {
    return this.#isLikeSent === true;
  }

  /** It begins anew, or may have gone on unseen. */
  forget(peer: number): void {
    this.#of(peer).last = undefined;
  }

  /** @returns what was applied; `undefined` if it is no command */
  applied(peer: number, message: ApplyMsg, at: Moment): AppliedCommand | undefined {
    const applied = this.#read(peer, message, at);
    if (!applied) return undefined;
    this.#checkOrder(peer, applied.index, at);
    this.#checkAgreement(peer, applied, at);
    if (this.#evidence.isWhole) this.#checkSent(peer, applied, at);
    return applied;
  }

  #read(peer: number, message: ApplyMsg, at: Moment): AppliedCommand | undefined {
    if (message.snapshotValid) {
      // What comes next is what follows the snapshot.
      if (isIndex(message.snapshotIndex)) this.#advance(peer, message.snapshotIndex, at);
      return undefined;
    }
    if (!message.commandValid || !isIndex(message.commandIndex)) return undefined;
    return { index: message.commandIndex, command: message.command };
  }

  #checkOrder(peer: number, index: number, at: Moment): void {
    const { last, highest } = this.#of(peer);
    // A state machine that outlives the crash need not be told everything again.
    const isInOrder = last ? index === last.index + 1 : index <= highest + 1 || !this.#evidence.isWhole;
    this.#advance(peer, index, at);
    if (isInOrder) return;
    let place = `after index ${last?.index}`;
    if (!last) place = highest === 0 ? "first of all" : `first, but up to ${highest} before it restarted`;
    this.#report({
      rule: "apply-order",
      section: "Raft §5.3, Figure 2 (lastApplied)",
      message: `Peer ${peer} applied index ${index} ${when(at)}, ${place}: each is applied once, in order.`,
      peers: [peer],
      events: last ? [last.at.seq, at.seq] : [at.seq],
    });
  }

  #checkAgreement(peer: number, { index, command }: AppliedCommand, at: Moment): void {
    const agreed = this.#agreed[index];
    if (!agreed) this.#agreed[index] = { command, peer, at };
    else if (differ(agreed.command, command)) this.#disagree(index, agreed, { command, peer, at });
  }

  #disagree(index: number, first: Applied, { command, peer, at }: Applied): void {
    const other = first.peer === peer ? "it" : `peer ${first.peer}`;
    this.#report({
      rule: "state-machine-safety",
      section: "Raft §5.4.3",
      message:
        `Peer ${peer} applied ${showCommand(command)} at index ${index} ${when(at)}, but ${other} applied ` +
        `${showCommand(first.command)} there ${when(first.at)}.`,
      peers: first.peer === peer ? [peer] : [peer, first.peer],
      events: [first.at.seq, at.seq],
    });
  }

  #checkSent(peer: number, applied: AppliedCommand, at: Moment): void {
    if (this.#isLikeSent === false) return;
    const { index, command } = applied;
    const isSent = this.#wasSent(index, command);
    // Some raft.ts may wrap a command for its log, or count otherwise: then the first one tells.
    if (this.#isLikeSent === undefined && !isSent && this.#seemsOtherwise(index, command)) {
      this.#isLikeSent = false;
      return;
    }
    this.#isLikeSent = true;
    if (!isSent) this.#unsent(peer, applied, at);
  }

  #wasSent(index: number, command: unknown): boolean {
    let entry = this.#leaderLogs.sentAt(index);
    while (entry && differ(entry.command, command)) entry = entry.next;
    return entry !== undefined;
  }

  #seemsOtherwise(index: number, command: unknown): boolean {
    return this.#leaderLogs.sentAt(index) !== undefined || this.#wasSent(index - 1, command);
  }

  #unsent(peer: number, { index, command }: AppliedCommand, at: Moment): void {
    const entry = this.#leaderLogs.sentAt(index);
    const sent = entry ? `sent ${showCommand(entry.command)}` : "sent no entry";
    this.#report({
      rule: "apply-unsent",
      section: "Raft §5.3",
      message:
        `Peer ${peer} applied ${showCommand(command)} at index ${index} ${when(at)}, but leaders have ` +
        `${sent} for that index: no majority can hold it.`,
      peers: [peer],
      events: entry ? [entry.at.seq, at.seq] : [at.seq],
    });
  }

  #advance(peer: number, index: number, at: Moment): void {
    const applies = this.#of(peer);
    applies.last = { index, at };
    applies.highest = Math.max(applies.highest, index);
  }

  #of(peer: number): PeerApplies {
    return this.#peers[peer] as PeerApplies;
  }
}

/** Some apply index 0, before the first entry, as a placeholder; the lab lets it pass (lab-spec 6.5). */
function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
