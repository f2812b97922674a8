import type { HostServices } from "../host-services.js";
import type { Refusals } from "./forbidden.js";
import { whyRefused } from "./node-modules.js";
import type { VirtualTimers } from "./virtual-timers.js";

type Hooks = typeof import("node:async_hooks");

/**
 * The asynchronous contexts of one peer, by which `AsyncLocalStorage` knows its store. Whoever gives it a turn has a
 * context as well, which in `sim` is that of the turn before: so what comes from outside, a message, begins in a new
 * one. A peer that does not ask for `node:async_hooks` pays nothing for it.
 */
export class AsyncContexts {
  readonly #hooks: Hooks;
  readonly #timers: VirtualTimers;
  readonly #refusals: Refusals;
  /** Storages keep their thread from forgetting them, and all that they hold. */
  readonly #storages: { disable(): void }[] = [];
  /** Makes a context that knows no store; once the module is loaded. */
  #root: { runInAsyncScope<Result>(act: () => Result): Result } | undefined;

  constructor(host: HostServices, timers: VirtualTimers, refusals: Refusals) {
    this.#hooks = host.builtinModule("async_hooks") as Hooks;
    this.#timers = timers;
    this.#refusals = refusals;
  }

  /** Loads the peer: what it stores then for good, by `enterWith`, does not stay with who loads it. */
  boot(load: () => void): void {
    new this.#hooks.AsyncResource("boot").runInAsyncScope(load);
  }

  /** In a context in which nothing of this peer is stored. */
  run(act: () => void): void {
    const { AsyncResource } = this.#hooks;
    if (this.#root) this.#root.runInAsyncScope(() => new AsyncResource("turn")).runInAsyncScope(act);
    else act();
  }

  /** `AsyncLocalStorage` and `AsyncResource`. Timers carry the context of whoever sets them from now on. */
  classes(): object {
    const { AsyncLocalStorage, AsyncResource } = this.#hooks;
    const storages = this.#storages;
    this.#root = new AsyncResource("peer");
    this.#timers.bindCallbacks((callback) => AsyncResource.bind(callback as () => unknown));
    class OwnStorage extends AsyncLocalStorage<unknown> {
      constructor(...args: unknown[]) {
        super(...(args as []));
        storages.push(this);
      }
    }
    Object.defineProperty(OwnStorage, "name", { value: "AsyncLocalStorage" });
    return { AsyncLocalStorage: OwnStorage, AsyncResource: withoutIds(AsyncResource, this.#refusals) };
  }

  /** The peer is gone. */
  close(): void {
    // By index: a peer may have ruined the iterator of arrays.
    for (let index = 0; index < this.#storages.length; index += 1) this.#storages[index]?.disable();
  }
}

/** Node numbers resources in the order of the whole thread, which is not the peer's own. */
function withoutIds(
  HostResource: typeof import("node:async_hooks").AsyncResource,
  refusals: Refusals,
): typeof HostResource {
  return class AsyncResource extends HostResource {
    override asyncId(): never {
      return refusals.refuse("AsyncResource.asyncId", whyRefused("async_hooks"));
    }

    override triggerAsyncId(): never {
      return refusals.refuse("AsyncResource.triggerAsyncId", whyRefused("async_hooks"));
    }
  };
}
