/** A call that a mode with virtual time cannot give: what it does could not be replayed. */
export class ForbiddenError extends Error {
  override readonly name = "ForbiddenError";
}

/** Makes the stand-ins for what virtual time forbids: they can be named, passed on and extended, not used. */
export class Refusals {
  readonly #report: (error: ForbiddenError) => void;

  /** @param report hears every refusal, also one whose error the caller swallows */
  constructor(report: (error: ForbiddenError) => void) {
    this.#report = report;
  }

  /**
   * @param call what was called, as the author wrote it: `fs.readFileSync`
   * @param why the reason, as the middle of a sentence
   * @throws {ForbiddenError} always
   */
  refuse(call: string, why: string): never {
    const error = new ForbiddenError(
      `${call} is not available in sim and lockstep: ${why}; run with --mode threads`,
    );
    this.#report(error);
    throw error;
  }

  /** A function that refuses to be called, also with `new`. */
  callable(call: string, why: string): () => never {
    const refusals = this;
    // No arrow function: those cannot be called with `new`, nor extended.
    return function refused(): never {
      return refusals.refuse(call, why);
    };
  }

  /**
   * An object shaped like `original`, a module of Node: every function in it refuses, at any depth, and
   * plain values stay. So a package that only imports the module, or extends one of its classes, loads.
   */
  copyOf(original: object, path: string, why: string): object {
    const copy = typeof original === "function" ? this.callable(path, why) : {};
    for (const name of namesIn(original)) {
      Object.defineProperty(copy, name, {
        configurable: true,
        enumerable: true,
        // Read when asked for: some of Node's getters warn or load more, and some objects contain themselves.
        get: () => {
          const member = this.#memberOf(original, name, `${path}.${name}`, why);
          assignAnew(copy, name, member); // the same one ever after
          return member;
        },
        set: (value: unknown) => assignAnew(copy, name, value),
      });
    }
    return copy;
  }

  #memberOf(original: object, name: string, path: string, why: string): unknown {
    const value: unknown = Reflect.get(original, name);
    const isData = (typeof value !== "object" && typeof value !== "function") || value === null;
    if (isData) return value;
    return Array.isArray(value) ? [...value] : this.copyOf(value, path, why);
  }
}

function assignAnew(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, enumerable: true, writable: true, value });
}

/** What every function and object has, and is harmless. */
const COMMON_NAMES = new Set(["length", "name", "prototype", "arguments", "caller", "constructor"]);

/** Names of the properties of `value`, inherited ones included, so that the methods of instances count. */
function namesIn(value: object): Set<string> {
  const names = new Set<string>();
  let at: object | null = value;
  while (at !== null) {
    for (const name of Object.getOwnPropertyNames(at)) if (!COMMON_NAMES.has(name)) names.add(name);
    const parent: object | null = Object.getPrototypeOf(at);
    at = parent && isCommonPrototype(parent) ? null : parent;
  }
  return names;
}

/** `Object.prototype` or `Function.prototype`, of any realm. */
function isCommonPrototype(prototype: object): boolean {
  return Object.hasOwn(prototype, "isPrototypeOf") || Object.hasOwn(prototype, "bind");
}
