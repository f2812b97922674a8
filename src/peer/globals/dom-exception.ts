/** The old numbers of some names, which the standard keeps. */
const CODES: Readonly<Record<string, number>> = {
  InvalidCharacterError: 5,
  InvalidStateError: 11,
  TypeMismatchError: 17,
  AbortError: 20,
  QuotaExceededError: 22,
  TimeoutError: 23,
  DataCloneError: 25,
};

/** The error of web interfaces: told apart by `name`. */
export class DOMException extends Error {
  override readonly name: string;

  constructor(message = "", nameOrOptions: string | (ErrorOptions & { name?: string }) = "Error") {
    const options = typeof nameOrOptions === "string" ? { name: nameOrOptions } : nameOrOptions;
    super(message, options);
    this.name = options.name ?? "Error";
  }

  get code(): number {
    return CODES[this.name] ?? 0;
  }
}
