import type { RunError, RunResult } from "../harness/case.js";

/**
 * What makes two failures the same for one who counts them: the rule or the kind of error, the case, and the
 * shape of the message, which is all of it but the numbers and the values.
 */
export function signatureOf({ name, error }: RunResult): string {
  if (!error) return "";
  const verdict = error.verdict ? `, ${error.verdict.class}` : "";
  return `${error.kind} in ${name}: ${shapeOf(error)}${verdict}`;
}

function shapeOf({ message, rule }: RunError): string {
  if (rule !== undefined) return rule;
  const [firstLine = ""] = message.split("\n");
  return firstLine
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/\d+(?:\.\d+)?/g, "#")
    .replace(/#(?:, #)+/g, "#, …");
}
