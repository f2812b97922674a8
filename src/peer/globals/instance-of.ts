import { define } from "./define.js";

/**
 * Classes of which Node's functions hand out instances of the main realm: their errors, `Buffer`s and
 * promises.
 */
const ADMITTED = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "Uint8Array",
  "ArrayBuffer",
  "Promise",
];

/**
 * Makes `instanceof` of this realm's built-in classes true for the main realm's instances as well: so
 * `error instanceof TypeError` holds for what `new URL("?")` throws, and `Buffer`s are `Uint8Array`s.
 */
export function admitHostInstances(realm: object, host: object): void {
  const comesFrom = Object.prototype.isPrototypeOf;
  for (const name of ADMITTED) {
    const RealmClass = Reflect.get(realm, name) as { prototype: object };
    const HostClass = Reflect.get(host, name) as { prototype: object };
    // Classes of the author's that extend this one inherit the function, but are themselves alone.
    define(RealmClass, Symbol.hasInstance, function (this: { prototype: object }, value: unknown): boolean {
      return (
        comesFrom.call(this.prototype, value as object) ||
        (this === RealmClass && comesFrom.call(HostClass.prototype, value as object))
      );
    });
  }
}
