/** Characters that are told of a text that was thrown, at most. */
const MAX_LENGTH = 10_000;

/** Taken at the start: in a peer's realm the global may be gone when it is needed. */
const AnyError = Error;

/** Later versions of V8 have a getter of their own there. */
const STACK_GETTER = Reflect.getOwnPropertyDescriptor(errorWithoutFrames(), "stack")?.get;

/** To look at a stack with frames has V8 find the line ends of this script: most of a millisecond, for each thread. */
function errorWithoutFrames(): Error {
  const { stackTraceLimit } = Error;
  Reflect.set(Error, "stackTraceLimit", 0); // no assignment: it may be frozen
  const error = new Error();
  Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  return error;
}

/**
 * What was thrown, in words: an error's name and message; or what else, and that it tells no more. Anything can
 * be thrown, and to read it may run code of whoever made it, which may throw in its turn.
 */
export function textOfThrown(thrown: unknown): string {
  try {
    if (!(thrown instanceof AnyError)) return `${shown(thrown)}, which is no Error and so has no stack`;
    if (hasGetter(thrown, "message")) return "an error whose message is a getter";
    const { name, message } = thrown;
    return shortened(message === "" ? `${name}` : `${name}: ${message}`);
  } catch {
    return "a value that cannot be shown";
  }
}

/** The stack of an error, or of the error that caused it; `undefined` where there is none that can be read. */
export function stackOfThrown(thrown: unknown): string | undefined {
  try {
    if (!(thrown instanceof AnyError)) return undefined;
    const cause = thrown.cause instanceof AnyError ? thrown.cause : thrown;
    if (hasGetter(cause, "stack")) return undefined;
    const { stack } = cause;
    return typeof stack === "string" ? shortened(stack) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The error itself, where Node has wrapped it: an `EventEmitter` that nobody hears takes the error of another
 * realm for a mere value.
 */
export function unwrapped(thrown: unknown): unknown {
  try {
    const { code, context } = thrown as { readonly code?: unknown; readonly context?: unknown };
    return code === "ERR_UNHANDLED_ERROR" && context instanceof AnyError ? context : thrown;
  } catch {
    return thrown;
  }
}

/** `thrown instanceof kind`, also of a Proxy that tells nothing. */
export function isThrown<Thrown>(
  thrown: unknown,
  kind: abstract new (...args: never[]) => Thrown,
): thrown is Thrown {
  try {
    return thrown instanceof kind;
  } catch {
    return false;
  }
}

/** Whether an error's own property runs code when it is read: a thread that loops in there could not be ended. */
export function hasGetter(error: Error, property: "message" | "stack"): boolean {
  const { get } = Reflect.getOwnPropertyDescriptor(error, property) ?? {};
  return get !== undefined && get !== STACK_GETTER;
}

function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.substring(0, MAX_LENGTH)} ...`;
}

function shown(value: unknown): string {
  const isQuoted = typeof value === "object" || typeof value === "string";
  return shortened(isQuoted ? JSON.stringify(value) : String(value));
}
