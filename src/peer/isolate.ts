import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Script } from "node:vm";
import type { FaultKind, MainToPeer } from "../labrpc/wire.js";
import { RealmContext, type RealmContextOptions } from "./context.js";
import { isDebugged } from "./debugged.js";
import type { RealmTime } from "./globals/globals.js";
import type { Program } from "./program.js";
import type { IncarnationOptions, RealmHandle } from "./realm/prelude.js";
import { compileModule } from "./script.js";
import { PRELUDE_FILE, RAFT_FILE } from "./script-names.js";
import { stackFormatter } from "./stack.js";

/** What of a program runs in a realm. Without the codes, V8 compiles the texts itself. */
type Scripts = Pick<Program, "raftPath" | "raftText" | "raftMap" | "preludeText"> &
  Partial<Pick<Program, "sharedNames" | "raftCode" | "preludeCode">>;

export interface CompileOptions {
  /** Whether realms in virtual time serve one incarnation after another. */
  readonly reusesRealms?: boolean;
}

/** Makes isolates for incarnations. */
export interface Housing {
  /** Opens an isolate for one incarnation. Nothing of raft.ts runs before its `boot`. */
  open(options: IsolateOptions): Isolate;
}

/** The scripts of a program, compiled once per thread and run in every realm of it. */
export class CompiledProgram implements Housing {
  readonly #prelude: Script;
  readonly #raft: Script;
  readonly #formatStack;
  readonly #reusesRealms: boolean;
  /** Wiped, and used by nobody. */
  readonly #spares: RealmContext[] = [];
  /** For all incarnations of a run together, untouched, and used by no run. */
  readonly #sharedSpares: RealmContext[] = [];
  /** Whether the incarnations of a run may share a realm, as far as is known. */
  #canShare: boolean;

  constructor(program: Scripts, { reusesRealms = false }: CompileOptions = {}) {
    const { preludeText, preludeCode, raftText, raftCode, sharedNames: names } = program;
    this.#reusesRealms = reusesRealms;
    this.#canShare = names !== undefined && !isDebugged();
    this.#prelude = compileModule(preludeText, { filename: PRELUDE_FILE, code: preludeCode });
    const sourceMap = isDebugged() ? inlineMap(program) : undefined;
    this.#raft = compileModule(raftText, { filename: RAFT_FILE, names, sourceMap, code: raftCode });
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

  /** Opens a realm for one incarnation, which has it for itself. */
  open({ time, ...incarnation }: IsolateOptions): Isolate {
    const isWipeable = this.#reusesRealms && time === "virtual";
    const context =
      (isWipeable ? this.#spares.pop() : undefined) ??
      this.#newRealm(time, isWipeable ? "one-by-one" : "one");
    return new Isolate(context.begin(incarnation), () => isWipeable && this.#takeBack(context));
  }

  /**
   * Houses the incarnations of one run in virtual time, of which one has a turn at a time: in one realm where
   * none of them can tell, as `module-state.ts` finds, and otherwise in a realm each.
   */
  houseRun(): RunHousing {
    if (!this.#canShare) return new RunHousing(this);
    const shared = this.#sharedSpares.pop() ?? this.#newRealm("virtual", "together");
    return new RunHousing(this, {
      realm: shared,
      giveBack: (isUntouched) => this.#takeSharedBack(shared, isUntouched),
    });
  }

  #newRealm(time: "real" | "virtual", tenants: RealmContextOptions["tenants"]): RealmContext {
    return new RealmContext({
      prelude: this.#prelude,
      raft: this.#raft,
      time,
      formatStack: this.#formatStack,
      tenants,
    });
  }

  #takeBack(context: RealmContext): boolean {
    const isClean = context.wipe();
    if (isClean) this.#spares.push(context);
    return isClean;
  }

  #takeSharedBack(context: RealmContext, isUntouched: boolean): void {
    if (isUntouched) this.#sharedSpares.push(context);
    else this.#canShare = false;
  }
}

/** Houses all incarnations of one run in virtual time. */
export class RunHousing implements Housing {
  readonly #program: CompiledProgram;
  readonly #shared: SharedRealm | undefined;
  #open = 0;

  /** @param shared the realm in which all of them live; without it, each gets one of its own */
  constructor(program: CompiledProgram, shared?: SharedRealm) {
    this.#program = program;
    this.#shared = shared;
  }

  open(options: IsolateOptions): Isolate {
    if (!this.#shared) return this.#program.open(options);
    this.#open += 1;
    return new Isolate(this.#shared.realm.begin(options), () => {
      this.#open -= 1;
      return true;
    });
  }

  /**
   * The run is over. A realm in which something may still run is not used again.
   * @returns whether no incarnation has changed what others could see. After one that has, the run tells
   *   nothing: it is to be made again, and then each has a realm of its own.
   */
  close(): boolean {
    if (!this.#shared) return true;
    const isUntouched = this.#shared.realm.isUntouched();
    if (this.#open === 0 || !isUntouched) this.#shared.giveBack(isUntouched);
    return isUntouched;
  }
}

interface SharedRealm {
  readonly realm: RealmContext;
  giveBack(isUntouched: boolean): void;
}

export interface IsolateOptions extends IncarnationOptions {
  readonly time: "real" | "virtual";
}

/**
 * One incarnation in its realm: raft.ts and its host, with globals and module state that for all it can tell
 * are its own and end with it. Only messages go in and out.
 */
export class Isolate {
  readonly #realm: RealmHandle;
  readonly #giveBack: () => boolean;

  constructor(realm: RealmHandle, giveBack: () => boolean) {
    this.#realm = realm;
    this.#giveBack = giveBack;
  }

  /** Its turn begins: to be called before all that makes it do something, where others live in its realm. */
  enter(): void {
    this.#realm.enter();
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
