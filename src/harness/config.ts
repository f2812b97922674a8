import type { Command, LogIndex, RaftState, StartResult } from "../peer/raft-peer.js";
import type { Random } from "../runtime/random.js";
import type { Runtime } from "../runtime/runtime.js";
import type { TraceSink } from "../trace/event.js";
import { nCommitted, one, type Waited, wait } from "./agreement.js";
import type { Committed } from "./appliers.js";
import type { CaseFailure } from "./case-failure.js";
import { Cluster } from "./cluster.js";
import { showCommand } from "./commands.js";
import { type OpenCalls, openCalls } from "./details.js";
import { checkNoLeader, checkOneLeader, checkTerms } from "./leadership.js";
import { randomString } from "./random-string.js";
import type { LogLine } from "./report.js";
import { type Failing, failingOf } from "./verdict.js";
import { watchHandlers, watchTime } from "./watchdogs.js";

/** What the tester grants for an election: E of lab-spec 0. */
export const ELECTION_TIMEOUT_MS = 1000;

export interface ConfigOptions {
  /** Number of servers. */
  readonly n: number;
  /** Whether the network starts unreliable. */
  readonly unreliable: boolean;
  readonly runtime: Runtime;
  readonly trace?: TraceSink | undefined;
  /** Told each line of a peer's console. */
  readonly onLog?: ((line: LogLine) => void) | undefined;
  /** Told what is odd but no failure. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** The tester waits this many times as long as the lab's before it gives up; 1 unless told otherwise. */
  readonly patience?: number | undefined;
}

/** What a case has used since `begin`. */
export interface Totals {
  /** In the mode's own time. */
  readonly seconds: number;
  /** RPCs taken in by the router. */
  readonly rpcs: number;
  /** Bytes of arguments and delivered replies. */
  readonly bytes: number;
  /** Growth of the highest applied index. */
  readonly commits: number;
}

/**
 * The tester of one run of one case: the verbs that a case is written in (lab-spec 6). Servers are numbered
 * 0 to n-1.
 *
 * A case fails at its first failure, wherever that arises: a verb's check, `fail`, or a peer that breaks a
 * rule. Every verb that waits then throws it, and so does every verb called later. Activities beside the
 * main flow are run by `background`.
 */
export class Config {
  /** Number of servers. */
  readonly n: number;
  /** The dice of the case: a stream of its own, fixed by the seed. */
  readonly random: Random;
  readonly #cluster: Cluster;
  readonly #options: ConfigOptions;
  #stopWatching: (() => void)[] = [];
  #startMs = 0;
  #lastStep: string | (() => string) = "its beginning";
  #lastStepMs = 0;
  #rpcsAtStart = 0;
  #bytesAtStart = 0;
  #maxIndexAtStart: LogIndex = 0;

  /** make_config, steps 3 and 4 (lab-spec 6.2). */
  constructor(options: ConfigOptions) {
    this.#options = options;
    this.n = options.n;
    this.random = options.runtime.random.fork("case");
    this.#cluster = new Cluster(options);
    this.#cluster.network.setReliable(!options.unreliable);
    this.#cluster.network.setLongDelays(true);
  }

