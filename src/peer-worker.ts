/** The one file that a peer's worker thread loads: a PeerHost, in a realm of its own, behind a Link. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { FaultKind, MainToPeer, PeerToMain } from "./labrpc/wire.js";
import { CompiledProgram, type Isolate } from "./peer/isolate.js";
import type { PeerProbe } from "./profile/peer-probe.js";
import { FrameRing, type LinkMemory } from "./runtime/frame-ring.js";
import { lockstepPeer, TurnCells } from "./runtime/lockstep-peer.js";
import { PortLink } from "./runtime/port-link.js";
import type { BootSpec } from "./runtime/runtime.js";
import { readProgram, type SharedProgram } from "./runtime/shared-program.js";
import { COUNTED_BY, ThreadGauges } from "./runtime/thread-gauges.js";
import { osThreadId } from "./runtime/thread-place.js";
import type { ThreadProbeBoot } from "./runtime/thread-probe.js";
import { floodFault } from "./runtime/turn-faults.js";

/** What a thread is born with. Which peer it becomes, it learns when it is taken from the spares. */
export interface PeerThreadData {
  readonly program: SharedProgram;
  readonly port: MessagePort;
  /** The link's, where the thread has one: in lockstep it is driven by turns instead. */
  readonly memory?: LinkMemory;
  readonly gauges: SharedArrayBuffer;
  /** The buffer of `TurnCells`, in lockstep. */
  readonly turnCells?: SharedArrayBuffer;
  /** Only where the run is profiled. */
  readonly probe: ThreadProbeBoot | undefined;
}

/** More messages than this unread by the main thread, and the peer is flooding its link. */
const MAX_UNREAD = 100_000;

const BEAT_MS = 250;

const { program, port, memory, gauges: buffer, probe: probeBoot, turnCells } = workerData as PeerThreadData;
const compiled = new CompiledProgram(readProgram(program));
const gauges = new ThreadGauges(buffer);
gauges.runsOn(osThreadId());
setInterval(() => gauges.beat(), BEAT_MS).unref();

if (turnCells) lockstepPeer(port, new TurnCells(turnCells), compiled);
else if (memory) void waitForSpec(memory);

async function waitForSpec(memory: LinkMemory): Promise<void> {
  // Loaded only where it is asked for: a thread that is not profiled pays nothing for it.
  const probe = probeBoot && new (await import("./profile/peer-probe.js")).PeerProbe(probeBoot);
  parentPort?.once("message", (spec: BootSpec) => becomePeer(spec, memory, probe));
  parentPort?.postMessage("spare");
}

function becomePeer(spec: BootSpec, memory: LinkMemory, probe: PeerProbe | undefined): void {
  probe?.becomes();
  const rings = { out: new FrameRing(memory.toMain), in: new FrameRing(memory.toPeer) };
  const link = new PortLink<PeerToMain, MainToPeer>(port, rings, probe);
  const isolate = compiled.open({ spec, time: "real", say: againstFlood(link), meter: probe });
  isolate.enter(); // and never leaves: the thread is its own
  reportStrayErrors(isolate);
  link.onMessage((message) => isolate.hear(message));
  isolate.boot();
}

/**
 * Posts a peer's messages while the main thread keeps up. Past the limit it says so, at once, since a peer
 * that floods in an endless loop never ends its turn; and then no more.
 */
function againstFlood(link: PortLink<PeerToMain, MainToPeer>): (message: PeerToMain) => void {
  let posted = 0;
  let isFlooding = false;
  return (message) => {
    if (isFlooding) return;
    link.post(message);
    posted += 1;
    if (posted % COUNTED_BY !== 0 || ((posted - gauges.read()) | 0) <= MAX_UNREAD) return;
    isFlooding = true;
    link.post({ kind: "fault", fault: floodFault(`${MAX_UNREAD} messages wait to be read`, message) });
    link.flush();
  };
}

/** What no handler caught: a promise nobody awaited, an error thrown in a callback. The thread lives on. */
function reportStrayErrors(isolate: Isolate): void {
  const report = (kind: FaultKind) => (error: unknown) => isolate.fault(kind, error);
  process.on("unhandledRejection", report("unhandled"));
  process.on("uncaughtException", report("unhandled"));
}
