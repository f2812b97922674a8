/** The words of what our own code has caught: an error's message, or what else it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
