import { EncodeError } from "../labgob/labgob.js";
import { textOfThrown } from "../text/thrown.js";
import type { Asker } from "./asker.js";
import type { RpcServer } from "./network.js";
import { type Codec, meteredCodec, type PeerMeter } from "./peer-meter.js";

/** An RPC named a service or a method that its server does not have (lab-spec 2.5: the Go lab aborts). */
export class UnknownMethodError extends Error {
  override readonly name = "UnknownMethodError";
}

/** A handler threw, rejected, or returned what cannot be sent; `cause` is what it threw. */
export class HandlerError extends Error {
  override readonly name = "HandlerError";
}

export interface ServiceOptions {
  /** Methods of the receiver that are no handlers. */
  readonly exclude?: readonly string[];
}

type Handler = (args: unknown) => unknown;

/** Where an RPC leads. */
interface Route {
  readonly service: Service;
  readonly method: string;
  /** Service and method as the server names them. */
  readonly calledAs: string;
}

/** One run of a handler. */
interface Handling {
  readonly calledAs: string;
  readonly rpcId: number;
  /** Where what is measured is told. */
  readonly meter: PeerMeter | undefined;
  readonly startedAt: number;
}

/**
 * An object whose methods answer RPCs (lab-spec 2.5). Handlers are the methods that the receiver has when
 * the service is made, its own or inherited, except `constructor` and those of every object.
 */
export class Service {
  readonly name: string;
  readonly #receiver: object;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor(name: string, receiver: object, { exclude = [] }: ServiceOptions = {}) {
    this.name = name;
    this.#receiver = receiver;
    this.#handlers = handlersOf(receiver, exclude);
  }

  /** Names of the handlers. */
  get methods(): string[] {
    return [...this.#handlers.keys()];
  }

  /**
   * The name of the handler for `method`: itself, or else with its first letter in the other case, so that
   * the Go lab's `RequestVote` finds `requestVote`, and the reverse.
   */
  resolve(method: string): string | undefined {
    if (this.#handlers.has(method)) return method;
    const other = withOtherCase(method);
    return this.#handlers.has(other) ? other : undefined;
  }

  /** Runs a handler of this name, which `resolve` gave, on its receiver. */
  run(method: string, args: unknown): unknown {
    return this.#handlers.get(method)?.call(this.#receiver, args);
  }
}

/** Services by name: what one peer offers to the others. Handlers of one server may overlap. */
export class Server implements RpcServer {
  readonly #services = new Map<string, Service>();
  /** By what callers say, as far as it was found. */
  readonly #routes = new Map<string, Route>();
  readonly #meter: PeerMeter | undefined;
  readonly #codec: Codec;

  /** @param meter told how long handlers run, where the run is profiled */
  constructor(meter?: PeerMeter) {
    this.#meter = meter;
    this.#codec = meteredCodec(meter);
  }

  /** Adds a service; one of the same name is replaced. */
  addService(service: Service): void {
    this.#services.set(service.name, service);
    this.#routes.clear();
  }

  /**
   * Decodes `args`, runs the handler and encodes what it returns. The handler begins before this returns, and ends
   * before it unless it is async; that is waited for.
   * @param svcMeth service and method, such as `"Raft.requestVote"`: split at its last dot
   * @param asker told the reply; or an `UnknownMethodError`, if there is no such service or method, a `HandlerError`, if
   *   the handler throws or its reply cannot be encoded, or a `DecodeError`, if `args` are not labgob's bytes
   * @param rpcId the request's number, for the meter alone
   */
  dispatch(svcMeth: string, args: Uint8Array, asker: Asker<Uint8Array>, rpcId = 0): void {
    let reply: Uint8Array;
    try {
      const route = this.#routes.get(svcMeth) ?? this.#find(svcMeth);
      const decoded = this.#codec.decode<unknown>(args);
      const handling = this.#begin(route.calledAs, rpcId);
      const returned = run(route, decoded);
      if (isThenable(returned)) {
        this.#endLater(handling, returned).then(asker.resolve, asker.reject);
        return;
      }
      reply = this.#end(handling, returned);
    } catch (error) {
      asker.reject(error);
      return;
    }
    asker.resolve(reply);
  }

  #begin(calledAs: string, rpcId: number): Handling {
    const meter = this.#meter?.isOn ? this.#meter : undefined;
    return { calledAs, rpcId, meter, startedAt: meter?.now() ?? 0 };
  }

  async #endLater(handling: Handling, promised: PromiseLike<unknown>): Promise<Uint8Array> {
    const promisedAt = handling.meter?.now();
    let reply: unknown;
    try {
      reply = await promised;
    } catch (cause) {
      throw thrown(handling.calledAs, cause);
    }
    return this.#end(handling, reply, promisedAt);
  }

  #end({ calledAs, rpcId, meter, startedAt }: Handling, reply: unknown, promisedAt?: number): Uint8Array {
    meter?.handled(rpcId, calledAs, startedAt, promisedAt);
    return encodeReply(calledAs, reply, this.#codec);
  }

  #find(svcMeth: string): Route {
    const dot = svcMeth.lastIndexOf(".");
    if (dot < 0) {
      throw new UnknownMethodError(
        `An RPC names a service and a method, such as "Raft.requestVote"; got "${svcMeth}".`,
      );
    }
    const serviceName = svcMeth.slice(0, dot);
    const service = this.#services.get(serviceName);
    if (!service) {
      throw new UnknownMethodError(
        `No service "${serviceName}" to run "${svcMeth}"; known services: ${listed([...this.#services.keys()])}.`,
      );
    }
    const methodName = svcMeth.slice(dot + 1);
    const method = service.resolve(methodName);
    if (method === undefined) {
      throw new UnknownMethodError(
        `Service "${serviceName}" has no method "${methodName}"; known methods: ${listed(service.methods)}.`,
      );
    }
    const route: Route = { service, method, calledAs: `${serviceName}.${method}` };
    this.#routes.set(svcMeth, route);
    return route;
  }
}

function run({ service, method, calledAs }: Route, args: unknown): unknown {
  try {
    return service.run(method, args);
  } catch (cause) {
    throw thrown(calledAs, cause);
  }
}

function thrown(calledAs: string, cause: unknown): HandlerError {
  return new HandlerError(`${calledAs} threw: ${textOfThrown(cause)}`, { cause });
}

function encodeReply(calledAs: string, reply: unknown, codec: Codec): Uint8Array {
  if (reply === undefined) {
    // The caller could not tell it from a lost call.
    throw new HandlerError(`${calledAs} returned undefined; a handler must return its reply.`);
  }
  try {
    return codec.encode(reply, "reply");
  } catch (cause) {
    if (!(cause instanceof EncodeError)) throw cause;
    throw new HandlerError(`${calledAs} returned what cannot be sent: ${cause.message}`, { cause });
  }
}

function handlersOf(receiver: object, exclude: readonly string[]): Map<string, Handler> {
  const handlers = new Map<string, Handler>();
  const skipped = new Set(["constructor", ...exclude]);
  let holder: object | null = receiver;
  while (holder && holder !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      // A subclass's method hides that of its parent, so the first one met counts; getters are not run.
      if (skipped.has(name)) continue;
      skipped.add(name);
      if (typeof value === "function") handlers.set(name, value);
    }
    holder = Object.getPrototypeOf(holder);
  }
  return handlers;
}

function withOtherCase(method: string): string {
  const first = method.charAt(0);
  const lower = first.toLowerCase();
  return (first === lower ? first.toUpperCase() : lower) + method.slice(1);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function listed(names: readonly string[]): string {
  return names.length > 0 ? names.join(", ") : "none";
}
