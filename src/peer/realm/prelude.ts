/**
 * The first program of a peer's realm, bundled to one script and evaluated before raft.ts: it gives the
 * realm its globals and its `require`, and starts the host. Everything that touches the peer's values is
 * evaluated here, in the realm where they live.
 */
import * as whitewater from "../../index.js";
import type { PeerMeter } from "../../labrpc/peer-meter.js";
import type { FaultKind, MainToPeer, PeerToMain } from "../../labrpc/wire.js";
import type { BootSpec } from "../../runtime/runtime.js";
import { installGlobals, type RealmTime, requireNode } from "../globals/globals.js";
import type { HostServices } from "../host-services.js";
import { PeerHost } from "./peer-host.js";

/** What the realm is given by the main realm of its thread. */
export interface RealmOptions {
  readonly spec: BootSpec;
  readonly time: "real" | "virtual";
  readonly services: HostServices;
  readonly say: (message: PeerToMain) => void;
  /** Told where the peer's time goes, where the run is profiled. */
  readonly meter?: PeerMeter | undefined;
  /** Evaluates raft.ts in the realm and returns its exports. */
  readonly evaluate: (require: (name: string) => unknown) => unknown;
}

/** What the main realm of the thread gets of the realm. */
export interface RealmHandle {
  /** Loads raft.ts and calls `make`. */
  boot(): void;
  hear(message: MainToPeer): void;
  fault(kind: FaultKind, error: unknown): void;
  /** The realm's clock and timers; only in virtual time. */
  readonly time: RealmTime | undefined;
}

/** What `Date.now()` reads when virtual time begins: 2024-01-01T00:00:00Z. */
const EPOCH_MS = 1_704_067_200_000;

const ERROR_KINDS = {
  timer: "unhandled",
  microtask: "unhandled",
  exit: "exit",
  forbidden: "forbidden",
} as const satisfies Record<string, FaultKind>;

/** Called once per realm, before anything else runs in it. */
export function openRealm({ spec, time, services, say, meter, evaluate }: RealmOptions): RealmHandle {
  const host = new PeerHost(spec, say, meter);
  const realmTime = installGlobals(globalThis, {
    time,
    host: services,
    seed: spec.seed,
    epochMs: EPOCH_MS,
    console: (level, text) => host.log(level, text),
    onError: (error, where) => host.fault(ERROR_KINDS[where], error),
  });
  return {
    boot: () => host.boot(() => evaluate((name) => (name === "whitewater" ? whitewater : requireNode(name)))),
    hear: (message) => host.hear(message),
    fault: (kind, error) => host.fault(kind, error),
    time: realmTime,
  };
}
