import type { SourceMap, SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import type { Script } from "node:vm";
import type { FaultKind, MainToPeer } from "../labrpc/wire.js";
import { RealmContext } from "./context.js";
import { isDebugged } from "./debugged.js";
import type { RealmTime } from "./globals/globals.js";
import type { Program } from "./program.js";
import type { IncarnationOptions, RealmHandle } from "./realm/prelude.js";
import { compileModule, compileScript } from "./script.js";
import { PRELUDE_FILE, RAFT_FILE } from "./script-names.js";
import { type PrepareStackTrace, stackFormatter } from "./stack.js";

/** What of a program runs in a realm. Without the codes, V8 compiles the texts itself. */
type Scripts = Pick<Program, "raftPath" | "raftText" | "raftMap" | "preludeText"> &
  Partial<Pick<Program, "raftCode" | "preludeCode">>;

/** Makes isolates for incarnations. */
export interface Housing {
  /** Opens an isolate for one incarnation. Nothing of raft.ts runs before its `boot`. */
  open(options: IsolateOptions): Isolate;
}

export interface IsolateOptions extends IncarnationOptions {
  readonly time: "real" | "virtual";
}

/** The scripts of a program, compiled once per thread and run in every realm of it. */
export class CompiledProgram implements Housing {
  readonly #prelude: Script;
  readonly #raft: Script;
  readonly #formatStack;

  constructor(program: Scripts) {
    const { preludeText, preludeCode, raftText, raftCode } = program;
    this.#prelude = compileScript(preludeText, { filename: PRELUDE_FILE, code: preludeCode });
    const sourceMap = isDebugged() ? inlineMap(program) : undefined;
    this.#raft = compileModule(raftText, { filename: RAFT_FILE, sourceMap, code: raftCode });
    let map: SourceMap | undefined; // made when the first stack is asked for: it costs milliseconds
    this.#formatStack = stackFormatter(RAFT_FILE, () => {
      map ??= sourceMapOf(program.raftMap);
      return map;
    });
  }

  /** V8's code for the prelude, as far as it has been compiled. */
  preludeCode(): Uint8Array {
    return this.#prelude.createCachedData();
  }

  /** In a realm of its own. */
  open({ time, ...incarnation }: IsolateOptions): Isolate {
    const realm = this.newRealm(time);
    return new Isolate(realm.begin(incarnation), realm.formatHostStack);
  }

  newRealm(time: "real" | "virtual"): RealmContext {
    return new RealmContext({
      prelude: this.#prelude,
      raft: this.#raft,
      time,
      formatStack: this.#formatStack,
    });
  }
}

/**
 * One incarnation, raft.ts and its host, with globals and module state that for all it can tell are its own and
 * end with it. Only messages go in and out.
 */
export class Isolate {
  readonly #realm: RealmHandle;
  readonly #formatStack: PrepareStackTrace;
  readonly #onClose: (() => void) | undefined;

  /** @param formatStack makes the stacks of Node's errors while it has its turn */
  constructor(realm: RealmHandle, formatStack: PrepareStackTrace, onClose?: () => void) {
    this.#realm = realm;
    this.#formatStack = formatStack;
    this.#onClose = onClose;
  }

  /** Its turn begins: to be called before all that makes it do something, where others live in its realm. */
  enter(): void {
    Error.prepareStackTrace = this.#formatStack;
    this.#realm.enter();
  }

  /** Its turn is over. */
  leave(): void {
    Error.prepareStackTrace = undefined as unknown as PrepareStackTrace; // Node's types want one
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

  /** Its clock and timers, which the kernel drives; `undefined` in real time. */
  get time(): RealmTime | undefined {
    return this.#realm.time;
  }

  /** The incarnation is over, and nothing of it will ever run again. To be called once, between two turns. */
  close(): void {
    this.#realm.leave();
    this.#onClose?.();
  }
}

/** Node's module of maps is loaded with the first, as that of URLs: both take their time when a thread boots. */
function sourceMapOf(json: string): SourceMap {
  const { SourceMap } = process.getBuiltinModule("node:module");
  return new SourceMap(JSON.parse(json) as SourceMapPayload);
}

/** The map of the bundle, its sources named by URL, so that breakpoints in raft.ts find their lines. */
function inlineMap({ raftPath, raftMap }: Scripts): string {
  const { pathToFileURL } = process.getBuiltinModule("node:url");
  const folder = pathToFileURL(`${dirname(resolve(raftPath))}/`).href;
  const map = { ...(JSON.parse(raftMap) as object), sourceRoot: folder };
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
}
