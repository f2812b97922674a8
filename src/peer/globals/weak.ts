/**
 * A `WeakRef` that holds on: whether the garbage collector has been round must not change a history. What
 * it holds ends with the peer's realm.
 */
export class StrongRef<Target extends WeakKey> {
  readonly #target: Target;

  constructor(target: Target) {
    if (!isObject(target)) throw new TypeError("WeakRef: target must be an object");
    this.#target = target;
  }

  deref(): Target {
    return this.#target;
  }

  get [Symbol.toStringTag](): string {
    return "WeakRef";
  }
}

/** A `FinalizationRegistry` that never calls back, which its contract allows. */
export class SilentRegistry {
  readonly #tokens = new WeakSet<WeakKey>();

  constructor(cleanUp: (held: unknown) => void) {
    if (typeof cleanUp !== "function") {
      throw new TypeError("FinalizationRegistry: cleanup must be callable");
    }
  }

  register(target: WeakKey, _held: unknown, token?: WeakKey): void {
    if (!isObject(target)) throw new TypeError("FinalizationRegistry.prototype.register: invalid target");
    if (token !== undefined) this.#tokens.add(token);
  }

  /** @returns whether something was registered under `token` */
  unregister(token: WeakKey): boolean {
    return this.#tokens.delete(token);
  }

  get [Symbol.toStringTag](): string {
    return "FinalizationRegistry";
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
