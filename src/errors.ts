/** Wrong usage: the message says what was given, what is wanted and what to do. The command exits with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
