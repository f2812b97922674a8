import { withOwnState } from "../labrpc/own-state.js";
import type { FaultKind, PeerToMain } from "../labrpc/wire.js";
import type { Housing, Isolate } from "../peer/isolate.js";
import { textOfThrown } from "../text/thrown.js";
import type { BootSpec } from "./runtime.js";
import { floodFault } from "./turn-faults.js";
import type { TurnGauge } from "./turn-gauge.js";
import type { TurnEnd, TurnInput, VirtualPeer } from "./virtual-process.js";

/** More messages than this in one turn, which takes no time, and the peer is flooding its link. */
const MAX_SAID = 100_000;

/** What a peer goes beyond that says more, in words. */
export const FLOOD_LIMIT = `${MAX_SAID} messages in one turn`;

/** One incarnation in an isolate on this thread, in virtual time. */
export class IsolatedPeer implements VirtualPeer {
  readonly #peer: number;
  readonly #isolate: Isolate;
  readonly #gauge: TurnGauge | undefined;
  #isAtTurn = false;
  /** It fires no timer any more. */
  #isRuined = false;
  #said: PeerToMain[] = [];

  constructor(housing: Housing, spec: BootSpec, gauge?: TurnGauge) {
    this.#peer = spec.peer;
    this.#gauge = gauge;
    this.#isolate = housing.open({ spec, time: "virtual", say: (message) => this.#say(message) });
  }

  begin(nowUs: number, inputs: readonly TurnInput[]): void {
    this.#gauge?.begins(this.#peer, nowUs);
    this.#isAtTurn = true;
    try {
      this.#run(nowUs, inputs);
    } catch (error) {
      // What raft.ts throws is caught within: its realm is in ruins, and would have its timer due for ever.
      this.#isRuined = true;
      throw error;
    }
  }

  #run(nowUs: number, inputs: readonly TurnInput[]): void {
    this.#isolate.enter();
    const { time } = this.#isolate;
    time?.setNowUs(nowUs);
    for (const input of inputs) {
      if (input.kind === "boot") this.#isolate.boot();
      else if (input.kind !== "timer") this.#isolate.hear(input);
      else if (time && time.nextDueUs() <= nowUs) time.fireNext();
    }
  }

  end(): TurnEnd {
    this.#gauge?.ends();
    this.#isolate.leave();
    this.#isAtTurn = false;
    const nextDueUs = this.#nextDueUs();
    const said = this.#said;
    this.#said = [];
    return { said, nextDueUs };
  }

  /** A peer can ruin what its realm needs to tell of it: then it is told from here, in fewer words. */
  fault(kind: FaultKind, error: unknown): void {
    try {
      this.#isolate.enter();
      this.#isolate.fault(kind, error);
    } catch {
      this.#say({ kind: "fault", fault: { kind, message: textOfThrown(error) } });
    } finally {
      if (!this.#isAtTurn) this.#isolate.leave();
    }
  }

  #nextDueUs(): number {
    if (this.#isRuined) return Number.POSITIVE_INFINITY;
    try {
      return this.#isolate.time?.nextDueUs() ?? Number.POSITIVE_INFINITY;
    } catch (error) {
      this.fault("unhandled", error);
      return Number.POSITIVE_INFINITY;
    }
  }

  /** Nobody gives it a turn any more. What is left of the one it has may still run, so nobody else gets its realm. */
  terminate(): void {
    if (!this.#isAtTurn) this.#isolate.close();
  }

  /** The turn may never end, so the gauge hears of a flood at once; the tester hears of it at the end. */
  #say(message: PeerToMain): void {
    if (this.#said.length > MAX_SAID) return;
    if (this.#said.length < MAX_SAID) {
      this.#said.push(withOwnState(message)); // it is heard at the end of the turn
    } else {
      this.#gauge?.floods();
      this.#said.push({ kind: "fault", fault: floodFault(FLOOD_LIMIT, message) });
    }
  }
}
