import { UsageError } from "../errors.js";
import type { Clock } from "../runtime/clock.js";
import type { Random } from "../runtime/random.js";
import type { Loss, TraceSink } from "../trace/event.js";
import type { Asker } from "./asker.js";
import { type Carrier, ClientEnd } from "./client-end.js";
import { type InLine, Line } from "./line.js";
import type { Name } from "./wire.js";

/** How long the network waits for a handler before it looks whether end and server are still there. */
const LOOK_EVERY_MS = 100;

/** Whatever answers RPCs: services in this thread, or a peer behind its link. */
export interface RpcServer {
  /**
   * Runs the handler that `svcMeth` names. It never throws.
   * @param args labgob's bytes
   * @param asker told the handler's reply, as labgob's bytes; or the error, if there is no such handler, or if it threw
   */
  dispatch(svcMeth: string, args: Uint8Array, asker: Asker<Uint8Array>): void;
}

export interface NetworkOptions {
  readonly clock: Clock;
  /** A stream of the network's own: every die is drawn in the order of lab-spec 2.4. */
  readonly random: Random;
  readonly trace?: TraceSink | undefined;
  /**
   * Told when the server of this name has no such method, or its handler threw; the caller then gets
   * `undefined`. Without it, the caller is told the error.
   */
  readonly onFault?: ((error: unknown, server: Name) => void) | undefined;
}

/** A server in the network's table, with its count of incoming RPCs. */
interface Entry {
  readonly server: RpcServer;
  count: number;
}

/** Who waits for the fate of one call. */
interface Caller extends Asker<Uint8Array | undefined> {
  /** Numbers the network's RPCs from 1. */
  readonly rpc: number;
}

/** A call that is on its way to a server, with the snapshot that decides its fate (lab-spec 2.4 step 1). */
interface Request extends Caller, InLine<Request> {
  readonly end: Name;
  readonly svcMeth: string;
  readonly args: Uint8Array;
  readonly serverName: Name;
  readonly entry: Entry;
  readonly reliable: boolean;
  readonly longReordering: boolean;
  /** When the network next looks whether the request is dead; of meaning while its handler runs. */
  nextLookMs: number;
}

/**
 * The lab's simulated network (lab-spec 2): it takes requests to servers and replies back, loses, delays
 * and reorders them by the rules set, and counts. It reads envelopes only, never what is in them. "Step n"
 * in its comments is a step of lab-spec 2.4.
 */
export class Network {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #trace: TraceSink | undefined;
  readonly #onFault: NetworkOptions["onFault"];

  #reliable = true;
  #longDelays = false;
  #longReordering = false;

  readonly #ends = new Set<Name>();
  readonly #enabled = new Set<Name>();
  readonly #connections = new Map<Name, Name>();
  readonly #servers = new Map<Name, Entry>();
  /** One entry per server object for its whole life: a count is the object's, under whatever name. */
  readonly #entries = new WeakMap<RpcServer, Entry>();

  #totalCount = 0;
  #totalBytes = 0;
  #isCleanedUp = false;

  /** Callers for whom a delay runs, each with what cancels it. */
  readonly #delayed = new Map<Caller, () => void>();
  /** Requests whose handlers run, by their `nextLookMs`: all wait equally long, so the oldest is due first. */
  readonly #running = new Line<Request>();
  #cancelLook: (() => void) | undefined;

  readonly #carry: Carrier = (end, svcMeth, args, asker) => this.call(end, svcMeth, args, asker);

  constructor({ clock, random, trace, onFault }: NetworkOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#trace = trace;
    this.#onFault = onFault;
  }

