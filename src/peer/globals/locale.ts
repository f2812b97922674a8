import { assign, define } from "./define.js";

/** Taken where the author names none, so that the settings of a machine change no history. */
export const DEFAULT_LOCALE = "en-US";
export const DEFAULT_TIME_ZONE = "UTC";

type Locales = string | readonly string[] | undefined;
type AnyFunction = (...args: unknown[]) => unknown;
type IntlClass = { prototype: object } & AnyFunction;

/**
 * Gives what depends on a locale a fixed one by default, and makes `Intl.DateTimeFormat` show virtual time
 * where it is given no date.
 */
export function installLocale(realm: typeof globalThis, nowMs: () => number): void {
  defaultLocaleAt(1, realm.String.prototype, "localeCompare");
  defaultLocaleAt(0, realm.String.prototype, "toLocaleLowerCase");
  defaultLocaleAt(0, realm.String.prototype, "toLocaleUpperCase");
  defaultLocaleAt(0, realm.Number.prototype, "toLocaleString");
  defaultLocaleAt(0, realm.BigInt.prototype, "toLocaleString");
  pinIntl(realm.Intl, nowMs);
}

function pinIntl(intl: typeof Intl, nowMs: () => number): void {
  for (const name of Object.getOwnPropertyNames(intl)) {
    const value: unknown = Reflect.get(intl, name);
    if (typeof value !== "function" || !("supportedLocalesOf" in value)) continue;
    const Original = value as unknown as IntlClass;
    const isDate = name === "DateTimeFormat";
    if (isDate) showVirtualTime(Original.prototype as Intl.DateTimeFormat, nowMs);
    define(intl, name, withDefaults(Original, isDate ? { timeZone: DEFAULT_TIME_ZONE } : {}));
  }
}

/** Wraps the method `name`: its argument at `index` is the default locale where it is left out. */
function defaultLocaleAt(index: 0 | 1, prototype: object, name: string): void {
  const original = Reflect.get(prototype, name) as AnyFunction;
  assign(prototype, name, function (this: unknown, ...args: unknown[]) {
    args[index] ??= DEFAULT_LOCALE;
    return original.apply(this, args);
  });
}

/** A class of `Intl` with the default locale, and `defaults` under its options. */
function withDefaults(Original: IntlClass, defaults: object): IntlClass {
  function Formatter(locales: Locales, options?: object): unknown {
    const args = [locales ?? DEFAULT_LOCALE, { ...defaults, ...options }];
    return Reflect.construct(Original, args, new.target ?? Original);
  }
  define(Formatter, "name", Original.name);
  define(Formatter, "supportedLocalesOf", Reflect.get(Original, "supportedLocalesOf"));
  Object.defineProperty(Formatter, "prototype", { writable: false, value: Original.prototype });
  define(Original.prototype, "constructor", Formatter);
  return Formatter as unknown as IntlClass;
}

/** Where no date is given, the real formatter would show the real one. */
function showVirtualTime(prototype: Intl.DateTimeFormat, nowMs: () => number): void {
  const { formatToParts } = prototype;
  const format = Object.getOwnPropertyDescriptor(prototype, "format")?.get as AnyFunction;
  Object.defineProperty(prototype, "format", {
    configurable: true,
    get(this: unknown) {
      const bound = format.call(this) as (date: unknown) => string;
      return (date?: unknown) => bound(date === undefined ? nowMs() : date);
    },
  });
  define(prototype, "formatToParts", function (this: Intl.DateTimeFormat, date?: number | Date) {
    return formatToParts.call(this, date === undefined ? nowMs() : date);
  });
}
