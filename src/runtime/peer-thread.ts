import { MessageChannel, Worker } from "node:worker_threads";
import type { Fault, MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { Program } from "../peer/program.js";
import { moduleText } from "../peer/script.js";
import { WORKER_FILE } from "../peer/script-names.js";
import type { PeerThreadData } from "../peer-worker.js";
import { FrameRing, newLinkMemory } from "./frame-ring.js";
import type { Link } from "./link.js";
import { PortLink } from "./port-link.js";
import type { BootSpec, PeerProcess } from "./runtime.js";
import { sharedProgram } from "./shared-program.js";
import { Standstill } from "./standstill.js";
import { COUNTED_BY, ThreadGauges } from "./thread-gauges.js";
import { placeOfThread } from "./thread-place.js";
import type { SpareThread } from "./thread-pool.js";
import type { ThreadProbe } from "./thread-probe.js";
import { whereIsThread } from "./where-is-thread.js";

/** Largest heap of a peer's thread, unless told otherwise. */
export const PEER_HEAP_MIB = 512;

/** How often each peer's event loop is looked at, in ms of real time. */
const WATCH_MS = 500;
/** How long a peer's event loop may stand still. */
const STUCK_MS = 5000;

/** One worker thread, a spare at first, then one incarnation of a peer until it is terminated. */
export class PeerThread implements PeerProcess, SpareThread {
  /** Resolves when the thread has loaded its programs and could become a peer at once; or has ended. */
  readonly ready: Promise<void>;
  /** Resolves when the thread is gone, however it went. */
  readonly ended: Promise<void>;
  readonly #program: Program;
  readonly #worker: Worker;
  readonly #link: PortLink<MainToPeer, PeerToMain>;
  readonly #gauges = new ThreadGauges();
  readonly #probe: ThreadProbe | undefined;
  #hear: (message: PeerToMain) => void = () => {};
  #watch: NodeJS.Timeout | undefined;
  #isReady = false;
  #isStandingStill = false;
  #isTerminated = false;

  /** @param probe watches the thread, where the run is profiled */
  constructor(program: Program, heapMiB: number, probe?: ThreadProbe) {
    this.#program = program;
    this.#probe = probe;
    const { port1, port2 } = new MessageChannel();
    const memory = newLinkMemory();
    const gauges = this.#gauges.buffer;
    this.#worker = peerWorker(program, { port: port2, memory, gauges, probe: probe?.boot }, heapMiB);
    probe?.spawned(this.#worker);
    this.#link = new PortLink(
      port1,
      { out: new FrameRing(memory.toPeer), in: new FrameRing(memory.toMain) },
      probe?.link,
    );
    this.ready = new Promise((resolve) => {
      this.#worker.once("message", () => {
        this.#isReady = true;
        resolve();
      });
      this.#worker.once("exit", () => resolve());
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        this.#ended({ kind: "exit", message: `its thread ended by itself, with exit code ${code}.` });
        resolve();
      });
    });
    this.#worker.on("error", (error) => this.#ended(faultOf(error, heapMiB)));
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get isStandingStill(): boolean {
    return this.#isStandingStill;
  }

  /** Turns the spare into an incarnation of a peer. */
  become(spec: BootSpec): void {
    this.#probe?.became(spec);
    this.#worker.postMessage(spec);
    this.#watchEventLoop();
  }

  get link(): Link<MainToPeer, PeerToMain> {
    let read = 0;
    return {
      post: (message) => this.#link.post(message),
      onMessage: (hear) => {
        this.#hear = hear;
        this.#link.onMessage((message) => {
          read += 1;
          if (read % COUNTED_BY === 0) this.#gauges.haveRead(COUNTED_BY);
          hear(message);
        });
      },
      close: () => this.#link.close(),
    };
  }

  /** A faithful crash: words of the peer that are still under way are never heard (findings: they do arrive). */
  terminate(): void {
    if (this.#isTerminated) return;
    this.#isTerminated = true;
    clearInterval(this.#watch);
    this.#link.close();
    const terminate = (): void => void this.#worker.terminate();
    if (this.#probe) this.#probe.ends(terminate);
    else terminate();
  }

  /** The thread went without being told to: the peer says so with its last breath, once. */
  #ended(fault: Fault): void {
    if (this.#isTerminated) return;
    this.terminate();
    this.#hear({ kind: "fault", fault });
  }

  #watchEventLoop(): void {
    let lastBeats = this.#gauges.beats();
    const place = (): string => placeOfThread(this.#gauges.osThread());
    const standstill = new Standstill({ limitMs: STUCK_MS, everyMs: WATCH_MS, place });
    this.#watch = setInterval(() => {
      const beats = this.#gauges.beats();
      const hasMoved = beats !== lastBeats || !this.#isReady; // what boots is waited for elsewhere
      lastBeats = beats;
      this.#isStandingStill = !hasMoved;
      if (standstill.look(hasMoved)) void this.#tellStuck();
    }, WATCH_MS);
    this.#watch.unref();
  }

  async #tellStuck(): Promise<void> {
    const stack = await whereIsThread(this.#worker.threadId, this.#program);
    const message =
      `it has blocked its event loop for ${STUCK_MS / 1000} s. A handler, a timer or start() must return, ` +
      "or await something that takes time.";
    this.#ended({ kind: "stuck", message, ...(stack === undefined ? {} : { stack }) });
  }
}

/** Runs `peer-worker.ts` from V8's code for it, which `new Worker` itself cannot be given. */
const LOADER = `
  const { Script } = require("node:vm");
  const { script: { text, ...options } } = require("node:worker_threads").workerData;
  new Script(text, options).runInThisContext()(exports, module, require);`;

/** A worker that runs `peer-worker.ts` for `program`. */
export function peerWorker(program: Program, data: Omit<PeerThreadData, "program">, heapMiB: number): Worker {
  const { workerText, workerCode } = program;
  const script = { text: moduleText(workerText), filename: WORKER_FILE, cachedData: workerCode };
  return new Worker(LOADER, {
    eval: true,
    workerData: { ...data, program: sharedProgram(program), script },
    transferList: data.probe ? [data.port, data.probe.port] : [data.port],
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    stdout: true, // what bypasses the peer's console must not tear the tester's lines
    stderr: true,
  });
}

/** What the end of a thread by an error means for its peer. */
export function faultOf(error: Error & { code?: string }, heapMiB: number): Fault {
  if (error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return {
      kind: "exit",
      message: `its thread ran out of memory: a peer has ${heapMiB} MiB of heap. What does it keep that grows?`,
    };
  }
  return { kind: "exit", message: `its thread died: ${error.message}` };
}