  /**
   * Makes an end: disabled, and connected to nothing.
   * @throws {UsageError} if there is an end of this name
   */
  makeEnd(end: Name): ClientEnd {
    if (this.#ends.has(end)) {
      throw new UsageError(`The network has an end ${quoted(end)} already; give each end a name of its own.`);
    }
    this.#ends.add(end);
    this.#enabled.delete(end);
    this.#connections.delete(end);
    return new ClientEnd(end, this.#carry);
  }

  /**
   * Forgets an end: calls on it find no server any more.
   * @throws {UsageError} if there is no end of this name
   */
  deleteEnd(end: Name): void {
    if (!this.#ends.delete(end)) throw new UsageError(`The network has no end ${quoted(end)} to delete.`);
    this.#enabled.delete(end);
    this.#connections.delete(end);
  }

  /** Sets which server the end leads to: once in an end's life, though a second call simply overwrites. */
  connect(end: Name, server: Name): void {
    this.#connections.set(end, server);
  }

  /** Lets calls on the end through, or no longer. */
  enable(end: Name, on: boolean): void {
    if (on) this.#enabled.add(end);
    else this.#enabled.delete(end);
  }

  /** Puts a server under a name, in place of the one that may be there. */
  addServer(name: Name, server: RpcServer): void {
    const entry = this.#entries.get(server) ?? { server, count: 0 };
    this.#entries.set(server, entry);
    this.#servers.set(name, entry);
  }

  /** Takes the server of this name out of the network; its handlers under way run on, unheard. */
  deleteServer(name: Name): void {
    this.#servers.delete(name);
  }

  /** Whether requests and replies go through at once, or are delayed and get lost. True at first. */
  setReliable(on: boolean): void {
    this.#reliable = on;
    this.#trace?.record({ kind: "network", setting: "reliable", on });
  }

  /** Whether a call that finds no server fails only after up to 7 s, instead of 0.1 s. False at first. */
  setLongDelays(on: boolean): void {
    this.#longDelays = on;
    this.#trace?.record({ kind: "network", setting: "longDelays", on });
  }

  /** Whether two in three replies are held back, up to 2.2 s. False at first. */
  setLongReordering(on: boolean): void {
    this.#longReordering = on;
    this.#trace?.record({ kind: "network", setting: "longReordering", on });
  }

  /**
   * How many requests have reached the server object that is now under this name.
   * @throws {UsageError} if there is none: it was never added, or deleted (the Go lab crashes)
   */
  getCount(name: Name): number {
    const entry = this.#servers.get(name);
    if (!entry)
      throw new UsageError(`The network has no server ${quoted(name)} whose RPCs could be counted.`);
    return entry.count;
  }

  /** Requests taken in so far, those that were lost or found no server included. */
  getTotalCount(): number {
    return this.#totalCount;
  }

  /** Bytes of all arguments taken in and of all replies delivered. */
  getTotalBytes(): number {
    return this.#totalBytes;
  }

  /**
   * Ends the network: later calls give `undefined` at once, and so do all those under way, so that neither
   * a caller nor a timer outlives it (lab-spec 9.12).
   */
  cleanup(): void {
    this.#isCleanedUp = true;
    this.#cancelLook?.();
    const underWay: Caller[] = [...this.#running.takeAll(), ...this.#delayed.keys()];
    for (const cancel of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const caller of underWay) this.#lose(caller, "cleaned-up");
  }

  /**
   * The single intake: takes one call to its fate. Local ends come here, and calls that came over a peer's
   * link.
   * @param args labgob's bytes, not to be changed any more
   * @param asker told the reply's bytes, or `undefined`, the lab's `false`; or the error of which `onFault` is not told
   * @param from the peer that calls, for the trace; unknown for a tester's end
   */
  call(
    end: Name,
    svcMeth: string,
    args: Uint8Array,
    { resolve, reject }: Asker<Uint8Array | undefined>,
    from?: Name,
  ): void {
    if (this.#isCleanedUp) {
      resolve(undefined);
      return;
    }
    this.#totalCount += 1;
    this.#totalBytes += args.length;
    this.#takeIn({ rpc: this.#totalCount, resolve, reject }, end, svcMeth, args, from);
  }

  /** Steps 1 to 3. */
  #takeIn(caller: Caller, end: Name, svcMeth: string, args: Uint8Array, from: Name | undefined): void {
    const serverName = this.#connections.get(end);
    const entry = serverName === undefined ? undefined : this.#servers.get(serverName);
    this.#trace?.record({ kind: "send", rpc: caller.rpc, from, to: serverName, svcMeth, args });

    if (serverName === undefined || entry === undefined || !this.#enabled.has(end)) {
      const waitMs = this.#random.int(0, this.#longDelays ? 6999 : 99);
      this.#delay(caller, waitMs, () => this.#lose(caller, "unreachable"));
      return;
    }
    const request: Request = {
      rpc: caller.rpc,
      resolve: caller.resolve,
      reject: caller.reject,
      end,
      svcMeth,
      args,
      serverName,
      entry,
      reliable: this.#reliable,
      longReordering: this.#longReordering,
      nextLookMs: 0,
      ahead: undefined,
      behind: undefined,
      isInLine: false,
    };
    if (request.reliable) this.#execute(request);
    else this.#delay(request, this.#random.int(0, 26), () => this.#executeUnlessLost(request));
  }

  /** Step 4. */
  #executeUnlessLost(request: Request): void {
    if (this.#random.percent(10)) this.#lose(request, "request-dropped");
    else this.#execute(request);
  }

  /** Step 5: the server of the snapshot runs the handler, whatever happened to end and server since. */
  #execute(request: Request): void {
    const { entry, svcMeth, args, rpc } = request;
    entry.count += 1;
    this.#trace?.record({ kind: "deliver", rpc });
    this.#watch(request);
    entry.server.dispatch(svcMeth, args, {
      resolve: (reply) => this.#conclude(request, reply),
      reject: (error) => this.#fail(request, error),
    });
  }

  /** Step 6: from now on, a look every 100 ms, until the handler returns. */
  #watch(request: Request): void {
    request.nextLookMs = this.#clock.nowMs() + LOOK_EVERY_MS;
    this.#running.add(request);
    if (!this.#cancelLook) this.#setLook();
  }

  /** Sets the timer for the request that is due first: one timer serves all. */
  #setLook(): void {
    if (!this.#running.first) return;
    const dueMs = this.#running.first.nextLookMs;
    const delayMs = Math.max(0, dueMs - this.#clock.nowMs());
    this.#cancelLook = this.#clock.after(delayMs, () => {
      this.#cancelLook = undefined;
      this.#lookAtThoseDue(dueMs);
      this.#setLook();
    });
  }

