import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Script } from "node:vm";
import type { FaultKind, MainToPeer } from "../labrpc/wire.js";
import { RealmContext } from "./context.js";
import { isDebugged } from "./debugged.js";
import type { RealmTime } from "./globals/globals.js";
import type { Program } from "./program.js";
import type { IncarnationOptions, RealmHandle } from "./realm/prelude.js";
import { compileModule } from "./script.js";
import { PRELUDE_FILE, RAFT_FILE } from "./script-names.js";
import { stackFormatter } from "./stack.js";

/** What of a program runs in a realm. Without the codes, V8 compiles the texts itself. */
type Scripts = Pick<Program, "raftPath" | "raftText" | "raftMap" | "preludeText"> &
  Partial<Pick<Program, "raftCode" | "preludeCode">>;

export interface CompileOptions {
  /** Whether realms in virtual time serve one incarnation after another. */
  readonly reusesRealms?: boolean;
}

/** The scripts of a program, compiled once per thread and run in every realm of it. */
export class CompiledProgram {
  readonly #prelude: Script;
  readonly #raft: Script;
  readonly #formatStack;
  readonly #reusesRealms: boolean;
  /** Wiped, and used by nobody. */
  readonly #spares: RealmContext[] = [];

  constructor(program: Scripts, { reusesRealms = false }: CompileOptions = {}) {
    const { preludeText, preludeCode, raftText, raftCode } = program;
    this.#reusesRealms = reusesRealms;
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

  /** Opens a realm for one incarnation, which has it for itself. Nothing of raft.ts runs before `boot`. */
  open({ time, ...incarnation }: IsolateOptions): Isolate {
    const isWipeable = this.#reusesRealms && time === "virtual";
    const context =
      (isWipeable ? this.#spares.pop() : undefined) ??
      new RealmContext({
        prelude: this.#prelude,
        raft: this.#raft,
        time,
        formatStack: this.#formatStack,
        isWipeable,
      });
    return new Isolate(context.begin(incarnation), () => isWipeable && this.#takeBack(context));
  }

  #takeBack(context: RealmContext): boolean {
    const isClean = context.wipe();
    if (isClean) this.#spares.push(context);
    return isClean;
  }
}

export interface IsolateOptions extends IncarnationOptions {
  readonly time: "real" | "virtual";
}

/**
 * The realm of one incarnation: raft.ts and its host, with globals and module state of their own, which
 * end with it. Only messages go in and out.
 */
export class Isolate {
  readonly #realm: RealmHandle;
  readonly #giveBack: () => boolean;

  constructor(realm: RealmHandle, giveBack: () => boolean) {
    this.#realm = realm;
    this.#giveBack = giveBack;
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

  /**
   * The incarnation is over, and nothing of it will ever run again: another one may have its realm. To be
   * called once, between two turns; an isolate that is just dropped takes its realm with it.
   * @returns whether another one may: not if a built-in object cannot be made as it was
   */
  close(): boolean {
    return this.#giveBack();
  }
}

/** The map of the bundle, its sources named by URL, so that breakpoints in raft.ts find their lines. */
function inlineMap({ raftPath, raftMap }: Scripts): string {
  const folder = pathToFileURL(`${dirname(resolve(raftPath))}/`).href;
  const map = { ...(JSON.parse(raftMap) as object), sourceRoot: folder };
  return `//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
}