  /**
   * make_config, steps 5 and 6: boots every server, all at once, and connects them. From here on the case's
   * time runs.
   * @throws {CaseFailure} if a peer does not load
   */
  async boot(): Promise<void> {
    this.#stopWatching = [watchTime(this.#cluster), watchHandlers(this.#cluster)];
    const servers = Array.from({ length: this.n }, (_, i) => i);
    await Promise.all(servers.map((i) => this.#cluster.start1(i)));
    for (const i of servers) this.#cluster.connect(i);
  }

  /** Starts or restarts server `i` from what it saved last. It is off the network until `connect(i)`. */
  start1(i: number): Promise<void> {
    return this.#verb(undefined, () => this.#cluster.start1(i));
  }

  /** Ends server `i` at this instant; what it has saved is kept. Harmless if it does not run. */
  crash1(i: number): void {
    this.#check();
    this.#cluster.crash1(i);
  }

  /** Puts server `i` on the network. */
  connect(i: number): void {
    this.#check();
    this.#cluster.connect(i);
  }

  /** Takes server `i` off the network; its peer runs on. */
  disconnect(i: number): void {
    this.#check();
    this.#cluster.disconnect(i);
  }

  /** Whether server `i` is on the network. */
  isConnected(i: number): boolean {
    return this.#cluster.isConnected(i);
  }

  /** Whether server `i` has a peer: it was started, and not crashed since. */
  isRunning(i: number): boolean {
    return this.#cluster.isRunning(i);
  }

  /** Calls `start(command)` on peer `i`, connected or not. A peer that does not run is not leader. */
  start(i: number, command: Command): Promise<StartResult> {
    return this.#verb(undefined, () => this.#cluster.start(i, command));
  }

  /** Calls `getState()` on peer `i`, connected or not. A peer that does not run is in term -1 and not leader. */
  getState(i: number): Promise<RaftState> {
    return this.#verb(undefined, () => this.#cluster.getState(i));
  }

  /**
   * Waits until a connected peer leads, 4.5 to 5.5 s at most.
   * @returns the leader of the highest term
   * @throws {CaseFailure} if there is none by then, or one term has two
   */
  checkOneLeader(): Promise<number> {
    return this.#verb("checkOneLeader", () => checkOneLeader(this.#cluster, this.random));
  }

  /**
   * The term that all connected peers are in, now; -1 if nobody is connected.
   * @throws {CaseFailure} if they differ
   */
  checkTerms(): Promise<number> {
    return this.#verb("checkTerms", () => checkTerms(this.#cluster));
  }

  /** @throws {CaseFailure} if a connected peer claims to lead, now */
  checkNoLeader(): Promise<void> {
    return this.#verb("checkNoLeader", () => checkNoLeader(this.#cluster));
  }

  /**
   * How many servers have applied `index`, and what; crashed ones count.
   * @throws {CaseFailure} if they differ
   */
  nCommitted(index: LogIndex): Committed {
    this.#check();
    return nCommitted(this.#cluster, index);
  }

  /**
   * Waits until `count` servers have applied `index`, 30.71 s at most.
   * @param startTerm gives up, with `newTerm`, as soon as a peer is in a later term than this; -1 for never
   * @throws {CaseFailure} if fewer have applied it by then
   */
  wait(index: LogIndex, count: number, startTerm = -1): Promise<Waited> {
    return this.#verb(`wait(${index}, ${count})`, () => wait(this.#cluster, index, count, startTerm));
  }

  /**
   * One complete agreement on `command`, within 10 s.
   * @param servers how many must apply it
   * @param options.retry whether it may be submitted again after 2 s; it may then stand in the log twice
   * @returns its index in the log
   * @throws {CaseFailure} if there is no agreement
   */
  one(command: Command, servers: number, options: { readonly retry: boolean }): Promise<LogIndex> {
    const step = (): string => `one(${showCommand(command)}, ${servers})`;
    if (this.#isOver) return Promise.resolve(-1);
    return this.#verb(step, () => one(this.#cluster, command, servers, options.retry));
  }

  /** Whether the network delays and loses messages. */
  setUnreliable(on: boolean): void {
    this.#check();
    this.#cluster.network.setReliable(!on);
  }

  /** Whether the network holds back two in three replies, up to 2.2 s. */
  setLongReordering(on: boolean): void {
    this.#check();
    this.#cluster.network.setLongReordering(on);
  }

  /** RPCs that have reached the running incarnation of server `i`. @throws {UsageError} if it does not run */
  rpcCount(i: number): number {
    return this.#cluster.network.getCount(i);
  }

  /** RPCs taken in by the network, those that came to nothing included. */
  rpcTotal(): number {
    return this.#cluster.network.getTotalCount();
  }

  /** Bytes of all arguments taken in and of all replies delivered. */
  bytesTotal(): number {
    return this.#cluster.network.getTotalBytes();
  }

  /** What the handlers of all running servers have been asked and have not answered yet. */
  openCalls(): readonly OpenCalls[] {
    return openCalls(this.#cluster.views());
  }

  /** Bytes of the largest Raft state that a server has saved. */
  logSize(): number {
    return this.#cluster.logSize();
  }

  /** `length` random characters of the base64url alphabet. */
  randString(length: number): string {
    return randomString(this.random, length);
  }

  /** Does nothing for `ms`, in the time of the mode. */
  sleep(ms: number): Promise<void> {
    return this.#verb(undefined, () => this.#cluster.verdict.sleep(ms));
  }

  /**
   * Runs an activity beside the main flow, such as a client. If it throws, the case fails at once, whoever
   * awaits it; so it may be awaited late, or never.
   */
  background<Result>(activity: () => Promise<Result>): Promise<Result> {
    const result = (async () => activity())();
    result.catch((error: unknown) => this.fail(failingOf(error)));
    return result;
  }

  /**
   * Fails the case, unless it has failed already.
   * @param problem a sentence, for a check of the case; or the whole failure, for a cause outside its steps,
   *   such as a rule of Raft that a checker saw broken
   * @returns the failure: `throw cfg.fail("...")` ends the flow as well
   */
  fail(problem: string | Failing): CaseFailure {
    const failing: Failing = typeof problem === "string" ? { kind: "check", message: problem } : problem;
    return this.#cluster.verdict.fail(failing);
  }

  /** Tells what is odd but no failure. */
  warn(text: string): void {
    this.#step(`warning: ${text}`);
    this.#options.onWarning?.(text);
  }

  /** Whether the case waits for time to pass or for a peer. If not, nothing can wake it. */
  get isWaiting(): boolean {
    return this.#cluster.verdict.isWaiting;
  }

  /** The verb that the case called last, and when: past that it came, and to no other. */
  get lastStep(): string {
    const step = typeof this.#lastStep === "string" ? this.#lastStep : this.#lastStep();
    return `${step}, at ${(this.#lastStepMs / 1000).toFixed(3)} s`;
  }

  /** The first failure, if there is one. */
  get failure(): CaseFailure | undefined {
    return this.#cluster.verdict.failure;
  }

  /** Resolves with the first failure, when it comes. */
  failed(): Promise<CaseFailure> {
    return this.#cluster.verdict.failed();
  }

  /** Begins the steps of the case: `totals` count from here (lab-spec 6.12). */
  begin(title: string): void {
    this.#step(title);
    const { runtime, logs } = this.#cluster;
    this.#startMs = runtime.clock.nowMs();
    this.#rpcsAtStart = this.rpcTotal();
    this.#bytesAtStart = this.bytesTotal();
    this.#maxIndexAtStart = logs.maxIndex;
  }

  /** What was used since `begin`. */
  totals(): Totals {
    const { runtime, logs } = this.#cluster;
    return {
      seconds: (runtime.clock.nowMs() - this.#startMs) / 1000,
      rpcs: this.rpcTotal() - this.#rpcsAtStart,
      bytes: this.bytesTotal() - this.#bytesAtStart,
      commits: logs.maxIndex - this.#maxIndexAtStart,
    };
  }

  /** Ends the steps. @throws {CaseFailure} if the case has failed in any of its flows */
  end(): void {
    this.#check();
  }

  /** Ends every peer, the network and all that watches (lab-spec 6.13). Later failures do not count. */
  cleanup(): void {
    for (const stop of this.#stopWatching) stop();
    this.#cluster.verdict.close();
    this.#cluster.cleanup();
  }

  /** Runs a verb that waits. Each `await` in it keeps the case's own lines in the stack of a failure. */
  async #verb<Result>(
    step: string | (() => string) | undefined,
    run: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#isOver) return await new Promise(() => {}); // the flow outlived its case
    this.#check();
    if (step !== undefined) this.#step(step);
    return await run();
  }

  /** Whether the case has ended well; what still runs of it is of no interest. */
  get #isOver(): boolean {
    return this.#cluster.verdict.isOver && !this.failure;
  }

  #check(): void {
    this.#cluster.verdict.check();
  }

  #step(text: string | (() => string)): void {
    this.#lastStep = text;
    this.#lastStepMs = this.#cluster.runtime.clock.nowMs();
    this.#options.trace?.record({ kind: "step", text: typeof text === "string" ? text : text() });
  }
}
