/**
 * Adds properties to `target`, each made when it is first read: most peers use few of their globals, and a
 * realm is made at every restart. They can be overwritten, as in Node.
 */
export function defineLazily(target: object, makers: Readonly<Record<string, () => unknown>>): void {
  const properties: PropertyDescriptorMap = {};
  for (const name of Object.keys(makers)) {
    const make = makers[name] as () => unknown;
    properties[name] = {
      configurable: true,
      get: () => {
        const value = make();
        define(target, name, value);
        return value;
      },
      set: (value: unknown) => define(target, name, value),
    };
  }
  Object.defineProperties(target, properties);
}

/** Adds properties to `target` that hold what a getter gives at the time, and that cannot be overwritten. */
export function defineGetters(target: object, getters: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(getters)) {
    Object.defineProperty(target, name, { configurable: true, get });
  }
}

/** Sets one property of `target`, whatever was there: not enumerable, as built-ins are. */
export function define(target: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(target, name, { configurable: true, enumerable: false, writable: true, value });
}

/**
 * Replaces a writable property, or adds one as an assignment does. Cheaper than `define`: a built-in keeps
 * its attributes, and a realm has some sixty of them replaced at each restart.
 */
export function assign(target: object, name: string, value: unknown): void {
  (target as Record<string, unknown>)[name] = value;
}

/** `base` with `own` put over it, getters of `base` left unread. Changes `base`. */
export function overlay(base: object, own: object): object {
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(base, name, { configurable: true, enumerable: true, writable: true, value });
  }
  return base;
}

/** The properties `names` of `source`, those that it has. */
export function pick(source: object, names: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const name of names) if (name in source) picked[name] = Reflect.get(source, name);
  return picked;
}

/** A function that makes its value at the first call and gives the same one ever after. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
