import { CompiledProgram } from "../peer/isolate.js";
import type { Program } from "../peer/program.js";
import { SharedRealms } from "../peer/shared-realms.js";
import { IsolatedPeer } from "./isolated-peer.js";
import type { BootSpec } from "./runtime.js";
import type { ScheduleName } from "./schedule.js";
import type { TurnGauge } from "./turn-gauge.js";
import type { VirtualPeer } from "./virtual-process.js";
import { VirtualRuntime } from "./virtual-runtime.js";

/** How the peers of a run in `sim` may share a realm, which is invisible to them as long as none changes it. */
export interface RealmSharing {
  /** Whether they may; otherwise each incarnation has its own, which takes five times as long. Default: they may. */
  readonly mayShare?: boolean | undefined;
  /** Called while the run closes, with what was changed, if it must be made again (`RunHousing.close`). */
  readonly onSpoilt?: (change: string) => void;
}

/**
 * The mode `sim`: all peers on this thread, each in an isolate of its own, in virtual time. Made once per
 * program and thread; each run gets a runtime of its own.
 *
 * A peer that loops for ever blocks this thread: run it where another thread can end it.
 */
export class Sim {
  readonly #realms: SharedRealms;
  readonly #gauge: TurnGauge | undefined;

  /** @param gauge told of each turn, where another thread watches this one */
  constructor(program: Program, gauge?: TurnGauge) {
    this.#realms = new SharedRealms(new CompiledProgram(program));
    this.#gauge = gauge;
  }

  /**
   * Time, chance and peers for one run of one case.
   * @param sharing how its peers may share a realm
   */
  runtime(
    seed: number,
    schedule: ScheduleName = "lively",
    { mayShare = true, onSpoilt = refuseSpoilt }: RealmSharing = {},
  ): VirtualRuntime {
    const housing = this.#realms.houseRun(mayShare);
    const newPeer = (spec: BootSpec): VirtualPeer => new IsolatedPeer(housing, spec, this.#gauge);
    const close = async (): Promise<void> => {
      const change = housing.close();
      if (change !== undefined) onSpoilt(change);
    };
    return new VirtualRuntime({ mode: "sim", seed, schedule, newPeer, close });
  }
}

/** Where nobody makes a run again, none may be taken for good that must be. */
function refuseSpoilt(change: string): never {
  throw new Error(`A peer has changed ${change}, which others share: this run tells nothing. Make it again.`);
}
