import type { MessagePort, Worker } from "node:worker_threads";
import type { MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { BootSpec } from "./runtime.js";

/** Watches one end of a link between threads. What it does never changes what is sent, nor when. */
export interface LinkProbe<Out, In> {
  /** Whether it is to be told anything now. While it is not, it costs a busy link no more than this question. */
  readonly isAwake: boolean;
  /** `message` was said; it waits for the end of what is said in one go. */
  said(message: Out): void;
  /** All that was said since the last time is posted to the other thread now. @param batch counts from 1 */
  leaves(batch: number): void;
  /**
   * A batch of the other side has come; called before it is decoded.
   * @param batch counts from 1, those included that came while the probe was not awake
   * @returns whether `hears` is to be called
   */
  arrived(batch: number): boolean;
  /** `message`, one of the batch, is about to be heard. */
  hears(message: In): void;
  /** The whole batch that `arrived` has been heard. */
  heard(): void;
}

/** What a thread needs to watch itself: plain data and shared memory, which outlive the thread. */
export interface ThreadProbeBoot {
  /** The thread's way to the profiler, beside the link: what is said on it never mixes with the peer's words. */
  readonly port: MessagePort;
  /** `performance.timeOrigin` of the main thread: its clock is the common one. */
  readonly originMs: number;
  /** When the batches left, one ring for each direction (`BatchStamps`). */
  readonly toMain: SharedArrayBuffer;
  readonly toPeer: SharedArrayBuffer;
  /** Whether messages are measured now (`Sampling`); one for all threads. */
  readonly sampling: SharedArrayBuffer;
  readonly gauges: SharedArrayBuffer;
  /** What was measured last (`DurationLog`). */
  readonly durations: SharedArrayBuffer;
  /** Room for the thread's events, where a trace of them is asked for. */
  readonly events: SharedArrayBuffer | undefined;
  /** Whether the thread samples its own stack: a `.cpuprofile`. */
  readonly cpuProfile: boolean;
}

/** Watches one peer's thread from the main thread. Without one, nothing of it is measured and nothing is paid. */
export interface ThreadProbe {
  readonly boot: ThreadProbeBoot;
  /** The main thread's end of the thread's link. */
  readonly link: LinkProbe<MainToPeer, PeerToMain>;
  spawned(worker: Worker): void;
  /** The spare thread becomes this incarnation of a peer. */
  became(spec: BootSpec): void;
  /**
   * The thread is cut off and is to end. Takes the last figures and calls `terminate`, at once or as soon as
   * it has what the thread alone can tell.
   */
  ends(terminate: () => void): void;
}
