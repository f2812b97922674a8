import { type Context, constants, createContext, Script } from "node:vm";
import { hostServices } from "./host-services.js";
import { Imprint } from "./imprint.js";
import type { furnishRealm, IncarnationOptions, Realm, RealmHandle } from "./realm/prelude.js";
import { hostStackFormatter, type PrepareStackTrace } from "./stack.js";

/** Runs a CommonJS module, as `script.ts` wraps it. */
type RunModule = (exports: object, module: object, require: Require) => void;

type Require = (name: string) => unknown;

export interface RealmContextOptions {
  readonly prelude: Script;
  readonly raft: Script;
  readonly time: "real" | "virtual";
  /** Makes the stacks of the realm's errors. */
  readonly formatStack: PrepareStackTrace;
}

/** Objects of a realm from which all that V8 made in it can be reached. */
const ROOTS = new Script(`[
  globalThis, async () => {}, function* () {}, async function* () {},
  [].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/(?:)/g),
  new Intl.Segmenter().segment("")[Symbol.iterator](),
  ...(globalThis.Iterator ? [[].values().map((x) => x), Iterator.from({ next() {} })] : []),
]`);

/**
 * A realm of V8 with the globals of a peer. In virtual time several incarnations can live in one, since they have
 * their turns one after another: each evaluates raft.ts for itself and finds globals of its own (`globals/tenancy.ts`).
 * What they share is the built-in objects.
 */
export class RealmContext {
  readonly #context: Context;
  readonly #realm: Realm;
  /** Makes the stacks of Node's errors that come to those who live here. */
  readonly formatHostStack: PrepareStackTrace;

  constructor({ prelude, raft, time, formatStack }: RealmContextOptions) {
    this.formatHostStack = hostStackFormatter(formatStack);
    this.#context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
    const { Error: RealmError } = this.#context as unknown as typeof globalThis;
    RealmError.prepareStackTrace = formatStack;
    RealmError.stackTraceLimit = 20;
    const { furnishRealm: furnish } = run(this.#module(prelude), refuseRequire) as {
      furnishRealm: typeof furnishRealm;
    };
    const runRaft = this.#module(raft);
    this.#realm = furnish({
      time,
      services: hostServices(),
      evaluate: (require) => run(runRaft, require),
    });
  }

  /** Moves an incarnation in. Nothing of raft.ts runs before its `boot`. */
  begin(options: IncarnationOptions): RealmHandle {
    return this.#realm.begin(options);
  }

  /** Of all that those who live here share, as it is now. */
  imprint(): Imprint {
    const roots = ROOTS.runInContext(this.#context) as object[];
    return new Imprint([...roots, ...this.#realm.lasting]);
  }

  #module(script: Script): RunModule {
    return script.runInContext(this.#context) as RunModule;
  }
}

/** What the module exports. */
function run(module: RunModule, require: Require): unknown {
  const itself = { exports: {} };
  module.call(itself.exports, itself.exports, itself, require);
  return itself.exports;
}

function refuseRequire(name: string): never {
  throw new Error(`The prelude of a peer's realm must stand alone, but requires ${name}.`);
}
