/** The value holds something that would not survive the trip. Nothing was encoded. */
export class EncodeError extends Error {
  override readonly name = "EncodeError";
}

/** The bytes are not what `encode` or a `LabEncoder` made, or there are no more of them. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** The mistakes of one peer. */
export interface Tally {
  errors: number;
}

let tally: Tally = { errors: 0 };

/** How many mistakes labgob has found in what this peer does so far: refusals and stale targets (lab-spec 4.1). */
export function errorCount(): number {
  return tally.errors;
}

/** Counts in `next` from now on: it is another peer's turn in this realm. */
export function countErrorsIn(next: Tally): void {
  tally = next;
}

/** Adds 1 to `errorCount`. */
export function countError(): void {
  tally.errors += 1;
}

/** The counted error for a value at `path`, such as `args.entries[3].command`, that cannot be sent. */
export function refusal(path: string, reason: string, cause?: unknown): EncodeError {
  countError();
  return new EncodeError(`${path}: ${reason}`, cause === undefined ? undefined : { cause });
}
