import type { ApplyMsg, Command, LogIndex } from "../peer/raft-peer.js";
import { type SubmittedCommands, sameCommand, showCommand } from "./commands.js";

/** Entries of a log that a mismatch shows, up to the index in question. */
const SHOWN_ENTRIES = 10;

/** What is committed at one index, as the appliers have seen it. */
export interface Committed {
  /** How many peers have applied the index. */
  readonly count: number;
  /** The command there; `undefined` if none. */
  readonly command: Command;
}

/** What a peer did wrong in applying. */
export class ApplyError extends Error {
  override readonly name = "ApplyError";
  readonly peer: number;
  /** The logs in question, a line each. */
  readonly details: readonly string[];

  constructor(peer: number, message: string, details: readonly string[]) {
    super(message);
    this.peer = peer;
    this.details = details;
  }
}

/**
 * What every peer has applied, and the tester's checks on it (lab-spec 6.5). A peer's log is not cleared
 * when it restarts: the new incarnation applies from index 1 again, and each command must be the old one.
 */
export class AppliedLogs {
  readonly #logs: readonly Map<LogIndex, Command>[];
  readonly #errors: (ApplyError | undefined)[];
  readonly #submitted: SubmittedCommands;
  #maxIndex: LogIndex = 0;

  constructor(peerCount: number, submitted: SubmittedCommands) {
    this.#logs = Array.from({ length: peerCount }, () => new Map());
    this.#errors = Array.from({ length: peerCount }, () => undefined);
    this.#submitted = submitted;
  }

  /** Highest index that any peer has applied. */
  get maxIndex(): LogIndex {
    return this.#maxIndex;
  }

  /**
   * The plain applier: takes one message of `peer`.
   * @returns what is wrong with it. The error stays with the peer; its messages are taken all the same, so
   *   that its sender is not blocked (lab-spec 9.9).
   */
  apply(peer: number, message: ApplyMsg): ApplyError | undefined {
    if (!message.commandValid) return undefined;
    const error = this.#checkLogs(peer, message);
    this.#errors[peer] ??= error;
    return error;
  }

  /**
   * How many have applied `index`, and what.
   * @throws {ApplyError} if a peer has applied what it must not, or two differ at `index`
   */
  committed(index: LogIndex): Committed {
    let count = 0;
    let command: Command;
    let first = 0;
    for (const [peer, log] of this.#logs.entries()) {
      const error = this.#errors[peer];
      if (error) throw error;
      if (!log.has(index)) continue;
      const mine = log.get(index);
      if (count > 0 && !sameCommand(mine, command)) throw this.#mismatch(index, first, peer);
      if (count === 0) first = peer;
      count += 1;
      command = mine;
    }
    return { count, command };
  }

  #checkLogs(peer: number, { command, commandIndex: index }: ApplyMsg): ApplyError | undefined {
    const log = this.#log(peer);
    const other = this.#logs.findLastIndex((log) => log.has(index) && !sameCommand(log.get(index), command));
    const before = log.get(index);
    const previousKnown = log.has(index - 1);
    log.set(index, command);
    this.#maxIndex = Math.max(this.#maxIndex, index);
    if (index > 1 && !previousKnown) return this.#outOfOrder(peer, index);
    if (other === peer) return this.#appliedTwice(peer, index, before);
    if (other >= 0) return this.#mismatch(index, peer, other);
    if (!this.#submitted.has(command)) return this.#neverStarted(peer, index);
    return undefined;
  }

  #outOfOrder(peer: number, index: LogIndex): ApplyError {
    return new ApplyError(peer, `server ${peer} apply out of order ${index}`, [this.#showLog(peer, index)]);
  }

  #appliedTwice(peer: number, index: LogIndex, before: Command): ApplyError {
    const message = `commit index ${index}: server ${peer} applied ${this.#show(peer, index)}, but ${showCommand(before)} before`;
    return new ApplyError(peer, message, [this.#showLog(peer, index)]);
  }

  #mismatch(index: LogIndex, peer: number, other: number): ApplyError {
    const [mine, theirs] = [this.#show(peer, index), this.#show(other, index)];
    const message = `commit index ${index}: server ${peer} applied ${mine}, but server ${other} ${theirs}`;
    return new ApplyError(peer, message, [this.#showLog(peer, index), this.#showLog(other, index)]);
  }

  #neverStarted(peer: number, index: LogIndex): ApplyError {
    const message = `server ${peer} applied ${this.#show(peer, index)} at index ${index}, which was never given to start()`;
    return new ApplyError(peer, message, [this.#showLog(peer, index)]);
  }

  #show(peer: number, index: LogIndex): string {
    return showCommand(this.#log(peer).get(index));
  }

  #showLog(peer: number, upTo: LogIndex): string {
    const indexes = [...this.#log(peer).keys()].filter((index) => index <= upTo).sort((a, b) => a - b);
    const shown = indexes.slice(-SHOWN_ENTRIES).map((index) => `${index}: ${this.#show(peer, index)}`);
    return `server ${peer} has applied ${indexes.length > SHOWN_ENTRIES ? "… " : ""}${shown.join(", ")}`;
  }

  #log(peer: number): Map<LogIndex, Command> {
    const log = this.#logs[peer];
    if (!log) throw new RangeError(`no server ${peer}`);
    return log;
  }
}
