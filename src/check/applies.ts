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
interface AppliedCommand {
  readonly index: number;
  readonly command: unknown;
}

/**
 * How what is applied compares with what is sent: the same commands at the same indexes; or at lower ones, since
 * what leaders add to the log themselves does not count for the service; or others, since a raft.ts wraps a
 * command for its log.
 */
type Likeness = "same" | "moved" | "other";

const NOT_CHECKED: Readonly<Record<Exclude<Likeness, "same">, string>> = {
  moved:
    "find a command that is applied at a lower index than it was sent at, as where a leader's no-op does not " +
    "count. That the two indexes fit is not checked: only that a leader has sent the command there or above.",
  other:
    "find another command applied than was sent at its index. That what is applied was sent, and is committed, " +
    "is not checked.",
};

/**
 * All peers apply the same log, in order, each entry once, and nothing that no leader has sent (Raft §5.3,
 * §5.4.3). A restarted peer begins anew: what it applies must be what it has applied before.
 */
export class Applies {
  readonly #peers: readonly PeerApplies[];
  readonly #leaderLogs: LeaderLogs;
  readonly #evidence: Evidence;
  readonly #onWarning: (text: string) => void;
  readonly #report: Report;
  /** By index: what the first peer applied there. */
  readonly #agreed: Applied[] = [];
  /** Unknown before the first. */
  #likeness: Likeness | undefined;

  /** @param onWarning told once what cannot be checked of what is applied */
  constructor(
    peerCount: number,
    leaderLogs: LeaderLogs,
    evidence: Evidence,
    onWarning: (text: string) => void,
    report: Report,
  ) {
    this.#leaderLogs = leaderLogs;
    this.#evidence = evidence;
    this.#onWarning = onWarning;
    this.#report = report;
    this.#peers = Array.from({ length: peerCount }, () => ({ last: undefined, highest: 0 }));
  }

  /** It begins anew, or may have gone on unseen. */
  forget(peer: number): void {
    this.#of(peer).last = undefined;
  }

  /** @returns where in the log the command stands at the least; `undefined` if it is none, or that is not known */
  applied(peer: number, message: ApplyMsg, at: Moment): number | undefined {
    const applied = this.#read(peer, message, at);
    if (!applied) return undefined;
    this.#checkOrder(peer, applied.index, at);
    this.#checkAgreement(peer, applied, at);
    return this.#evidence.isWhole ? this.#checkSent(peer, applied, at) : undefined;
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

  #checkSent(peer: number, applied: AppliedCommand, at: Moment): number | undefined {
    if (this.#likeness === "other") return undefined;
    const place = this.#placeOf(applied);
    if (place === applied.index) this.#likeness ??= "same";
    else if (place !== undefined) this.#leaveUnchecked("moved");
    // The first one tells whether a raft.ts wraps its commands.
    else if (!this.#likeness && this.#leaderLogs.sentAt(applied.index)) this.#leaveUnchecked("other");
    else this.#unsent(peer, applied, at);
    return place;
  }

  /** Where leaders have sent the command: at its index or, since a leader may add entries of its own, above. */
  #placeOf({ index, command }: AppliedCommand): number | undefined {
    for (let place = index; this.#leaderLogs.sentAt(place); place += 1) {
      if (this.#wasSent(place, command)) return place;
    }
    return undefined;
  }

  #wasSent(index: number, command: unknown): boolean {
    let entry = this.#leaderLogs.sentAt(index);
    while (entry && differ(entry.command, command)) entry = entry.next;
    return entry !== undefined;
  }

  #leaveUnchecked(likeness: Exclude<Likeness, "same">): void {
    if (this.#likeness === likeness) return;
    this.#likeness = likeness;
    this.#onWarning(`The checkers of Raft's rules ${NOT_CHECKED[likeness]}`);
  }

  #unsent(peer: number, { index, command }: AppliedCommand, at: Moment): void {
    const entry = this.#leaderLogs.sentAt(index);
    const sent = entry ? `sent ${showCommand(entry.command)}` : "sent no entry";
    this.#report({
      rule: "apply-unsent",
      section: "Raft §5.3",
      message:
        `Peer ${peer} applied ${showCommand(command)} at index ${index} ${when(at)}, but leaders have ` +
        `${sent} for that index, and this command for none above: no majority can hold it.`,
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
