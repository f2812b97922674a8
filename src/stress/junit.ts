import { XMLBuilder } from "fast-xml-parser";
import type { CaseTally, FailureGroup, Tally } from "./tally.js";

/**
 * The tally as JUnit XML, for the test reports of a CI: a suite per part, a test per case, a failure per
 * kind of failure.
 */
export function junitXml(tally: Tally): string {
  const parts = [...new Set(tally.cases.map(({ part }) => part))];
  const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true });
  const testsuite = parts.map((part) => suite(part, tally));
  const totals = { "@_name": "whitewater", "@_tests": tally.cases.length, "@_failures": tally.groups.length };
  return builder.build({
    "?xml": { "@_version": "1.0", "@_encoding": "UTF-8" },
    testsuites: { ...totals, testsuite },
  });
}

function suite(part: string, tally: Tally): object {
  const cases = tally.cases.filter((one) => one.part === part);
  const testcase = cases.map((one) => testCase(one, groupsOf(one, tally)));
  const failures = cases.reduce((sum, one) => sum + groupsOf(one, tally).length, 0);
  const seconds = cases.reduce((sum, one) => sum + one.wallMs, 0) / 1000;
  return {
    "@_name": part,
    "@_tests": cases.length,
    "@_failures": failures,
    "@_time": seconds.toFixed(3),
    testcase,
  };
}

function testCase({ name, part, runs, failed, wallMs }: CaseTally, groups: readonly FailureGroup[]): object {
  const failure = groups.map(({ signature, count, example }) => ({
    "@_message": `${count} of ${runs} runs: ${legible(signature)}`,
    "@_type": example.error?.kind ?? "failure",
    "#text": legible(
      [`seed ${example.seed}: ${example.error?.message ?? ""}`, ...(example.error?.details ?? [])].join("\n"),
    ),
  }));
  return {
    "@_name": name,
    "@_classname": `whitewater.${part}`,
    "@_time": (wallMs / 1000).toFixed(3),
    ...(failure.length > 0 ? { failure } : {}),
    "system-out": `${runs} runs, ${failed} failed`,
  };
}

function groupsOf({ name }: CaseTally, { groups }: Tally): readonly FailureGroup[] {
  return groups.filter(({ example }) => example.name === name);
}

/** XML 1.0 has no place for most control characters, however they are written. */
function legible(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, "�");
}
