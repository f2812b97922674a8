/** The realm's own, before what is below stands in for them. */
const { WeakMap: RealmWeakMap, WeakSet: RealmWeakSet } = globalThis;

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
  readonly #tokens = new RealmWeakSet<WeakKey>();

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

/**
 * A `WeakSet` that does not show what is in it: `util.inspect` with `showHidden` would tell what the collector has
 * left of it.
 */
export class SilentWeakSet<Item extends WeakKey> {
  readonly #items = new RealmWeakSet<Item>();

  constructor(items?: Iterable<Item> | null) {
    for (const item of items ?? []) this.#items.add(item);
  }

  add(item: Item): this {
    this.#items.add(item);
    return this;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  delete(item: Item): boolean {
    return this.#items.delete(item);
  }

  get [Symbol.toStringTag](): string {
    return "WeakSet";
  }
}

/** A `WeakMap` of the same kind. */
export class SilentWeakMap<Key extends WeakKey, Value> {
  readonly #entries = new RealmWeakMap<Key, Value>();

  constructor(entries?: Iterable<readonly [Key, Value]> | null) {
    for (const [key, value] of entries ?? []) this.#entries.set(key, value);
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  set(key: Key, value: Value): this {
    this.#entries.set(key, value);
    return this;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  delete(key: Key): boolean {
    return this.#entries.delete(key);
  }

  get [Symbol.toStringTag](): string {
    return "WeakMap";
  }
}

function isObject(value: unknown): boolean {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