  /** Gives up the requests that are dead, of those that are due by `dueMs`. */
  #lookAtThoseDue(dueMs: number): void {
    const nowMs = this.#clock.nowMs();
    const lastMs = Math.max(dueMs, nowMs);
    const running = this.#running;
    for (let request = running.first; request && request.nextLookMs <= lastMs; request = running.first) {
      running.delete(request);
      if (this.#isDead(request)) {
        this.#lose(request, "dead"); // steps 7 and 8: no time passes until the last look, so this one is it
      } else {
        // Re-armed from now and not from when it was due, as in Go (lab-spec 9.13): it is now due last.
        request.nextLookMs = nowMs + LOOK_EVERY_MS;
        running.add(request);
      }
    }
  }

  /** Steps 7 to 11, when the handler has returned. */
  #conclude(request: Request, reply: Uint8Array): void {
    if (this.#isCleanedUp) return;
    this.#trace?.record({ kind: "handled", rpc: request.rpc, reply });
    const wasWaitedFor = this.#running.delete(request);
    if (!wasWaitedFor) return; // a look found it dead: the result is thrown away
    if (this.#isDead(request)) {
      this.#lose(request, "dead");
    } else if (!request.reliable && this.#random.percent(10)) {
      this.#lose(request, "reply-dropped");
    } else if (request.longReordering && this.#random.int(0, 899) < 600) {
      const range = 1 + this.#random.int(0, 1999);
      const holdMs = 200 + this.#random.int(0, range - 1);
      this.#delay(request, holdMs, () => this.#deliver(request, reply)); // whatever happens meanwhile
    } else {
      this.#deliver(request, reply);
    }
  }

  /** The server has no such method, or its handler threw: the author's mistake, not the network's doing. */
  #fail(request: Request, error: unknown): void {
    const wasWaitedFor = this.#running.delete(request);
    if (!wasWaitedFor) return; // what a dead server does is nobody's concern
    this.#trace?.record({ kind: "outcome", rpc: request.rpc, lost: "fault" });
    if (this.#onFault) {
      this.#onFault(error, request.serverName);
      request.resolve(undefined);
    } else {
      request.reject(error);
    }
  }

  /** `dead` of lab-spec 2.4: the end is disabled now, or another server, or none, is now under that name. */
  #isDead(request: Request): boolean {
    return !this.#enabled.has(request.end) || this.#servers.get(request.serverName) !== request.entry;
  }

  #deliver(caller: Caller, reply: Uint8Array): void {
    this.#totalBytes += reply.length;
    this.#trace?.record({ kind: "outcome", rpc: caller.rpc, lost: undefined });
    caller.resolve(reply);
  }

  #lose(caller: Caller, lost: Loss): void {
    this.#trace?.record({ kind: "outcome", rpc: caller.rpc, lost });
    caller.resolve(undefined);
  }

  #delay(caller: Caller, delayMs: number, then: () => void): void {
    this.#trace?.delays?.(caller.rpc, delayMs);
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(caller);
      then();
    });
    this.#delayed.set(caller, cancel);
  }
}

function quoted(name: Name): string {
  return JSON.stringify(name);
}
