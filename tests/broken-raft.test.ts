import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { UsageError } from "../src/errors.js";
import type { RunResult } from "../src/harness/case.js";
import { failureBlock } from "../src/harness/report.js";
import { runCase } from "../src/harness/runner.js";
import { labCases } from "../src/lab/index.js";
import { BundleError } from "../src/peer/bundler.js";
import { loadProgram } from "../src/peer/program.js";
import { REFERENCE_RAFT } from "../src/peer/reference-raft.js";
import { PeerThreads, type ThreadsOptions } from "../src/runtime/threads.js";
import { BROKEN_RAFTS, brokenRaft } from "./helpers/broken-rafts.js";
import { liveThreads } from "./helpers/live-threads.js";

/** The 5 s of a stuck peer and the start of threads, or the 100,000 messages of a flood, on a very busy machine. */
const FAILS_WITHIN_MS = 40_000;
const SEED = 1;

for (const { fixture, wrong, kind, peer, message, stack, peerHeapMiB } of BROKEN_RAFTS) {
  test.serial(`${wrong} fails the case as "${kind}", and no thread is left`, async (t) => {
    t.timeout(60_000);
    const result = await runBasicAgree(brokenRaft(fixture), peerHeapMiB === undefined ? {} : { peerHeapMiB });
    const shown = failureBlock(result, { mode: "threads" });
    t.is(result.status, "failed");
    t.is(result.error?.kind, kind, shown);
    if (peer !== undefined) t.is(result.error?.peer, peer, shown);
    else t.is(typeof result.error?.peer, "number", shown);
    t.regex(result.error?.message ?? "", message, shown);
    if (stack) t.regex(result.error?.stack ?? "", stack, shown);
    t.true(result.wallMs < FAILS_WITHIN_MS, `took ${result.wallMs} ms`);
    t.is(liveThreads.size, 0);
  });
}

test.serial("after all of these, the same process runs a good Raft", async (t) => {
  const result = await runBasicAgree(REFERENCE_RAFT);
  t.is(result.status, "passed", failureBlock(result, { mode: "threads" }));
  t.is(liveThreads.size, 0);
});

test.serial("a raft.ts that does not exist is a usage error naming it", async (t) => {
  const error = await t.throwsAsync(loadProgram("no/such/raft.ts"), { instanceOf: UsageError });
  t.regex(error.message, /no\/such\/raft\.ts/);
});

test.serial("a syntax error is told by file and line", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "whitewater-broken-"));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, "raft.ts");
  await writeFile(path, "export function make() {\n  return {;\n}\n");
  const error = await t.throwsAsync(loadProgram(path), { instanceOf: BundleError });
  t.regex(error.message, /raft\.ts:2:/);
});

/** Runs TestBasicAgree3B on threads of its own, all of which have ended when this resolves. */
async function runBasicAgree(raftPath: string, options: ThreadsOptions = {}): Promise<RunResult> {
  const definition = labCases.find(({ name }) => name === "TestBasicAgree3B");
  if (!definition) throw new Error("the lab has no TestBasicAgree3B");
  const threads = new PeerThreads(await loadProgram(raftPath), options);
  try {
    return await runCase(definition, { runtime: threads.runtime(SEED), seed: SEED });
  } finally {
    await threads.close();
  }
}
