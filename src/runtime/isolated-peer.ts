import type { FaultKind, PeerToMain } from "../labrpc/wire.js";
import type { CompiledProgram, Isolate } from "../peer/isolate.js";
import type { BootSpec } from "./runtime.js";
import type { TurnEnd, TurnInput, VirtualPeer } from "./virtual-process.js";

/** More messages than this in one turn, which takes no time, and the peer is flooding its link. */
const MAX_SAID = 100_000;

/** One incarnation in an isolate on this thread, in virtual time. */
export class IsolatedPeer implements VirtualPeer {
  readonly #isolate: Isolate;
  #said: PeerToMain[] = [];

  constructor(program: CompiledProgram, spec: BootSpec) {
    this.#isolate = program.open({ spec, time: "virtual", say: (message) => this.#say(message) });
  }

  begin(nowUs: number, inputs: readonly TurnInput[]): void {
    const { time } = this.#isolate;
    time?.setNowUs(nowUs);
    for (const input of inputs) {
      if (input.kind === "boot") this.#isolate.boot();
      else if (input.kind !== "timer") this.#isolate.hear(input);
      else if (time && time.nextDueUs() <= nowUs) time.fireNext();
    }
  }

  end(): TurnEnd {
    const said = this.#said;
    this.#said = [];
    return { said, nextDueUs: this.#isolate.time?.nextDueUs() ?? Number.POSITIVE_INFINITY };
  }

  fault(kind: FaultKind, error: unknown): void {
    this.#isolate.fault(kind, error);
  }

  /** Nobody gives it a turn any more; its realm is collected. */
  terminate(): void {}

  #say(message: PeerToMain): void {
    if (this.#said.length > MAX_SAID) return;
    if (this.#said.length === MAX_SAID) this.#said.push(floodFault(message));
    else this.#said.push(message);
  }
}

function floodFault({ kind }: PeerToMain): PeerToMain {
  const message = `it floods its link: ${MAX_SAID} messages in one turn, the last a ${kind}. Wait for answers, or for time to pass, before sending more.`;
  return { kind: "fault", fault: { kind: "flood", message } };
}
