import { DOMException } from "./dom-exception.js";

/** What an error may be after cloning: one of the built-in kinds, found by its name. */
const ERRORS = new Map<string, new (message: string, options: ErrorOptions) => Error>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((kind) => [
    kind.name,
    kind,
  ]),
);

/** Objects that are more than their properties. */
const UNCLONEABLE = new Set([
  "Promise",
  "WeakMap",
  "WeakSet",
  "WeakRef",
  "FinalizationRegistry",
  "Generator",
  "AsyncGenerator",
]);

/**
 * A `structuredClone` whose results are of this realm; those of Node's own would be of the main realm, and
 * `instanceof` nothing in here.
 * @param detach takes the contents of an ArrayBuffer away, for `transfer`
 * @returns throws a `DataCloneError` for functions, symbols and whatever else cannot be cloned
 */
export function structuredCloner(detach: (buffer: object) => void) {
  return (value: unknown, options?: { readonly transfer?: readonly object[] }): unknown => {
    const copy = clone(value, new Map());
    for (const buffer of options?.transfer ?? []) detach(buffer);
    return copy;
  };
}

/** What was cloned before, so that an object met twice, or within itself, is one object in the copy too. */
type Copies = Map<object, object>;

function clone(value: unknown, copies: Copies): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw cannotClone(value);
  if (typeof value !== "object" || value === null) return value;
  return copies.get(value) ?? cloneObject(value, copies);
}

function cloneObject(value: object, copies: Copies): object {
  const remember = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (ArrayBuffer.isView(value)) return remember(cloneView(value, copies));
  const kind = kindOf(value);
  switch (kind) {
    case "Map":
      return fillMap(remember(new Map()), value as Map<unknown, unknown>, copies);
    case "Set":
      return fillSet(remember(new Set()), value as Set<unknown>, copies);
    case "Date":
      return remember(new Date(Number(value)));
    case "RegExp":
      return remember(new RegExp((value as RegExp).source, (value as RegExp).flags));
    case "ArrayBuffer":
      return remember(copyOfBuffer(value as ArrayBuffer));
    case "SharedArrayBuffer":
      return value; // shared is what it is for
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
      return remember(Object(value.valueOf()) as object);
    case "Error":
      return fillError(remember(emptyError(value as Error)), value as Error, copies);
    case "Array":
      return fill(remember(new Array((value as unknown[]).length)), value, copies);
    default:
      if (UNCLONEABLE.has(kind)) throw cannotClone(value);
      return fill(remember({}), value, copies);
  }
}

/** `Map`, `Date`, `Array` ... whatever realm made it. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function fill(copy: object, value: object, copies: Copies): object {
  for (const [name, member] of Object.entries(value)) Reflect.set(copy, name, clone(member, copies));
  return copy;
}

function fillMap(copy: Map<unknown, unknown>, value: Map<unknown, unknown>, copies: Copies): object {
  for (const [key, member] of [...value]) copy.set(clone(key, copies), clone(member, copies));
  return copy;
}

function fillSet(copy: Set<unknown>, value: Set<unknown>, copies: Copies): object {
  for (const member of [...value]) copy.add(clone(member, copies));
  return copy;
}

function emptyError({ name, message }: Error): Error {
  const Kind = ERRORS.get(name) ?? Error;
  return Reflect.construct(Kind, [String(message)]) as Error;
}

function fillError(copy: Error, value: Error, copies: Copies): Error {
  Object.defineProperty(copy, "stack", { configurable: true, writable: true, value: String(value.stack) });
  if ("cause" in value) {
    const cause = clone(value.cause, copies);
    Object.defineProperty(copy, "cause", { configurable: true, writable: true, value: cause });
  }
  return copy;
}

function cloneView(view: ArrayBufferView, copies: Copies): ArrayBufferView {
  const buffer = clone(view.buffer, copies);
  const View = Reflect.get(globalThis, kindOf(view)) as new (...args: unknown[]) => ArrayBufferView;
  const length = (view as { length?: number }).length ?? view.byteLength; // a DataView counts in bytes
  return new View(buffer, view.byteOffset, length);
}

function copyOfBuffer(buffer: ArrayBuffer): ArrayBuffer {
  const copy = new ArrayBuffer(buffer.byteLength);
  new Uint8Array(copy).set(new Uint8Array(buffer));
  return copy;
}

function cannotClone(value: unknown): DOMException {
  const shown = typeof value === "object" ? `#<${kindOf(value as object)}>` : String(value);
  return new DOMException(`${shown} could not be cloned.`, "DataCloneError");
}
