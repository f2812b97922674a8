/**
 * The first program of a peer's realm, bundled to one script and evaluated before raft.ts: it gives the
 * realm its globals and its `require`, and starts the host. Everything that touches the peer's values is
 * evaluated here, in the realm where they live.
 */
import * as whitewater from "../../index.js";
import { countErrorsIn } from "../../labgob/errors.js";
import { DecodeError, EncodeError, LabDecoder, LabEncoder } from "../../labgob/labgob.js";
import { ClientEnd } from "../../labrpc/client-end.js";
import type { PeerMeter } from "../../labrpc/peer-meter.js";
import { UnknownMethodError } from "../../labrpc/server.js";
import type { FaultKind, MainToPeer, PeerToMain } from "../../labrpc/wire.js";
import { MemoryPersister } from "../../persister/memory-persister.js";
import type { BootSpec } from "../../runtime/runtime.js";
import { installGlobals, lastingObjects, moveIn, type RealmTime, requireNode } from "../globals/globals.js";
import type { HostServices } from "../host-services.js";
import { ApplyChannel } from "./apply-channel.js";
import { PeerHost } from "./peer-host.js";

/** What the realm is given by the main realm of its thread, once. */
export interface RealmOptions {
  readonly time: "real" | "virtual";
  readonly services: HostServices;
  /** Evaluates raft.ts in the realm and returns its exports. */
  readonly evaluate: (require: (name: string) => unknown) => unknown;
}

/** What one incarnation is given. */
export interface IncarnationOptions {
  readonly spec: BootSpec;
  readonly say: (message: PeerToMain) => void;
  /** Told where the peer's time goes, where the run is profiled. */
  readonly meter?: PeerMeter | undefined;
}

/** A realm with all that a peer finds in it. */
export interface Realm {
  /** Moves an incarnation in. In virtual time several can live here. */
  begin(options: IncarnationOptions): RealmHandle;
  /** Objects of ours that a raft.ts can lay hands on, and that are made once. */
  readonly lasting: readonly object[];
}

/** What the main realm of the thread gets of an incarnation. */
export interface RealmHandle {
  /** Its turn begins, after that of another who lives here. */
  enter(): void;
  /** Loads raft.ts and calls `make`. */
  boot(): void;
  hear(message: MainToPeer): void;
  /** The incarnation is over, and nothing of it will ever run again. */
  leave(): void;
  fault(kind: FaultKind, error: unknown): void;
  /** Its clock and timers; only in virtual time. */
  readonly time: RealmTime | undefined;
}

const NOTHING = /(?:)/;

/** What `Date.now()` reads when virtual time begins: 2024-01-01T00:00:00Z. */
const EPOCH_MS = 1_704_067_200_000;

const ERROR_KINDS = {
  timer: "unhandled",
  microtask: "unhandled",
  exit: "exit",
  forbidden: "forbidden",
} as const satisfies Record<string, FaultKind>;

/** Called once per realm, before anything else runs in it. */
export function furnishRealm({ time, services, evaluate }: RealmOptions): Realm {
  let host: PeerHost | undefined;
  installGlobals(globalThis, {
    time,
    host: services,
    epochMs: EPOCH_MS,
    console: (level, text) => host?.log(level, text),
    onError: (error, where) => host?.fault(ERROR_KINDS[where], error),
  });
  const require = (name: string): unknown => (name === "whitewater" ? whitewater : requireNode(name));
  return {
    begin: ({ spec, say, meter }) => {
      const virtual = moveIn(spec.seed);
      const tenant = new PeerHost(spec, say, meter);
      const mistakes = { errors: 0 };
      const enter = (): void => {
        virtual?.enter();
        host = tenant;
        countErrorsIn(mistakes);
        NOTHING.test(""); // what `RegExp.$1` and its like tell is kept by no property: they tell of nothing now
      };
      enter();
      return {
        enter,
        boot: () => {
          const boot = () => tenant.boot(() => evaluate(require));
          if (virtual) virtual.contexts.boot(boot);
          else boot();
        },
        hear: (message) => {
          if (virtual) virtual.contexts.run(() => tenant.hear(message));
          else tenant.hear(message);
        },
        leave: () => virtual?.contexts.close(),
        fault: (kind, error) => tenant.fault(kind, error),
        time: virtual?.time,
      };
    },
    lasting: [...lastingObjects(), ...OUR_CLASSES, whitewater],
  };
}

const OUR_CLASSES = [
  ...[ApplyChannel, ClientEnd, LabDecoder, LabEncoder, MemoryPersister],
  ...[DecodeError, EncodeError, UnknownMethodError],
];
