import type { RealmContext } from "./context.js";
import { isDebugged } from "./debugged.js";
import type { Imprint } from "./imprint.js";
import { type CompiledProgram, type Housing, Isolate, type IsolateOptions } from "./isolate.js";

/** Houses all incarnations of one run in virtual time. */
export interface RunHousing extends Housing {
  /**
   * The run is over.
   * @returns what an incarnation has changed, such as `Array.prototype.last`, where others could see it. Then the
   *   run tells nothing: it is to be made again, and each has a realm of its own. `undefined` if there is nothing.
   */
  close(): string | undefined;
}

/** A realm for all incarnations of a run. */
interface SharedRealm {
  readonly context: RealmContext;
  /** Of what they share, before the first of them. */
  readonly imprint: Imprint;
}

/**
 * Houses the runs of a program in virtual time, each in one realm for all of its incarnations. V8 learns how a
 * function is used, and makes fast code of it, for each realm anew: with a realm for each incarnation a suite of
 * the lab's cases takes five times as long.
 *
 * A program that changes a built-in object, where its other peers would see it, is found out at the end of a run,
 * and its incarnations get a realm each from then on.
 */
export class SharedRealms {
  readonly #program: CompiledProgram;
  /** Untouched, and used by no run. */
  readonly #spares: SharedRealm[] = [];
  /** What is typed into a debugger's console could change a realm as well. */
  #canShare = !isDebugged();

  constructor(program: CompiledProgram) {
    this.#program = program;
  }

  /**
   * To be closed when the run is over.
   * @param mayShare whether its incarnations may have one realm for all
   */
  houseRun(mayShare = true): RunHousing {
    if (!mayShare || !this.#canShare) return new OneRealmEach(this.#program);
    return new OneRealmForAll(this.#spares.pop() ?? this.#newRealm(), (realm, isUntouched) => {
      if (isUntouched) this.#spares.push(realm);
      else this.#canShare = false;
    });
  }

  #newRealm(): SharedRealm {
    const context = this.#program.newRealm("virtual");
    return { context, imprint: context.imprint() };
  }
}

class OneRealmEach implements RunHousing {
  readonly #program: CompiledProgram;

  constructor(program: CompiledProgram) {
    this.#program = program;
  }

  open(options: IsolateOptions): Isolate {
    return this.#program.open(options);
  }

  close(): undefined {}
}

class OneRealmForAll implements RunHousing {
  readonly #realm: SharedRealm;
  readonly #giveBack: (realm: SharedRealm, isUntouched: boolean) => void;
  #open = 0;

  constructor(realm: SharedRealm, giveBack: (realm: SharedRealm, isUntouched: boolean) => void) {
    this.#realm = realm;
    this.#giveBack = giveBack;
  }

  open(options: IsolateOptions): Isolate {
    this.#open += 1;
    const { context } = this.#realm;
    return new Isolate(context.begin(options), context.formatHostStack, () => {
      this.#open -= 1;
    });
  }

  close(): string | undefined {
    const change = this.#realm.imprint.change();
    const isUntouched = change === undefined;
    // Of an incarnation that is still open something may still run, and nobody else gets its realm.
    if (this.#open === 0 || !isUntouched) this.#giveBack(this.#realm, isUntouched);
    return change;
  }
}
