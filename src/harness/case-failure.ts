import type { FaultKind } from "../labrpc/wire.js";
import type { RunError } from "./case.js";

/** Why a case failed; see `RunError.kind`. */
export type FailureKind =
  | "check" // a check of the case or of one of the tester's verbs
  | "apply" // a peer applied what it must not
  | "timeout" // the case's 120 s are over
  | "case" // the case's own code threw
  | FaultKind;

export interface FailureOptions {
  readonly kind: FailureKind;
  /** A sentence: what happened and where. */
  readonly message: string;
  /** Number of the peer to blame, where there is one. */
  readonly peer?: number;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
  /** In lines of raft.ts, where a peer raised it; else where the tester noticed. */
  readonly stack?: string;
  /** What else helps to understand it, a line each. */
  readonly details?: readonly string[];
}

/** The lab's **fail**: ends the case, never the process. */
export class CaseFailure extends Error {
  override readonly name = "CaseFailure";
  readonly kind: FailureKind;
  readonly peer: number | undefined;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
  readonly details: readonly string[];
  /** Whether the stack leads to the cause: a peer's own, or that of a check. Elsewhere it ends in the tester. */
  readonly #isStackOfCause: boolean;

  constructor(options: FailureOptions) {
    super(options.message);
    this.kind = options.kind;
    this.peer = options.peer;
    this.atMs = options.atMs;
    this.details = options.details ?? [];
    this.#isStackOfCause = options.stack !== undefined || options.kind === "check";
    if (options.stack !== undefined) this.stack = options.stack;
  }

  /** As a `RunResult` carries it. */
  toRunError(): RunError {
    return {
      kind: this.kind,
      message: this.message,
      ...(this.peer === undefined ? {} : { peer: this.peer }),
      atMs: this.atMs,
      ...(this.#isStackOfCause && this.stack !== undefined ? { stack: this.stack } : {}),
      ...(this.details.length === 0 ? {} : { details: this.details }),
    };
  }
}
