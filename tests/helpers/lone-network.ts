import type { Asker } from "../../src/labrpc/asker.js";
import { Network, type RpcServer } from "../../src/labrpc/network.js";
import type { Name } from "../../src/labrpc/wire.js";
import type { Random } from "../../src/runtime/random.js";
import type { TraceEvent } from "../../src/trace/event.js";
import { ManualClock } from "./manual-clock.js";

/** What each call sends, and what a server answers unless told otherwise. */
export const ARGS = Uint8Array.of(1, 2, 3);
export const REPLY = Uint8Array.of(4, 5);

/** Falls of the dice of a loss, 0 to 999, that lie next to its 10 %. */
export const LOSE = 99;
export const KEEP = 100;

/** Falls of the die of a hold, 0 to 899, that lie next to its two thirds. */
export const HOLD = 599;
export const NO_HOLD = 600;

/** Dice that fall as told, and that keep what was drawn. */
class LoadedDice implements Random {
  readonly drawn: string[] = [];
  readonly #falls: number[];

  constructor(falls: readonly number[]) {
    this.#falls = [...falls];
  }

  int(min: number, max: number): number {
    this.drawn.push(`${min}..${max}`);
    const fall = this.#falls.shift();
    if (fall === undefined || fall < min || fall > max)
      throw new Error(`${fall} is no fall of ${min}..${max}`);
    return fall;
  }

  percent(percent: number): boolean {
    return this.int(0, 999) < 10 * percent;
  }

  fork(): Random {
    throw new Error("the network's stream is its own already");
  }
}

/** Answers when told to. */
export class HeldServer implements RpcServer {
  readonly #answers: ((reply: Uint8Array) => void)[] = [];

  dispatch(_svcMeth: string, _args: Uint8Array, { resolve }: Asker<Uint8Array>): void {
    this.#answers.push(resolve);
  }

  /** Ends the oldest handler. */
  answer(reply = REPLY): void {
    this.#answers.shift()?.(reply);
  }
}

/** Answers at once. */
export const promptServer = (reply = REPLY): RpcServer => ({
  dispatch: (_svcMeth, _args, { resolve }) => resolve(reply),
});

/** What became of a call; empty while that is open. */
export interface Fate {
  reply?: Uint8Array | undefined;
  atMs?: number;
}

export interface NetworkSetup {
  /**
   * Of the dice, in the order of lab-spec 2.4: delay of the request, its loss, loss of the reply, hold or not,
   * range of the hold, the hold. A die beyond these is an error.
   */
  readonly falls?: readonly number[];
  /** Drawn from in place of the dice. */
  readonly random?: Random;
  /** What stands under the name "server": one that answers at once, unless told otherwise; `null` for nothing. */
  readonly server?: RpcServer | null;
  readonly reliable?: boolean;
  readonly longDelays?: boolean;
  readonly longReordering?: boolean;
  readonly onFault?: (error: unknown, server: Name) => void;
}

/** A network without peers, in time moved by hand. Its end "end" is connected to the name "server", and enabled. */
export function openNetwork({ server = promptServer(), ...setup }: NetworkSetup = {}) {
  const clock = new ManualClock();
  const dice = new LoadedDice(setup.falls ?? []);
  const events: TraceEvent[] = [];
  const trace = { record: (event: TraceEvent) => void events.push(event) };
  const network = new Network({ clock, random: setup.random ?? dice, trace, onFault: setup.onFault });
  network.setReliable(setup.reliable ?? true);
  network.setLongDelays(setup.longDelays ?? false);
  network.setLongReordering(setup.longReordering ?? false);
  network.makeEnd("end");
  network.connect("end", "server");
  network.enable("end", true);
  if (server) network.addServer("server", server);
  events.length = 0;

  /** Makes a call; its fate is filled in when it is known. */
  function call(end: Name = "end", args = ARGS): Fate {
    const fate: Fate = {};
    const resolve = (reply: Uint8Array | undefined): void => {
      fate.reply = reply;
      fate.atMs = clock.nowMs();
    };
    const reject = (error: unknown): never => {
      throw error;
    };
    network.call(end, "Junk.handler", args, { resolve, reject }, "caller");
    return fate;
  }
  return { clock, dice, events, network, call };
}
