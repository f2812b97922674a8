/** The value holds something that would not survive the trip. Nothing was encoded. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}

/** The bytes are not what `encode` or a `LabEncoder` made, or there are no more of them. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

let errors = 0;

/** How many mistakes labgob has found in this realm so far: refusals and stale targets (lab-spec 4.1). */
export function errorCount(): number {
  return errors;
}

/** Counts from 0 again, for another peer in this realm. */
export function forgetErrors(): void {
  errors = 0;
}

/** Adds 1 to `errorCount`. */
export function countError(): void {
  errors += 1;
}

/** The counted error for a value at `path`, such as `args.entries[3].command`, that cannot be sent. */
export function refusal(path: string, reason: string, cause?: unknown): EncodeError {
  countError();
  return new EncodeError(`${path}: ${reason}`, cause === undefined ? undefined : { cause });
}
