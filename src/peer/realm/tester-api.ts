import { isThrown, textOfThrown } from "../../text/thrown.js";
import type { Command, RaftPeer, RaftState, StartResult } from "../raft-peer.js";

/** A peer's answer that is not what the lab's interface says. */
export class TesterCallError extends Error {
  override readonly name = "TesterCallError";
}

/** What a call that fails comes to; its error ends the case. */
const NO_ANSWER: StartResult = { index: -1, term: -1, isLeader: false };

/** The tester's calls on a peer, each answer checked: a wrong one is told where it arose, not where it hurts. */
export class TesterApi {
  readonly #raft: RaftPeer;
  readonly #onError: (error: TesterCallError) => void;

  constructor(raft: RaftPeer, onError: (error: TesterCallError) => void) {
    this.#raft = raft;
    this.#onError = onError;
  }

  start(command: Command): StartResult {
    return this.#guarded("start", () => checkedStart(this.#raft.start(command)), NO_ANSWER);
  }

  getState(): RaftState {
    return this.#guarded("getState", () => checkedState(this.#raft.getState()), NO_ANSWER);
  }

  kill(): void {
    this.#guarded("kill", () => void this.#raft.kill(), undefined);
  }

  #guarded<Result>(name: string, call: () => Result, fallback: Result): Result {
    try {
      return call();
    } catch (error) {
      this.#onError(
        isThrown(error, TesterCallError)
          ? error
          : new TesterCallError(`${name} threw: ${textOfThrown(error)}`, { cause: error }),
      );
      return fallback;
    }
  }
}

function checkedStart(result: StartResult): StartResult {
  checkIsObject("start", "{ index, term, isLeader }", result);
  const { index, term, isLeader } = result;
  checkInteger("start", "index", index);
  checkInteger("start", "term", term);
  checkBoolean("start", "isLeader", isLeader);
  return { index, term, isLeader };
}

function checkedState(state: RaftState): RaftState {
  checkIsObject("getState", "{ term, isLeader }", state);
  const { term, isLeader } = state;
  checkInteger("getState", "term", term);
  checkBoolean("getState", "isLeader", isLeader);
  return { term, isLeader };
}

function checkIsObject(method: string, shape: string, value: unknown): void {
  if (typeof value === "object" && value !== null && !("then" in value)) return;
  const got = typeof value === "object" && value !== null ? "a promise" : String(value);
  throw new TesterCallError(`${method} must return ${shape}, at once; it returned ${got}`);
}

function checkInteger(method: string, field: string, value: unknown): void {
  if (Number.isSafeInteger(value)) return;
  throw new TesterCallError(`${method} must return a whole number as ${field}; it returned ${String(value)}`);
}

function checkBoolean(method: string, field: string, value: unknown): void {
  if (typeof value === "boolean") return;
  throw new TesterCallError(`${method} must return true or false as ${field}; it returned ${String(value)}`);
}
