import { guarded, type ReportError } from "./errors.js";

type ChannelName = string | symbol;
type Listener = (message: unknown, name: ChannelName) => void;
type AnyFunction = (...args: unknown[]) => unknown;

/** An `AsyncLocalStorage`. */
interface Store {
  run(value: unknown, callback: () => unknown): unknown;
}

/** The steps of what is traced; each has a channel. */
const STEPS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;
type Step = (typeof STEPS)[number];

/** What a traced call tells, growing as it goes on. */
type Context = Record<string, unknown>;

/**
 * `node:diagnostics_channel` for one peer: what its packages tell each other. Node's own channels are shared by the
 * whole thread, so none of them is heard here.
 * @param report hears what a listener throws, which is not for the one who publishes
 */
export function diagnosticsChannels(report: ReportError): object {
  const channels = new Map<ChannelName, Channel>();
  const channel = (name: ChannelName): Channel => {
    const known = channels.get(name) ?? new Channel(name, report);
    channels.set(name, known);
    return known;
  };
  return {
    Channel,
    channel,
    hasSubscribers: (name: ChannelName) => channels.get(name)?.hasSubscribers ?? false,
    subscribe: (name: ChannelName, listener: Listener) => channel(name).subscribe(listener),
    unsubscribe: (name: ChannelName, listener: Listener) => channel(name).unsubscribe(listener),
    tracingChannel: (names: string | Record<Step, Channel>) =>
      new TracingChannel((step) =>
        typeof names === "string" ? channel(`tracing:${names}:${step}`) : names[step],
      ),
  };
}

class Channel {
  readonly name: ChannelName;
  readonly #report: ReportError;
  readonly #listeners: Listener[] = [];
  readonly #stores = new Map<Store, AnyFunction | undefined>();

  constructor(name: ChannelName, report: ReportError) {
    this.name = name;
    this.#report = report;
  }

  get hasSubscribers(): boolean {
    return this.#listeners.length > 0 || this.#stores.size > 0;
  }

  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** @returns whether it listened */
  unsubscribe(listener: Listener): boolean {
    const index = this.#listeners.indexOf(listener);
    if (index >= 0) this.#listeners.splice(index, 1);
    return index >= 0;
  }

  publish(message: unknown): void {
    for (const listener of [...this.#listeners]) {
      guarded(this.#report, "microtask", listener, [message, this.name]);
    }
  }

  bindStore(store: Store, transform?: AnyFunction): void {
    this.#stores.set(store, transform);
  }

  unbindStore(store: Store): boolean {
    return this.#stores.delete(store);
  }

  /** Publishes, and calls `callback` with what the stores that are bound make of the message. */
  runStores(message: unknown, callback: AnyFunction, self?: unknown, ...args: unknown[]): unknown {
    let run = (): unknown => {
      this.publish(message);
      return Reflect.apply(callback, self, args);
    };
    for (const [store, transform] of this.#stores) {
      const next = run;
      run = () => store.run(transform ? transform(message) : message, next);
    }
    return run();
  }
}

class TracingChannel {
  readonly start: Channel;
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;

  constructor(channelOf: (step: Step) => Channel) {
    this.start = channelOf("start");
    this.end = channelOf("end");
    this.asyncStart = channelOf("asyncStart");
    this.asyncEnd = channelOf("asyncEnd");
    this.error = channelOf("error");
  }

  get hasSubscribers(): boolean {
    return STEPS.some((step) => this[step].hasSubscribers);
  }

  subscribe(listeners: Partial<Record<Step, Listener>>): void {
    for (const step of STEPS) if (listeners[step]) this[step].subscribe(listeners[step]);
  }

  /** @returns whether all of them listened */
  unsubscribe(listeners: Partial<Record<Step, Listener>>): boolean {
    const had = STEPS.map((step) => !listeners[step] || this[step].unsubscribe(listeners[step]));
    return had.every(Boolean);
  }

  traceSync(callback: AnyFunction, context: Context = {}, self?: unknown, ...args: unknown[]): unknown {
    return this.start.runStores(context, () => {
      try {
        context.result = Reflect.apply(callback, self, args);
        return context.result;
      } catch (error) {
        this.#tellError(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  tracePromise(callback: AnyFunction, context: Context = {}, self?: unknown, ...args: unknown[]): unknown {
    const settled = (): void => {
      this.asyncStart.publish(context);
      this.asyncEnd.publish(context);
    };
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(Reflect.apply(callback, self, args)).then(
          (result) => {
            context.result = result;
            settled();
            return result;
          },
          (error: unknown) => {
            this.#tellError(context, error);
            settled();
            throw error;
          },
        );
      } catch (error) {
        this.#tellError(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  /** @param position where among `args` the callback stands; the last one if it is left out */
  traceCallback(
    callback: AnyFunction,
    position = -1,
    context: Context = {},
    self?: unknown,
    ...args: unknown[]
  ): unknown {
    const answer = args.at(position) as AnyFunction;
    const traced = (...answers: unknown[]): unknown => {
      const [error, result] = answers;
      if (error) this.#tellError(context, error);
      else context.result = result;
      return this.asyncStart.runStores(context, () => {
        try {
          return answer(...answers);
        } finally {
          this.asyncEnd.publish(context);
        }
      });
    };
    args.splice(position, 1, traced);
    return this.start.runStores(context, () => {
      try {
        return Reflect.apply(callback, self, args);
      } catch (error) {
        this.#tellError(context, error);
        throw error;
      } finally {
        this.end.publish(context);
      }
    });
  }

  #tellError(context: Context, error: unknown): void {
    context.error = error;
    this.error.publish(context);
  }
}
