/**
 * `text` with its control characters as escapes, such as `\u001b`; tabs and line ends stay. What a peer or a case
 * says must not steer the terminal that shows it.
 */
export function printable(text: string): string {
  return text.replace(
    /[^\P{Cc}\t\n]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
