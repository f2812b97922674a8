/** What files that Whitewater has written must hold, so that one that is damaged is told of where it is. */
import * as v from "valibot";
import { MAX_SEED } from "../runtime/random.js";
import { MODES } from "../runtime/runtime.js";
import { SCHEDULES } from "../runtime/schedule.js";

const text = v.string();
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(whole, v.minValue(1));
/** A measure, such as seconds. */
const amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const seed = v.pipe(whole, v.maxValue(MAX_SEED));

const runError = v.object({
  kind: text,
  message: text,
  rule: v.optional(text),
  breaks: v.optional(v.picklist(["safety", "budget"])),
  peer: v.optional(whole),
  atMs: amount,
  stack: v.optional(text),
  details: v.optional(v.array(text)),
  verdict: v.optional(
    v.object({ class: v.picklist(["safety", "liveness", "budget", "machine"]), evidence: v.array(text) }),
  ),
});

const failedRun = v.object({
  name: text,
  part: text,
  title: text,
  status: v.literal("failed"),
  seconds: amount,
  wallMs: amount,
  peers: positive,
  rpcs: whole,
  bytes: whole,
  commits: v.pipe(v.number(), v.safeInteger()),
  seed,
  history: v.optional(text),
  error: runError,
  warnings: v.optional(v.array(text)),
});

const manner = { mode: v.picklist(MODES), schedule: v.picklist(SCHEDULES), check: v.boolean() };

/** A file that was bundled, by its path and the hash of the bundle. */
const source = v.object({ path: text, hash: text });

/** `bundle.json`: a `Bundle`. */
export const bundleSchema = v.object({
  version: whole,
  name: text,
  seed,
  ...manner,
  raft: source,
  cases: v.optional(source),
  signature: text,
  result: failedRun,
  node: text,
  replay: text,
});

const shard = v.pipe(
  v.object({ index: positive, of: positive }),
  v.check(({ index, of }) => index <= of, "the shard is none of so many"),
);

const part = v.object({
  cases: v.array(text),
  plan: v.pipe(
    v.object({ first: seed, last: whole, shard }),
    v.check(({ first, last }) => first <= last, "the last seed comes before the first"),
  ),
  lastSeed: v.optional(seed),
  isInterrupted: v.boolean(),
});

const caseCounts = v.pipe(
  v.object({
    name: text,
    part: text,
    title: text,
    peers: positive,
    runs: whole,
    failed: whole,
    rpcs: whole,
    events: whole,
    wallMs: amount,
    durationMs: text,
    warnings: v.array(v.object({ text, runs: positive })),
  }),
  v.check(({ failed, runs }) => failed <= runs, "more runs have failed than there were"),
);

const group = v.object({
  signature: text,
  count: positive,
  example: failedRun,
  bundle: v.optional(text),
});

/** A file of results: `CampaignResults`. */
export const resultsSchema = v.pipe(
  v.object({
    version: whole,
    ...manner,
    raft: source,
    replayArgs: v.array(text),
    parts: v.pipe(v.array(part), v.minLength(1, "it is of no campaign")),
    wallMs: amount,
    cases: v.array(caseCounts),
    groups: v.array(group),
  }),
  v.check(
    ({ cases, groups }) => sum(cases.map(({ failed }) => failed)) === sum(groups.map(({ count }) => count)),
    "its groups have more or fewer failures than its cases",
  ),
);

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/**
 * Checks that `value` is as the schema has it.
 * @throws {Error} naming the first place that is not, such as `parts.0.plan.first`, and what is there
 */
export function checkShape(schema: v.GenericSchema, value: unknown): void {
  const { issues } = v.safeParse(schema, value, { abortEarly: true });
  const [issue] = issues ?? [];
  if (!issue) return;
  const place = v.getDotPath(issue);
  throw new Error(place === null ? issue.message : `${place}: ${issue.message}`);
}
