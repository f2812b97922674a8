import type { FaultKind } from "../labrpc/wire.js";
import type { RunError } from "./case.js";
import { caseStack } from "./case-stack.js";

/** Why a case failed; see `RunError.kind`. */
export type FailureKind =
  | "check" // a check of the case or of one of the tester's verbs
  | "apply" // a peer applied what it must not
  | "timeout" // the case's 120 s are over
  | "case" // the case's own code threw
  | "deadlock" // virtual time: nothing can happen any more, and the case waits
  | "safety" // a checker saw a rule of Raft broken
  | FaultKind;

export interface FailureOptions {
  readonly kind: FailureKind;
  /** A sentence: what happened and where. */
  readonly message: string;
  /** For `safety`: the rule that was broken. */
  readonly rule?: string | undefined;
  /** For a check or a timeout: what it shows broken; see `RunError.breaks`. */
  readonly breaks?: RunError["breaks"];
  /** Number of the peer to blame, where there is one. */
  readonly peer?: number | undefined;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
  /** Where it was raised. Left out for a check: then it is found from here. */
  readonly stack?: string | undefined;
  /** What else helps to understand it, a line each. */
  readonly details?: readonly string[];
}

/** The lab's **fail**: ends the case, never the process. */
export class CaseFailure extends Error {
  override readonly name = "CaseFailure";
  readonly kind: FailureKind;
  readonly rule: string | undefined;
  readonly breaks: RunError["breaks"];
  readonly peer: number | undefined;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
  readonly details: readonly string[];
  /** Leads to the cause: in lines of raft.ts where a peer raised it, of the case where a check did. */
  readonly causeStack: string | undefined;

  constructor(options: FailureOptions) {
    super(options.message);
    this.kind = options.kind;
    this.rule = options.rule;
    this.breaks = options.breaks;
    this.peer = options.peer;
    this.atMs = options.atMs;
    this.details = options.details ?? [];
    this.causeStack = options.stack ?? (options.kind === "check" ? caseStack(this.stack) : undefined);
  }

  /** As a `RunResult` carries it. */
  toRunError(): RunError {
    return {
      kind: this.kind,
      message: this.message,
      ...(this.rule === undefined ? {} : { rule: this.rule }),
      ...(this.breaks === undefined ? {} : { breaks: this.breaks }),
      ...(this.peer === undefined ? {} : { peer: this.peer }),
      atMs: this.atMs,
      ...(this.causeStack === undefined ? {} : { stack: this.causeStack }),
      ...(this.details.length === 0 ? {} : { details: this.details }),
    };
  }
}
