import { XMLBuilder } from "fast-xml-parser";
import { counted } from "../text/counted.js";
import type { CaseTally, FailureGroup, Tally } from "./tally.js";

/**
 * The tally as JUnit XML, for the test reports of a CI: a suite per part, a test per case, a failure per
 * kind of failure.
 */
export function junitXml(tally: Tally): string {
  const parts = [...new Set(tally.cases.map(({ part }) => part))];
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true });
  const testsuite = parts.map((part) => suite(part, tally));
  const failed = tally.cases.filter(hasFailed).length;
  const totals = { "@_name": "whitewater", "@_tests": tally.cases.length, "@_failures": failed };
  return builder.build({
    "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" },
    testsuites: { ...totals, testsuite },
  });
}

function suite(part: string, tally: Tally): object {
  const cases = tally.cases.filter((one) => one.part === part);
  const testcase = cases.map((one) => testCase(one, groupsOf(one, tally)));
  const seconds = cases.reduce((sum, one) => sum + one.wallMs, 0) / 1000;
  return {
    "@_name": legible(part),
    "@_tests": cases.length,
    "@_failures": cases.filter(hasFailed).length,
    "@_time": seconds.toFixed(3),
    testcase,
  };
}

function testCase(
  { name, part, runs, failed, wallMs, warnings }: CaseTally,
  groups: readonly FailureGroup[],
): object {
  const warned = [...warnings].map(([text, count]) => `warning, in ${counted(count, "run")}: ${text}`);
  const failure = groups.map(({ signature, count, example }) => ({
    "@_message": `${count} of ${counted(runs, "run")}: ${legible(signature)}`,
    "@_type": legible(example.error?.kind ?? "failure"),
    "#text": legible(
      [`seed ${example.seed}: ${example.error?.message ?? ""}`, ...(example.error?.details ?? [])].join("\n"),
    ),
  }));
  return {
    "@_name": legible(name),
    "@_classname": legible(`whitewater.${part}`),
    "@_time": (wallMs / 1000).toFixed(3),
    ...(failure.length > 0 ? { failure } : {}),
    "system-out": legible([`${counted(runs, "run")}, ${failed} failed`, ...warned].join("\n")),
  };
}

function hasFailed({ failed }: CaseTally): boolean {
  return failed > 0;
}

function groupsOf({ name }: CaseTally, { groups }: Tally): readonly FailureGroup[] {
  return groups.filter(({ example }) => example.name === name);
}

/** XML 1.0 has no place for most control characters and for halves of a character, however they are written. */
function legible(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
