/** One of a realm's objects, as it was. */
interface Print {
  readonly object: object;
  readonly prototype: object | null;
  readonly isExtensible: boolean;
  readonly keys: readonly (string | symbol)[];
  readonly properties: readonly Property[];
}

interface Property {
  readonly key: PropertyKey;
  readonly before: PropertyDescriptor;
}

/** A function that had nothing but its name and its length, as it was. */
interface FunctionPrint {
  readonly callee: (...args: never[]) => unknown;
  readonly prototype: object | null;
  readonly name: string;
  readonly length: number;
}

/**
 * What objects of a realm were like at one moment, to tell whether they still are. All that a program can leave in
 * them is a property, a prototype or a lock, and those are looked at: after each run, so it is done in plain loops,
 * which take some 0.3 ms for all that can be reached.
 */
export class Imprint {
  readonly #prints: readonly Print[];
  /** Two objects in three are functions that need no closer look than this. */
  readonly #functions: readonly FunctionPrint[];
  readonly #roots: readonly object[];

  /** @param roots all that can be reached from these counts, but for what a getter would make; the global first */
  constructor(roots: readonly object[]) {
    this.#roots = roots;
    const prints = printsFrom(roots);
    this.#functions = prints.filter(isOfMereFunction).map(({ object }) => functionPrintOf(object));
    this.#prints = prints.filter((print) => !isOfMereFunction(print)).map(withoutTheFixed);
  }

  /**
   * What is not as it was, such as `Array.prototype.last`: the first of it in the order in which it can be reached.
   * @returns `undefined` if nothing is
   */
  change(): string | undefined {
    const print = this.#prints.find((one) => !isUntouched(one));
    if (print) return this.#named(print.object, changedKey(print));
    const changed = this.#functions.find((one) => !isAsItWas(one));
    return changed && this.#named(changed.callee, Reflect.ownKeys(changed.callee).find(isNoneOfFunctions));
  }

  /** The way to `target` from the global, or else from another root, as a program would write it. */
  #named(target: object, key?: PropertyKey): string {
    const known = new Set<unknown>([
      ...this.#prints.map(({ object }) => object),
      ...this.#functions.map(({ callee }) => callee),
    ]);
    const names = new Map<object, string>();
    for (const [i, root] of this.#roots.entries()) {
      if (!names.has(root)) names.set(root, i === 0 ? "globalThis" : nameOfRoot(root));
      // A map that is walked gives what is added meanwhile as well.
      for (const [object, name] of names) {
        if (object === target) return key === undefined ? name : member(name, key);
        for (const step of Reflect.ownKeys(object)) {
          const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, step) as PropertyDescriptor;
          for (const next of [value, get, set]) {
            if (known.has(next) && !names.has(next)) names.set(next, member(name, step));
          }
        }
      }
    }
    return key === undefined ? "a built-in object" : `${String(key)} of a built-in object`;
  }
}

/** Whether it is an object of a realm, and none of this one's, such as the classes that Node gives to all realms. */
function isOfRealm(value: unknown): value is object {
  const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
  return isObject && !(value instanceof Object);
}

/** Of all that can be reached, the roots first. */
function printsFrom(roots: readonly object[]): readonly Print[] {
  const prints: Print[] = [];
  const found = new Set(roots);
  const add = (value: unknown): void => {
    if (isOfRealm(value)) found.add(value);
  };
  // A set that is walked gives what is added meanwhile as well.
  for (const object of found) {
    const print = printOf(object);
    prints.push(print);
    add(print.prototype);
    for (const { before } of print.properties) {
      add(before.value);
      add(before.get);
      add(before.set);
    }
  }
  return prints;
}

function isOfMereFunction(print: Print): print is Print & { readonly object: FunctionPrint["callee"] } {
  const { object, isExtensible, keys } = print;
  return (
    typeof object === "function" &&
    isExtensible &&
    keys.length === 2 &&
    keys.every((key) => key === "name" || key === "length")
  );
}

function functionPrintOf(callee: FunctionPrint["callee"]): FunctionPrint {
  return {
    callee,
    prototype: Reflect.getPrototypeOf(callee),
    name: callee.name,
    length: callee.length,
  };
}

function isAsItWas({ callee, prototype, name, length }: FunctionPrint): boolean {
  return (
    Reflect.ownKeys(callee).length === 2 &&
    callee.name === name &&
    callee.length === length &&
    Reflect.getPrototypeOf(callee) === prototype &&
    Reflect.isExtensible(callee)
  );
}

function printOf(object: object): Print {
  const keys = Reflect.ownKeys(object);
  return {
    object,
    prototype: Reflect.getPrototypeOf(object),
    isExtensible: Reflect.isExtensible(object),
    keys,
    properties: keys.map((key) => ({
      key,
      before: Reflect.getOwnPropertyDescriptor(object, key) as PropertyDescriptor,
    })),
  };
}

/** Leaves out the properties that nobody can change. To read `caller` of a function alone takes a microsecond. */
function withoutTheFixed(print: Print): Print {
  const canChange = ({ before }: Property): boolean =>
    before.configurable === true || before.writable === true;
  return { ...print, properties: print.properties.filter(canChange) };
}

function isUntouched({ object, prototype, isExtensible, keys, properties }: Print): boolean {
  if (Reflect.getPrototypeOf(object) !== prototype || Reflect.isExtensible(object) !== isExtensible)
    return false;
  if (!hasKeys(object, keys)) return false;
  for (const { key, before } of properties) {
    if (!isSame(before, Reflect.getOwnPropertyDescriptor(object, key))) return false;
  }
  return true;
}

function isNoneOfFunctions(key: PropertyKey): boolean {
  return key !== "name" && key !== "length";
}

/** The first property that is not as it was; `undefined` if it is the object itself that is locked, or has another prototype. */
function changedKey({ object, prototype, isExtensible, keys, properties }: Print): PropertyKey | undefined {
  const isSelf =
    Reflect.getPrototypeOf(object) !== prototype || Reflect.isExtensible(object) !== isExtensible;
  if (isSelf) return undefined;
  const now = Reflect.ownKeys(object);
  return (
    now.find((key) => !keys.includes(key)) ??
    keys.find((key) => !now.includes(key)) ??
    properties.find(({ key, before }) => !isSame(before, Reflect.getOwnPropertyDescriptor(object, key)))?.key
  );
}

/** A root other than the global: a class or a module of ours or Node's, or an object that has no name. */
function nameOfRoot(root: object): string {
  const name: unknown = Reflect.getOwnPropertyDescriptor(root, "name")?.value;
  return typeof name === "string" && name !== "" ? name : "a built-in object";
}

/** `Array.prototype`, `Promise[Symbol.species]`; what is global needs no more than its name. */
function member(owner: string, key: PropertyKey): string {
  if (typeof key === "symbol") return `${owner}[${key.description}]`;
  return owner === "globalThis" ? String(key) : `${owner}.${String(key)}`;
}

/** Whether it has these keys and no others, in their order. */
function hasKeys(object: object, keys: readonly (string | symbol)[]): boolean {
  const now = Reflect.ownKeys(object);
  if (now.length !== keys.length) return false;
  for (let i = 0; i < keys.length; i += 1) if (now[i] !== keys[i]) return false;
  return true;
}

function isSame(before: PropertyDescriptor, now: PropertyDescriptor | undefined): boolean {
  return (
    now !== undefined &&
    Object.is(before.value, now.value) &&
    before.get === now.get &&
    before.set === now.set &&
    before.writable === now.writable &&
    before.enumerable === now.enumerable &&
    before.configurable === now.configurable
  );
}
