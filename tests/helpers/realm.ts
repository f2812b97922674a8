import { fileURLToPath } from "node:url";
import { type Context, constants, createContext, Script } from "node:vm";
import { build } from "esbuild";
import type { LogLevel } from "../../src/labrpc/wire.js";
import type {
  ErrorPlace,
  GlobalsOptions,
  installGlobals,
  moveIn,
  RealmTime,
} from "../../src/peer/globals/globals.js";
import { hostServices } from "../../src/peer/host-services.js";

/** What `Date.now()` reads at virtual time 0 in these tests: 2024-01-01T00:00:00Z. */
export const EPOCH_MS = Date.UTC(2024, 0, 1);

/** A realm as peers have it, with its console and its errors at hand. */
export interface TestRealm {
  /** Evaluates a script in the realm. `require` gives it Node's modules, `out` hands values to the test. */
  run<Value>(source: string): Value;
  /** Moves virtual time on to `ms`, firing each timer on its way when it is due, as the kernel does. */
  advanceTo(ms: number): Promise<void>;
  /** Only in virtual time. */
  readonly time: RealmTime;
  /** What the script handed to `out`, each with the virtual ms of that moment, in order. */
  readonly out: unknown[];
  readonly lines: { readonly level: LogLevel; readonly text: string }[];
  readonly errors: { readonly error: Error; readonly where: ErrorPlace }[];
}

type GlobalsModule = {
  readonly installGlobals: typeof installGlobals;
  readonly moveIn: typeof moveIn;
  readonly requireNode: (name: string) => unknown;
};

const compiled = compileGlobals();

/** The realm's part, bundled to one script as the prelude is. */
async function compileGlobals(): Promise<Script> {
  const entry = fileURLToPath(new URL("../../src/peer/globals/globals.ts", import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "browser",
    target: "node20",
    logLevel: "silent",
  });
  return new Script(`(function (exports, module) {${outputFiles[0]?.text}\n})`, { filename: "prelude" });
}

/** Opens a realm of its own, its globals installed. Virtual time and seed 1 unless `options` say else. */
export async function openRealm({
  seed = 1,
  ...options
}: Partial<GlobalsOptions> & { readonly seed?: number } = {}): Promise<TestRealm> {
  const script = await compiled;
  const context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
  const module = { exports: {} as GlobalsModule };
  script.runInContext(context)(module.exports, module);
  const out: unknown[] = [];
  const lines: TestRealm["lines"] = [];
  const errors: TestRealm["errors"] = [];
  const realm = new Script("globalThis").runInContext(context) as typeof globalThis;
  module.exports.installGlobals(realm, {
    time: "virtual",
    host: hostServices(),
    epochMs: EPOCH_MS,
    console: (level, text) => lines.push({ level, text }),
    onError: (error, where) => errors.push({ error: error as Error, where }),
    ...options,
  });
  const time = module.exports.moveIn(seed)?.time as RealmTime;
  Object.assign(realm, { require: module.exports.requireNode, out: (value: unknown) => out.push(value) });
  return {
    run: (source) => new Script(source, { filename: "raft.ts" }).runInContext(context),
    advanceTo: (ms) => advance(time, ms * 1000),
    time,
    out,
    lines,
    errors,
  };
}

async function advance(time: RealmTime, untilUs: number): Promise<void> {
  await quiescence();
  while (time.nextDueUs() <= untilUs) {
    const dueUs = time.nextDueUs();
    // A turn of the event loop per event: Node drains nextTicks and microtasks before the next.
    await new Promise<void>((drained) => {
      setImmediate(() => {
        time.setNowUs(dueUs);
        time.fireNext();
        setImmediate(drained);
      });
    });
  }
  time.setNowUs(untilUs);
}

/** Resolves when no nextTick and no microtask is left to run. */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
