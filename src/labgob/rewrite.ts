/**
 * The close look at a value that does not travel as it stands. Either there is a way to carry it whole, and
 * a copy is made that does (built in this realm, with an `Escape` for each oddity); or there is none, and
 * the error says where and why.
 */
import { keyTravels, MAX_DEPTH, stringTravels } from "./checks.js";
import { refusal } from "./errors.js";
import { Escape } from "./escape.js";
import { classNameOf, kindOf, tagOf, viewTypes } from "./kinds.js";

/** Where the walk stands. */
interface Place {
  /** As the user would write it: `args.entries[3].command`. */
  readonly path: string;
  /** The objects around it, outermost first. */
  readonly around: readonly Surrounding[];
}

interface Surrounding {
  readonly object: object;
  readonly path: string;
}

/** The place one step further in: `.term`, `[3]`, `.get("a")`. */
type Inside = (step: string) => Place;

/**
 * A copy of `value` that msgpackr carries whole.
 * @param rootName begins the paths in errors
 * @throws {EncodeError} naming the first place that cannot be carried; counted
 */
export function rewritten(value: unknown, rootName: string): unknown {
  return rewrite(value, { path: rootName, around: [] });
}

function rewrite(value: unknown, place: Place): unknown {
  switch (typeof value) {
    case "number":
      return Object.is(value, -0) ? new Escape(["-0"]) : value;
    case "string":
      return stringTravels(value) ? value : escapedString(value);
    case "object":
      return value === null ? null : rewriteObject(value, place);
    case "function":
      throw refusal(place.path, "a function cannot be sent");
    case "symbol":
      throw refusal(place.path, "a symbol cannot be sent");
    default:
      return value;
  }
}

function rewriteObject(value: object, place: Place): unknown {
  const same = place.around.find(({ object }) => object === value);
  if (same !== undefined) {
    throw refusal(place.path, `a cycle cannot be sent; this is ${same.path} again`);
  }
  if (place.around.length >= MAX_DEPTH) {
    throw refusal(shortened(place.path), `objects nested more than ${MAX_DEPTH} deep cannot be sent`);
  }
  const around = [...place.around, { object: value, path: place.path }];
  const inside: Inside = (step) => ({ path: place.path + step, around });
  switch (kindOf(value)) {
    case "record":
      return rewriteRecord(value as Record<string, unknown>, inside);
    case "array":
      return rewriteArray(value as unknown[], inside);
    case "map":
      return rewriteMap(value as Map<unknown, unknown>, inside);
    case "set":
      return rewriteSet(value as Set<unknown>, inside);
    case "date":
      refuseProperties(value, inside);
      return new Date(Date.prototype.getTime.call(value));
    case "view":
      return copyOfView(value as ArrayBufferView, place);
    case "buffer":
      return new Uint8Array(new Uint8Array(value as ArrayBuffer)).buffer;
    case "other":
      throw refusal(place.path, reasonAgainst(value));
  }
}

function rewriteRecord(value: Record<string, unknown>, inside: Inside): unknown {
  const keys = Object.keys(value);
  refuseProperties(value, inside, keys);
  if (keys.includes("__proto__"))
    throw refusal(inside(".__proto__").path, "a key of this name cannot be sent");
  const contents = keys.map((key) => rewrite(value[key], inside(stepTo(key))));
  if (keys.every(keyTravels)) return Object.fromEntries(keys.map((key, i) => [key, contents[i]]));
  return new Escape(["object", keys.map((key) => (stringTravels(key) ? key : escapedString(key))), contents]);
}

function rewriteArray(value: readonly unknown[], inside: Inside): unknown {
  const places = [...value.keys()].filter((i) => i in value);
  refuseProperties(value, inside, [...places.map(String), "length"]);
  const elements = places.map((i) => rewrite(value[i], inside(`[${i}]`)));
  return places.length === value.length ? elements : new Escape(["array", value.length, places, elements]);
}

function rewriteMap(value: ReadonlyMap<unknown, unknown>, inside: Inside): unknown {
  refuseProperties(value, inside);
  const keys: unknown[] = [];
  const contents: unknown[] = [];
  for (const [key, content] of Map.prototype.entries.call(value)) {
    const step = `.get(${keyInWords(key, keys.length)})`;
    keys.push(rewrite(key, inside(`.keys()[${keys.length}]`)));
    contents.push(rewrite(content, inside(step)));
  }
  return new Escape(["map", keys, contents]);
}

function rewriteSet(value: ReadonlySet<unknown>, inside: Inside): unknown {
  refuseProperties(value, inside);
  const members: unknown[] = [];
  for (const member of Set.prototype.values.call(value)) {
    members.push(rewrite(member, inside(`.values()[${members.length}]`)));
  }
  return new Set(members);
}

/** Refuses what an object has beside `expected`: it would be left behind. */
function refuseProperties(value: object, inside: Inside, expected: readonly string[] = []): void {
  const known = new Set<string | symbol>(expected);
  const extra = Reflect.ownKeys(value).find((key) => !known.has(key));
  if (extra === undefined) return;
  if (typeof extra === "symbol") {
    throw refusal(inside(`[${String(extra)}]`).path, "a symbol as a key cannot be sent");
  }
  const reason = Object.prototype.propertyIsEnumerable.call(value, extra)
    ? `a property of ${tagOf(value)} beside its contents cannot be sent`
    : "a property that is not enumerable cannot be sent";
  throw refusal(inside(stepTo(extra)).path, reason);
}

/** The same bytes in this realm's type of the same name. A Buffer becomes a Uint8Array, as in a structured clone. */
function copyOfView(view: ArrayBufferView, place: Place): ArrayBufferView {
  const tag = tagOf(view);
  if (tagOf(view.buffer) === "SharedArrayBuffer") {
    throw refusal(place.path, `a ${tag} on shared memory cannot be sent; send a copy of its bytes`);
  }
  const type = viewTypes.find(({ name }) => name === tag);
  if (type === undefined) throw refusal(place.path, `a ${tag} cannot be sent`);
  const bytes = new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return new (type as Uint8ArrayConstructor)(bytes.buffer);
}

/** What to say of the built-in types that are refused. */
const reasonsByTag: ReadonlyMap<string, string> = new Map([
  ["Error", "an Error cannot be sent; send its message"],
  ["Promise", "a Promise cannot be sent; await it first"],
  ["RegExp", "a RegExp cannot be sent; send its source and flags"],
  ["SharedArrayBuffer", "a SharedArrayBuffer cannot be sent; send a copy of its bytes"],
  ["WeakMap", "a WeakMap cannot be sent"],
  ["WeakRef", "a WeakRef cannot be sent"],
  ["WeakSet", "a WeakSet cannot be sent"],
]);

function reasonAgainst(value: object): string {
  const known = reasonsByTag.get(tagOf(value));
  if (known !== undefined) return known;
  const name = classNameOf(value);
  const what =
    name === "" || name === "Object"
      ? "an object with a prototype of its own"
      : `an instance of class ${name}`;
  return `${what} cannot be sent; send its fields as a plain object`;
}

function escapedString(text: string): Escape {
  return new Escape(["string", Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))]);
}

function stepTo(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function keyInWords(key: unknown, position: number): string {
  switch (typeof key) {
    case "string":
      return JSON.stringify(key);
    case "bigint":
      return `${key}n`;
    case "object":
      return key === null ? "null" : `key ${position}`;
    default:
      return String(key);
  }
}

/** Enough of a long path to find both of its ends. */
function shortened(path: string): string {
  return path.length <= 100 ? path : `${path.slice(0, 60)}...${path.slice(-30)}`;
}
