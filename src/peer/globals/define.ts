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
