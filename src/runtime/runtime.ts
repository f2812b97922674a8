import type { MainToPeer, Name, PeerToMain } from "../labrpc/wire.js";
import type { Clock } from "./clock.js";
import type { StallWatch } from "./kernel.js";
import type { Link } from "./link.js";
import type { Random } from "./random.js";

/** `threads`: real threads, real time. `lockstep`: real threads, virtual time. `sim`: one thread, virtual time. */
export type Mode = "threads" | "lockstep" | "sim";

export const MODES: readonly Mode[] = ["threads", "lockstep", "sim"];

/** What one run of one case stands on: its time, its chance and its peers. One per case, never shared. */
export interface Runtime {
  readonly mode: Mode;
  readonly clock: Clock;
  /** The root stream: `fork("network")`, `fork("case")` and so on. */
  readonly random: Random;
  /**
   * Boots one incarnation of a peer. Returns at once; the peer says `ready` when its `make` has returned,
   * or `fault` if that cannot be.
   */
  boot(spec: BootSpec): PeerProcess;
  /** Watches for the moment from which nothing can happen any more, which virtual time alone can tell. */
  watchForStall?(watch: StallWatch): void;
  /** Ends every peer and timer of the run. Resolves when no thread of it is left. */
  close(): Promise<void>;
}

/** What an incarnation of a peer is born with. Plain data: it crosses to a thread as it stands. */
export interface BootSpec {
  /** The peer's number, 0 to n-1: `me`. */
  readonly peer: number;
  /** 1 at the first boot, one more at each restart. */
  readonly incarnation: number;
  /** `peers[j]` of `make`: the name of the end that leads to server j. */
  readonly ends: readonly Name[];
  /** What the Persister holds at birth; empty where nothing was saved. */
  readonly state: Uint8Array;
  readonly snapshot: Uint8Array;
  /** Seeds the peer's own `Math.random` in virtual time: a function of (seed, peer, incarnation). */
  readonly seed: number;
}

/** A running incarnation, seen from the main thread. */
export interface PeerProcess {
  readonly link: Link<MainToPeer, PeerToMain>;
  /** In real time: whether its event loop had not come round when it was last looked at. Of that, the mode tells. */
  readonly isStandingStill?: boolean;
  /** Ends it at this instant, wherever it stands: the link is cut and nothing of it is heard again. */
  terminate(): void;
}
