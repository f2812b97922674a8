import type { RunResult } from "../harness/case.js";

/** What is longer says no more of the kind of a failure. */
const MAX_LENGTH = 120;

/** What makes two failures the same for one who counts them: what happened and, in real time, what it means. */
export function signatureOf(result: RunResult): string {
  const verdict = result.error?.verdict;
  return verdict ? `${happeningOf(result)}, ${verdict.class}` : happeningOf(result);
}

/**
 * What happened: the rule or the kind of error, the case, and the shape of the message, which is its first
 * sentence without the numbers and the values.
 */
function happeningOf({ name, error }: RunResult): string {
  if (!error) return "";
  const { kind, message, rule } = error;
  return rule === undefined ? `${kind} in ${name}: ${shapeOf(message)}` : `safety in ${name}: ${rule}`;
}

/** Whether two failures of a case are alike, be it in different modes: which see different symptoms of one cause. */
export function isSameHappening({ error: one }: RunResult, { error: other }: RunResult): boolean {
  if (!one || !other) return one === other;
  const haveSameRule = one.rule !== undefined && one.rule === other.rule;
  return haveSameRule || shapeOf(one.message) === shapeOf(other.message);
}

function shapeOf(message: string): string {
  const [firstLine = ""] = message.split("\n");
  const shape = firstLine
    .replace(/"(?:[^"\\]|\\.)*"/g, '"…"')
    .replace(/\d+(?:\.\d+)?/g, "#")
    .replace(/#(?:, #)+/g, "#, …");
  const [sentence = ""] = shape.split(/[.?!] (?=[A-Z])/); // what follows is advice
  return sentence.length > MAX_LENGTH ? `${sentence.slice(0, MAX_LENGTH)}…` : sentence;
}
