import { type Context, constants, createContext, Script } from "node:vm";
import { hostServices } from "./host-services.js";
import { Imprint } from "./imprint.js";
import type { furnishRealm, IncarnationOptions, Realm, RealmHandle } from "./realm/prelude.js";

/** Runs a CommonJS module, as `script.ts` wraps it. */
type RunModule = (exports: object, module: object, require: (name: string) => unknown) => void;

export interface RealmContextOptions {
  readonly prelude: Script;
  readonly raft: Script;
  readonly time: "real" | "virtual";
  /** Makes the stacks of the realm's errors. */
  readonly formatStack: NonNullable<ErrorConstructor["prepareStackTrace"]>;
  /** Whether it can be wiped. That costs some milliseconds to prepare. */
  readonly isWipeable: boolean;
}

/** Objects of a realm from which all that V8 made in it can be reached. */
const ROOTS = new Script(`[
  globalThis, async () => {}, function* () {}, async function* () {},
  [].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/(?:)/g),
  new Intl.Segmenter().segment("")[Symbol.iterator](),
]`);

/** What \`RegExp.$1\` and its like tell is kept in no property. A match of nothing makes it nothing, as at first. */
const MATCH_NOTHING = new Script(`() => { /(?:)/.exec(""); }`);

/**
 * A realm of V8 with the globals of a peer. It is one incarnation's at a time; where it can be wiped, it serves
 * one after another. That saves more than the making of it: V8 learns how a function is used, and makes fast
 * code of it, for each realm anew; and a realm made for a single incarnation is gone before that is of use.
 */
export class RealmContext {
  readonly #context: Context;
  readonly #realm: Realm;
  readonly #imprint: Imprint | undefined;
  readonly #matchNothing: () => void;

  constructor({ prelude, raft, time, formatStack, isWipeable }: RealmContextOptions) {
    this.#context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
    const { Error: RealmError } = this.#context as unknown as typeof globalThis;
    RealmError.prepareStackTrace = formatStack;
    RealmError.stackTraceLimit = 20;
    const { furnishRealm: furnish } = this.#evaluate(prelude, refuseRequire) as {
      furnishRealm: typeof furnishRealm;
    };
    const runRaft = raft.runInContext(this.#context) as RunModule;
    const evaluate = (require: (name: string) => unknown) => run(runRaft, require);
    this.#realm = furnish({ time, services: hostServices(), evaluate });
    this.#matchNothing = MATCH_NOTHING.runInContext(this.#context) as () => void;
    if (isWipeable) this.#imprint = new Imprint([...this.#roots(), ...this.#realm.lasting]);
  }

  /** Moves an incarnation in. Nothing of raft.ts runs before its `boot`. */
  begin(options: IncarnationOptions): RealmHandle {
    return this.#realm.begin(options);
  }

  /**
   * Makes it as it was at first: nothing is left of those who lived here.
   * @returns false if that cannot be, and it must not be used any more
   */
  wipe(): boolean {
    if (!this.#imprint?.restore()) return false;
    this.#matchNothing();
    return true;
  }

  #roots(): readonly object[] {
    return ROOTS.runInContext(this.#context) as object[];
  }

  #evaluate(script: Script, require: (name: string) => unknown): unknown {
    return run(script.runInContext(this.#context) as RunModule, require);
  }
}

/** @returns what the module exports */
function run(module: RunModule, require: (name: string) => unknown): unknown {
  const itself = { exports: {} };
  module.call(itself.exports, itself.exports, itself, require);
  return itself.exports;
}

function refuseRequire(name: string): never {
  throw new Error(`The prelude of a peer's realm must stand alone, but requires ${name}.`);
}
