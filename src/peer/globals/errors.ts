/** What the realm's globals tell of: where an error that nobody caught arose. */
export type ErrorPlace = "timer" | "microtask" | "exit" | "forbidden";

export type ReportError = (error: unknown, where: ErrorPlace) => void;

/** Calls `callback`; what it throws is told to `report` and ends no thread. */
export function guarded(
  report: ReportError,
  where: ErrorPlace,
  callback: (...args: never[]) => unknown,
  args: readonly unknown[] = [],
  self: unknown = undefined,
): void {
  try {
    Reflect.apply(callback, self, args);
  } catch (error) {
    report(error, where);
  }
}

/** @throws {TypeError} with Node's code and words, if `callback` is no function */
export function checkCallback(callback: unknown): void {
  if (typeof callback === "function") return;
  throw argumentError("callback", "of type function", callback);
}

/** Node's error for a wrong argument, such as `setTimeout("later")`. */
export function argumentError(name: string, wanted: string, got: unknown): TypeError {
  const error = new TypeError(`The "${name}" argument must be ${wanted}. Received ${received(got)}`);
  return Object.assign(error, { code: "ERR_INVALID_ARG_TYPE" });
}

function received(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return "an object";
  if (typeof value === "function") return `function ${value.name}`;
  return `type ${typeof value} (${typeof value === "string" ? JSON.stringify(value) : String(value)})`;
}
