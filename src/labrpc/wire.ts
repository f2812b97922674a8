/** Names of ends and servers: the number 99 and the string "99" are different names (lab-spec 2.1). */
export type Name = string | number;

/**
 * All that a peer says to the main thread, in one order on one link. Bytes are labgob's, made in the
 * peer's own realm; the router reads the envelope only.
 */
export type PeerToMain =
  /** `make` has returned, and the peer's handlers can be called. */
  | { readonly kind: "ready" }
  /** A `ClientEnd.call`: answered by an `outcome` with the same `rpcId`, unique within the incarnation. */
  | {
      readonly kind: "call";
      readonly rpcId: number;
      readonly end: Name;
      readonly svcMeth: string;
      readonly args: Uint8Array;
    }
  /** What a handler returned for the `request` with this `rpcId`. */
  | { readonly kind: "reply"; readonly rpcId: number; readonly reply: Uint8Array }
  /**
   * A save of the Persister; `snapshot` is `null` where the old one stays. `state` is lent: to a link until it has been
   * said, and to who hears it until the same peer's next message.
   */
  | { readonly kind: "save"; readonly state: Uint8Array; readonly snapshot: Uint8Array | null }
  /** The `ApplyMsg` of a command, which alone is encoded; the next one comes only after a `taken`. */
  | { readonly kind: "apply"; readonly index: number; readonly command: Uint8Array }
  /** Any other `ApplyMsg`, encoded; the next one likewise. */
  | { readonly kind: "apply-other"; readonly message: Uint8Array }
  /** A line of the peer's `console`, with the role and term that its `getState` told at that moment. */
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly text: string;
      readonly term: number;
      readonly isLeader: boolean;
    }
  /** The answer to the `start` or `get-state` of the same `askId`; to the latter, `index` means nothing. */
  | {
      readonly kind: "answer";
      readonly askId: number;
      readonly index: number;
      readonly term: number;
      readonly isLeader: boolean;
    }
  /** Something that ends the case: the peer broke a rule, threw, or was never loaded. */
  | { readonly kind: "fault"; readonly fault: Fault };

/** All that the main thread says to a peer. */
export type MainToPeer =
  /** An RPC for a handler of this peer; answered by a `reply` with the same `rpcId`, or by a `fault`, which ends the case. */
  | { readonly kind: "request"; readonly rpcId: number; readonly svcMeth: string; readonly args: Uint8Array }
  /** The fate of a `call`: the reply's bytes, or `null`, which is the lab's `false`. */
  | { readonly kind: "outcome"; readonly rpcId: number; readonly reply: Uint8Array | null }
  /** The tester has taken the last `apply`. */
  | { readonly kind: "taken" }
  /** The tester's call of `start`, the command encoded; answered by an `answer`, or by a `fault`. */
  | { readonly kind: "start"; readonly askId: number; readonly command: Uint8Array }
  /** The tester's call of `getState`; answered by an `answer`, or by a `fault`. */
  | { readonly kind: "get-state"; readonly askId: number }
  /** The tester's call of `kill`, which nobody waits for. */
  | { readonly kind: "kill" };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Why a peer's case must fail, in words for the author of raft.ts. */
export interface Fault {
  readonly kind: FaultKind;
  /** A sentence: what happened, where, and what to do next. */
  readonly message: string;
  /** The stack in lines of raft.ts, where there is one. */
  readonly stack?: string;
}

export type FaultKind =
  | "load" // no such file, syntax error, no `make`, or `make` threw or returned nothing
  | "handler" // an RPC handler threw, rejected, or returned what cannot be sent
  | "unknown-method" // an RPC named a service or method that the peer does not have
  | "start" // start, getState or snapshot threw, or answered something else than the lab's result
  | "unhandled" // an unhandled rejection, or an error thrown in a timer
  | "usage" // an argument or a value that Whitewater cannot take
  | "exit" // the peer's thread ended by itself: process.exit(), out of memory
  | "stuck" // the peer's event loop did not turn, or a handler never settled
  | "flood" // more unread messages than a link bears
  | "forbidden"; // something that a mode with virtual time cannot give: sockets, files, child processes
