import { assign, define } from "./define.js";
import { DEFAULT_LOCALE, DEFAULT_TIME_ZONE } from "./locale.js";

/** Parts of a date that have a local and a UTC getter. */
const PARTS = ["Date", "Day", "FullYear", "Hours", "Milliseconds", "Minutes", "Month", "Seconds"];

/**
 * Replaces `Date` of `realm`: it reads virtual time, and its local time is UTC, so that the time zone of a
 * machine changes no history.
 * @param nowMs what `Date.now()` reads, in whole milliseconds
 */
export function installDate(realm: { Date: DateConstructor }, nowMs: () => number): void {
  const RealDate = realm.Date;
  function VirtualDate(...args: unknown[]): unknown {
    if (!new.target) return new RealDate(nowMs()).toString();
    return Reflect.construct(RealDate, [millisecondsOf(RealDate, args, nowMs)], new.target);
  }
  define(VirtualDate, "name", "Date");
  define(VirtualDate, "length", 7);
  Object.defineProperty(VirtualDate, "prototype", { writable: false, value: RealDate.prototype });
  define(VirtualDate, "now", nowMs);
  define(VirtualDate, "UTC", RealDate.UTC);
  define(VirtualDate, "parse", (text: unknown) => parseAsUtc(RealDate, String(text)));
  assign(RealDate.prototype, "constructor", VirtualDate); // the real one cannot be reached any more
  makeLocalTimeUtc(RealDate.prototype);
  assign(realm, "Date", VirtualDate);
}

/** The argument that makes the real `Date` the date that `new Date(...args)` asks for. */
function millisecondsOf(RealDate: DateConstructor, args: unknown[], nowMs: () => number): unknown {
  if (args.length === 0) return nowMs();
  if (args.length > 1) return RealDate.UTC(...(args as Parameters<typeof Date.UTC>));
  return typeof args[0] === "string" ? parseAsUtc(RealDate, args[0]) : args[0];
}

const HAS_TIME = /\d:\d\d/;
const IS_ISO = /^[+-]?\d{4,6}-\d\d(?:-\d\d)?(?:T|$)/;
const HAS_ZONE = /(?:Z|UTC?|GMT|[ECMP][SD]T|\d:\d\d.*[+-]\d\d:?\d\d)\s*(?:\(.*\))?\s*$/i;

/** `Date.parse`, with a text that names no time zone read as UTC instead of local time. */
function parseAsUtc(RealDate: DateConstructor, text: string): number {
  if (Number.isNaN(RealDate.parse(text)) || HAS_ZONE.test(text)) return RealDate.parse(text);
  if (!IS_ISO.test(text)) return RealDate.parse(`${text} UTC`);
  return RealDate.parse(HAS_TIME.test(text) ? `${text}Z` : text); // a bare ISO date is UTC by the standard
}

function makeLocalTimeUtc(prototype: Date): void {
  for (const part of PARTS) {
    assign(prototype, `get${part}`, Reflect.get(prototype, `getUTC${part}`));
    if (part !== "Day") assign(prototype, `set${part}`, Reflect.get(prototype, `setUTC${part}`));
  }
  const methods = {
    getTimezoneOffset(this: Date) {
      return Number.isNaN(this.getTime()) ? Number.NaN : 0;
    },
    toString(this: Date) {
      return isInvalid(this) ? "Invalid Date" : `${this.toDateString()} ${this.toTimeString()}`;
    },
    toDateString(this: Date) {
      if (isInvalid(this)) return "Invalid Date";
      const [weekday, day, month, year] = this.toUTCString().replace(",", "").split(" ");
      return `${weekday} ${month} ${day} ${year}`;
    },
    toTimeString(this: Date) {
      if (isInvalid(this)) return "Invalid Date";
      return `${this.toISOString().slice(-13, -5)} GMT+0000 (Coordinated Universal Time)`;
    },
  };
  for (const [name, method] of Object.entries(methods)) assign(prototype, name, method);
  for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) {
    const original = Reflect.get(prototype, name) as Date["toLocaleString"];
    assign(prototype, name, function (this: Date, locales?: string, options?: Intl.DateTimeFormatOptions) {
      return original.call(this, locales ?? DEFAULT_LOCALE, { timeZone: DEFAULT_TIME_ZONE, ...options });
    });
  }
}

function isInvalid(date: Date): boolean {
  return Number.isNaN(date.getTime());
}
