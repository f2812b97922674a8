import { inspect } from "node:util";
import { UsageError } from "../errors.js";
import { EncodeError } from "../labgob/labgob.js";
import type { Clock } from "../runtime/clock.js";
import type { TraceSink } from "../trace/event.js";
import { CaseFailure, type FailureOptions } from "./case-failure.js";
import { caseStack } from "./case-stack.js";

/** All of a failure but its time, which the verdict adds. */
export type Failing = Omit<FailureOptions, "atMs">;

/** What an error that came out of the case's own code means for the case. */
export function failingOf(error: unknown): Failing {
  if (error instanceof CaseFailure) {
    const { kind, message, rule, breaks, peer, causeStack, details } = error;
    return { kind, message, rule, breaks, peer, stack: causeStack, details };
  }
  if (!(error instanceof Error)) return { kind: "case", message: `the case threw ${inspect(error)}` };
  const kind = error instanceof UsageError || error instanceof EncodeError ? "usage" : "case";
  return { kind, message: `${error.name}: ${error.message}`, stack: caseStack(error.stack) };
}

/** One that waits for something while the case stands. */
interface Waiting {
  /** Stops what it waits for, such as a timer. */
  stop: () => void;
  readonly reject: (failure: CaseFailure) => void;
}

/**
 * Whether a case still stands. The first failure decides; all that waits through `until` ends with it at
 * once, so a case fails when its cause arises and not when one of its flows happens to look.
 */
export class Verdict {
  readonly #clock: Clock;
  readonly #describe: () => readonly string[];
  readonly #trace: TraceSink | undefined;
  readonly #waiting = new Set<Waiting>();
  /** Those of them that wait for the failure itself. */
  #onlookers = 0;
  #failure: CaseFailure | undefined;
  #isOver = false;

  /** @param describe the state of affairs in lines, asked once, at the first failure */
  constructor(clock: Clock, describe: () => readonly string[], trace?: TraceSink) {
    this.#clock = clock;
    this.#describe = describe;
    this.#trace = trace;
  }

  /** The first failure. */
  get failure(): CaseFailure | undefined {
    return this.#failure;
  }

  /** Whether the case has ended, well or badly: the lab's `finished`. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether a flow of the case waits for time to pass or for a peer; true as well once the case is over. */
  get isWaiting(): boolean {
    return this.#failure !== undefined || this.#isOver || this.#waiting.size > this.#onlookers;
  }

  /** Fails the case, unless it has failed or ended already. @returns the failure, to throw */
  fail(failing: Failing): CaseFailure {
    const atMs = this.#clock.nowMs();
    if (this.#failure || this.#isOver) return new CaseFailure({ ...failing, atMs });
    const details = [...(failing.details ?? []), ...this.#describe()];
    const failure = new CaseFailure({ ...failing, atMs, details });
    this.#failure = failure;
    this.#trace?.record({ kind: "failure", message: failure.message, peer: failure.peer });
    for (const { reject } of this.#stopWaiting()) reject(failure);
    return failure;
  }

  /** @throws {CaseFailure} the first failure, if there is one */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * Waits for `settle` to be called, but no longer than the case stands.
   * @param begin starts what is waited for; what it returns stops that again
   * @returns never settles when the case is over: a flow that outlives its case is dropped, not spun
   * @throws {CaseFailure} when the case fails, or has failed
   */
  until<Value>(begin: (settle: (value: Value) => void) => () => void): Promise<Value> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#isOver) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { stop: () => {}, reject };
      this.#waiting.add(waiting);
      waiting.stop = begin((value) => {
        this.#waiting.delete(waiting);
        resolve(value);
      });
    });
  }

  /**
   * Waits for `promise`, but no longer than the case stands. Its rejection is a mistake of the case's.
   * @throws {CaseFailure} when the case fails, or has failed
   */
  follow<Value>(promise: Promise<Value>): Promise<Value> {
    return this.until((settle) => {
      promise.then(settle, (error: unknown) => this.fail(failingOf(error)));
      return () => {};
    });
  }

  /** Waits `ms` on the case's clock. */
  sleep(ms: number): Promise<void> {
    return this.until((settle) => this.#clock.after(ms, settle));
  }

  /** The first failure, when it comes. */
  async failed(): Promise<CaseFailure> {
    this.#onlookers += 1;
    try {
      return await this.until<never>(() => () => {});
    } catch (failure) {
      return failure as CaseFailure;
    }
  }

  /** The case has ended: later failures do not count. */
  close(): void {
    this.#isOver = true;
    this.#stopWaiting();
  }

  #stopWaiting(): readonly Waiting[] {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { stop } of waiting) stop();
    return waiting;
  }
}
