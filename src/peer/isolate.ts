import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Context, constants, createContext, type Script } from "node:vm";
import type { PeerMeter } from "../labrpc/peer-meter.js";
import type { FaultKind, MainToPeer, PeerToMain } from "../labrpc/wire.js";
import type { BootSpec } from "../runtime/runtime.js";
import { isDebugged } from "./debugged.js";
import type { RealmTime } from "./globals/globals.js";
import { hostServices } from "./host-services.js";
import type { Program } from "./program.js";
import type { openRealm, RealmHandle } from "./realm/prelude.js";
import { compileModule } from "./script.js";
import { PRELUDE_FILE, RAFT_FILE } from "./script-names.js";
import { stackFormatter } from "./stack.js";

/** What of a program runs in a realm. Without the codes, V8 compiles the texts itself. */
type Scripts = Pick<Program, "raftPath" | "raftText" | "raftMap" | "preludeText"> &
  Partial<Pick<Program, "raftCode" | "preludeCode">>;

/** The scripts of a program, compiled once per thread and run in every realm of it. */
export class CompiledProgram {
  readonly #prelude: Script;
  readonly #raft: Script;
  readonly #formatStack;

  constructor(program: Scripts) {
    const { preludeText, preludeCode, raftText, raftCode } = program;
    this.#prelude = compileModule(preludeText, { filename: PRELUDE_FILE, code: preludeCode });
    const sourceMap = isDebugged() ? inlineMap(program) : undefined;
    this.#raft = compileModule(raftText, { filename: RAFT_FILE, sourceMap, code: raftCode });
    let map: SourceMap | undefined; // made when the first stack is asked for: it costs milliseconds
    this.#formatStack = stackFormatter(RAFT_FILE, () => {
      map ??= new SourceMap(JSON.parse(program.raftMap) as SourceMapPayload);
      return map;
    });
  }

  /** V8's code for the prelude, as far as it has been compiled. */
  preludeCode(): Uint8Array {
    return this.#prelude.createCachedData();
  }

  /** Opens a realm of its own for one incarnation. Nothing of raft.ts runs before `boot`. */
  open(options: IsolateOptions): Isolate {
    const context = createContext(constants.DONT_CONTEXTIFY as unknown as Context);
    const realmError = (context as { Error?: ErrorConstructor }).Error as ErrorConstructor;
    realmError.prepareStackTrace = this.#formatStack;
    realmError.stackTraceLimit = 20;
    const prelude = evaluate<{ openRealm: typeof openRealm }>(this.#prelude, context, refuseRequire);
    const realm = prelude.openRealm({
      ...options,
      services: hostServices(),
      evaluate: (require) => evaluate(this.#raft, context, require),
    });
    return new Isolate(realm);
  }
}

export interface IsolateOptions {
  readonly spec: BootSpec;
  readonly time: "real" | "virtual";
  readonly say: (message: PeerToMain) => void;
  /** Told where the peer's time goes, where the run is profiled. */
  readonly meter?: PeerMeter | undefined;
}

/**
 * The realm of one incarnation: raft.ts and its host, with globals and module state of their own, which
 * end with it. Only messages go in and out.
 */
export class Isolate {
  readonly #realm: RealmHandle;

  constructor(realm: RealmHandle) {
    this.#realm = realm;
  }

  /** Loads raft.ts and calls its `make`; the peer then says `ready` or `fault`. */
  boot(): void {
    this.#realm.boot();
  }

  hear(message: MainToPeer): void {
    this.#realm.hear(message);
  }

  /** Makes the peer say a fault that was noticed outside its realm, such as an unhandled rejection. */
  fault(kind: FaultKind, error: unknown): void {
    this.#realm.fault(kind, error);
  }

  /** The realm's clock and timers, which the kernel drives; `undefined` in real time. */
  get time(): RealmTime | undefined {
    return this.#realm.time;
  }
}

/** The map of the bundle, its sources named by URL, so that breakpoints in raft.ts find their lines. */
function inlineMap({ raftPath, raftMap }: Scripts): string {
  const folder = pathToFileURL(`${dirname(resolve(raftPath))}/`).href;
  const map = { ...(JSON.parse(raftMap) as object), sourceRoot: folder };
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
}

function evaluate<Exports>(script: Script, context: Context, require: (name: string) => unknown): Exports {
  const run = script.runInContext(context) as (exports: object, module: object, require: unknown) => void;
  const module = { exports: {} as Exports & object };
  run.call(module.exports, module.exports, module, require);
  return module.exports;
}

function refuseRequire(name: string): never {
  throw new Error(`The prelude of a peer's realm must stand alone, but requires ${name}.`);
}
