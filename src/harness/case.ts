import type { Config } from "./config.js";

/** One of the lab's cases, or one of the user's own: all that a runner needs to know of it. */
export interface CaseDefinition {
  /** Its name in the Go lab, such as `TestBasicAgree3B`; what `--run` matches. */
  readonly name: string;
  /** `3A`, `3B`, `3C`, or a word of the user's. */
  readonly part: string;
  /** The line that the lab prints, such as `Test (3B): basic agreement`. */
  readonly title: string;
  /** Number of peers. */
  readonly servers: number;
  /** Whether the network starts unreliable. */
  readonly unreliable?: boolean;
  /** The steps. A failed check ends it by throwing `CaseFailure`. */
  readonly run: (cfg: Config) => Promise<void>;
}

/** What came of one run of one case; `--json` writes an array of these. */
export interface RunResult {
  readonly name: string;
  readonly part: string;
  readonly title: string;
  readonly status: "passed" | "failed";
  /** Since `begin`, in the mode's own time, real or virtual. */
  readonly seconds: number;
  /** Real milliseconds for the whole run, boot and clean-up included. */
  readonly wallMs: number;
  readonly peers: number;
  /** RPCs taken in by the router since `begin`. */
  readonly rpcs: number;
  /** Bytes of arguments and delivered replies since `begin`. */
  readonly bytes: number;
  /** Growth of the highest applied index since `begin`. */
  readonly commits: number;
  readonly seed: number;
  /** Hash of the trace, in virtual time. */
  readonly history?: string;
  readonly error?: RunError;
  /** What was odd and failed nothing, each text once; absent where nothing was. */
  readonly warnings?: readonly string[];
}

export interface RunError {
  /**
   * `check` for a check of the case that failed, `apply` for what a peer applied and must not, `timeout` for
   * the 120 s of a case, `case` for an error in the case's own code, `deadlock` where nothing can happen any
   * more, `safety` for a rule of Raft that a checker saw broken, `killed` for a run whose process was ended from
   * outside; else the kind of the peer's fault.
   */
  readonly kind: string;
  readonly message: string;
  /** For `safety`: the rule that was broken, short and stable, such as `election-safety`. */
  readonly rule?: string;
  /**
   * What a check shows broken: a promise of Raft, whatever the machine; or what the lab allows of RPCs, bytes and
   * time. Absent where there was no progress, or it is not known.
   */
  readonly breaks?: "safety" | "budget" | undefined;
  readonly peer?: number;
  /** Milliseconds since the run began, in the mode's own time. */
  readonly atMs: number;
  readonly stack?: string;
  /** What else helps to understand it, a line each: how the servers stood, handlers that hang, logs. */
  readonly details?: readonly string[];
  /** Of a failure in real time, where it was examined: what it means. */
  readonly verdict?: RealTimeVerdict;
}

/** What a failure in real time means, once it was examined in virtual time. */
export interface RealTimeVerdict {
  /**
   * A promise of Raft broken; no progress; right, but slower or dearer than the lab allows; or a host that was
   * too busy to tell.
   */
  readonly class: "safety" | "liveness" | "budget" | "machine";
  /** Sentences with the figures on which the class rests. */
  readonly evidence: readonly string[];
}
