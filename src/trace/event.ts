import type { LogLevel, Name } from "../labrpc/wire.js";
import type { ApplyMsg } from "../peer/raft-peer.js";

/** Why an RPC gave its caller the lab's `false`. */
export type Loss =
  | "unreachable" // end disabled or unconnected, or no server there when it was taken in (lab-spec 2.4 step 2)
  | "request-dropped" // lost by the unreliable network before its handler ran (step 4)
  | "reply-dropped" // lost by the unreliable network after its handler ran (step 9)
  | "dead" // the end was disabled, or the server deleted or replaced, while the handler ran (steps 6–8)
  | "fault" // its server has no such method, or its handler threw: the case fails
  | "cleaned-up"; // the network was cleaned up while it was under way

/** What happens in a run, in one order. Bytes are kept as they are: text is made only when someone looks. */
export type TraceEvent =
  | { readonly kind: "boot"; readonly peer: number; readonly incarnation: number }
  | { readonly kind: "ready"; readonly peer: number; readonly incarnation: number }
  | { readonly kind: "crash"; readonly peer: number; readonly incarnation: number }
  | { readonly kind: "connect"; readonly peer: number }
  | { readonly kind: "disconnect"; readonly peer: number }
  | {
      readonly kind: "network";
      readonly setting: "reliable" | "longDelays" | "longReordering";
      readonly on: boolean;
    }
  /** Taken in by the router. `rpc` numbers the RPCs of a run from 1; `from` is unknown for a tester's end. */
  | {
      readonly kind: "send";
      readonly rpc: number;
      readonly from: Name | undefined;
      readonly to: Name | undefined;
      readonly svcMeth: string;
      readonly args: Uint8Array;
    }
  /** Handed to the server. */
  | { readonly kind: "deliver"; readonly rpc: number }
  /** The handler's reply came back to the router. */
  | { readonly kind: "handled"; readonly rpc: number; readonly reply: Uint8Array }
  /** The caller is told: the reply, or the lab's `false` and why. */
  | { readonly kind: "outcome"; readonly rpc: number; readonly lost: Loss | undefined }
  /** On threads, `state` stands until the peer's next message only: who keeps it keeps a copy. */
  | {
      readonly kind: "save";
      readonly peer: number;
      readonly state: Uint8Array;
      readonly snapshot: Uint8Array | null;
    }
  | { readonly kind: "apply"; readonly peer: number; readonly index: number; readonly message: ApplyMsg }
  /** The tester called `start`; the answer as it came back. */
  | {
      readonly kind: "start";
      readonly peer: number;
      readonly command: unknown;
      readonly index: number;
      readonly term: number;
      readonly isLeader: boolean;
    }
  /** The tester called `getState`. */
  | { readonly kind: "state"; readonly peer: number; readonly term: number; readonly isLeader: boolean }
  | { readonly kind: "log"; readonly peer: number; readonly level: LogLevel; readonly text: string }
  /** A verb of the case: `one(101, 3)`, `checkOneLeader`. */
  | { readonly kind: "step"; readonly text: string }
  | { readonly kind: "failure"; readonly message: string; readonly peer: number | undefined };

/** One event with its place in the run's order and its time. */
export interface TraceRecord {
  /** Counts the events of the run from 0. */
  readonly seq: number;
  /** Whole microseconds since the run began: virtual, or real and monotonic in `threads`. */
  readonly atUs: number;
  readonly event: TraceEvent;
}

/** Who listens to a run. It stamps the time; what it does never changes how the run goes. */
export interface TraceSink {
  record(event: TraceEvent): void;
  /**
   * The router holds an RPC, its request or its reply, for `ms` because the rules of the lab's network ask
   * for it. No event of a history, which shows it by the times of others: the profiler alone wants to know.
   */
  delays?(rpc: number, ms: number): void;
}
