import { type Context, constants, createContext, Script } from "node:vm";
import { hostServices } from "./host-services.js";
import { Imprint, isOfRealm } from "./imprint.js";
import type { furnishRealm, IncarnationOptions, Realm, RealmHandle } from "./realm/prelude.js";

/** Runs a CommonJS module, as `script.ts` wraps it, and gives what it declares at its top. */
type RunModule = (exports: object, module: object, require: Require) => readonly unknown[];

type Require = (name: string) => unknown;

/** What came of running a module. */
interface Evaluated {
  readonly exports: unknown;
  readonly declared: readonly unknown[];
}

export interface RealmContextOptions {
  readonly prelude: Script;
  readonly raft: Script;
  readonly time: "real" | "virtual";
  /** Makes the stacks of the realm's errors. */
  readonly formatStack: NonNullable<ErrorConstructor["prepareStackTrace"]>;
  /** Who is to live in it: one incarnation, one after another, or several at once. */
  readonly tenants: "one" | "one-by-one" | "together";
}

/** Objects of a realm from which all that V8 made in it can be reached. */
const ROOTS = new Script(`[
  globalThis, async () => {}, function* () {}, async function* () {},
  [].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/(?:)/g),
  new Intl.Segmenter().segment("")[Symbol.iterator](),
  ...(globalThis.Iterator ? [[].values().map((x) => x), Iterator.from({ next() {} })] : []),
]`);

/** What \`RegExp.$1\` and its like tell is kept in no property. A match of nothing makes it nothing, as at first. */
const MATCH_NOTHING = new Script(`() => { /(?:)/.exec(""); }`);

/**
 * A realm of V8 with the globals of a peer. V8 learns how a function is used, and makes fast code of it, for each
 * realm anew, and for each class that an evaluation of raft.ts makes; and a realm made for a single incarnation
 * is gone before that is of use. So, where nobody can tell, a realm serves one incarnation after another; or
 * several together, which share one evaluation of raft.ts.
 */
export class RealmContext {
  readonly #context: Context;
  readonly #realm: Realm;
  readonly #runRaft: RunModule;
  readonly #matchNothing: () => void;
  readonly #areTogether: boolean;
  /** Of all that was there before the first incarnation, to wipe its traces or to notice them. */
  #imprint: Imprint | undefined;
  /** Where incarnations live together: what raft.ts gives all of them, once it is loaded. */
  #shared: Evaluated | undefined;

  constructor({ prelude, raft, time, formatStack, tenants }: RealmContextOptions) {
    this.#context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
    const { Error: RealmError } = this.#context as unknown as typeof globalThis;
    RealmError.prepareStackTrace = formatStack;
    RealmError.stackTraceLimit = 20;
    const { furnishRealm: furnish } = run(this.#module(prelude), refuseRequire).exports as {
      furnishRealm: typeof furnishRealm;
    };
    this.#runRaft = this.#module(raft);
    this.#areTogether = tenants === "together";
    this.#realm = furnish({
      time,
      services: hostServices(),
      isShared: this.#areTogether,
      evaluate: (require) => this.#evaluate(require),
    });
    this.#matchNothing = MATCH_NOTHING.runInContext(this.#context) as () => void;
    if (tenants === "one-by-one") this.#imprint = this.#imprintOf([]);
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

  /** Whether those who live here together have left everything that they share as it was. */
  isUntouched(): boolean {
    return this.#imprint?.isUntouched() ?? true; // without one, raft.ts has never been loaded
  }

  /** What raft.ts exports. */
  #evaluate(require: Require): unknown {
    if (!this.#areTogether) return run(this.#runRaft, require).exports;
    if (!this.#shared) {
      this.#shared = run(this.#runRaft, require);
      this.#imprint = this.#imprintOf([this.#shared.exports, ...this.#shared.declared]);
    }
    return this.#shared.exports;
  }

  #imprintOf(values: readonly unknown[]): Imprint {
    const roots = ROOTS.runInContext(this.#context) as object[];
    return new Imprint([...roots, ...this.#realm.lasting, ...values.filter(isOfRealm)]);
  }

  #module(script: Script): RunModule {
    return script.runInContext(this.#context) as RunModule;
  }
}

function run(module: RunModule, require: Require): Evaluated {
  const itself = { exports: {} };
  const declared = module.call(itself.exports, itself.exports, itself, require);
  return { exports: itself.exports, declared };
}

function refuseRequire(name: string): never {
  throw new Error(`The prelude of a peer's realm must stand alone, but requires ${name}.`);
}
