import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";
import { UsageError } from "../src/errors.js";
import type { RunResult } from "../src/harness/case.js";
import { failureBlock } from "../src/harness/report.js";
import { runCase } from "../src/harness/runner.js";
import { labCases } from "../src/lab/index.js";
import { BundleError, loadProgram, REFERENCE_RAFT } from "../src/peer/program.js";
import { PeerThreads, type ThreadsOptions } from "../src/runtime/threads.js";
import { liveThreads } from "./helpers/live-threads.js";

/** How a raft.ts of `fixtures/broken` fails a case. */
interface Broken {
  /** Its name, without `.ts`. */
  readonly fixture: string;
  /** What it does wrong, for the title. */
  readonly wrong: string;
  readonly kind: string;
  /** Left out where each peer is broken alike and any may be the first. */
  readonly peer?: number;
  readonly message: RegExp;
  readonly stack?: RegExp;
  /** Left out for the usual size. */
  readonly peerHeapMiB?: number;
}

const FIXTURES: readonly Broken[] = [
  { fixture: "no-make", wrong: "no make", kind: "load", message: /exports no function make .*makePeer/ },
  {
    fixture: "make-throws",
    wrong: "a make that throws",
    kind: "load",
    message: /RangeError: no log to read/,
    stack: /make-throws\.ts:3/,
  },
  {
    fixture: "make-returns-nothing",
    wrong: "a make that returns nothing",
    kind: "load",
    message: /make.*undefined/,
  },
  {
    fixture: "handler-throws",
    wrong: "a handler that throws",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke threw: RangeError: no such entry/,
    stack: /handler-throws\.ts:7/,
  },
  {
    fixture: "handler-rejects",
    wrong: "a handler that rejects",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke threw: RangeError: no such entry/,
    stack: /handler-rejects\.ts:7/,
  },
  {
    fixture: "handler-never-settles",
    wrong: "a handler that never settles",
    kind: "stuck",
    peer: 1,
    message: /handler Raft\.poke has not answered for 5 s/,
  },
  {
    fixture: "loops",
    wrong: "an endless loop",
    kind: "stuck",
    peer: 2,
    message: /blocked its event loop for 5 s/,
    stack: /searchForEver.*loops\.ts/,
  },
  {
    fixture: "handler-returns-function",
    wrong: "a handler that returns a function",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke returned what cannot be sent: .*function/,
  },
  {
    fixture: "start-throws",
    wrong: "a start that throws",
    kind: "start",
    message: /start threw: RangeError: the log is full/,
    stack: /start-throws\.ts:7/,
  },
  { fixture: "exits", wrong: "process.exit", kind: "exit", peer: 1, message: /exit/ },
  {
    fixture: "out-of-memory",
    wrong: "too much memory taken",
    kind: "exit",
    peer: 1,
    message: /ran out of memory: a peer has 32 MiB/,
    peerHeapMiB: 32,
  },
  {
    fixture: "unknown-service",
    wrong: "a call of an unknown service",
    kind: "unknown-method",
    message: /No service "Kv".*known services: Raft/,
  },
  {
    fixture: "unknown-method",
    wrong: "a call of an unknown method",
    kind: "unknown-method",
    message: /has no method "prod".*known methods: .*poke/,
  },
  {
    fixture: "floods",
    wrong: "an endless loop of calls",
    kind: "flood",
    peer: 1,
    message: /floods its link: .*call of Raft\.poke/,
  },
  {
    fixture: "rejects-unheard",
    wrong: "an unhandled rejection",
    kind: "unhandled",
    peer: 1,
    message: /RangeError: nobody hears this/,
    stack: /rejects-unheard\.ts:7/,
  },
  {
    fixture: "applies-out-of-order",
    wrong: "an index applied before its turn",
    kind: "apply",
    message: /apply out of order 2/,
  },
  {
    fixture: "applies-twice",
    wrong: "an index applied twice with another value",
    kind: "apply",
    peer: 1,
    message: /commit index 1: server 1 applied 'another', but 100 before/,
  },
  {
    fixture: "applies-never-started",
    wrong: "a value applied that nobody started",
    kind: "apply",
    message: /applied 'from nowhere' at index 1, which was never given to start/,
  },
];

/** The 5 s of a stuck peer and the start of threads, or the 100,000 messages of a flood, on a very busy machine. */
const FAILS_WITHIN_MS = 40_000;
const SEED = 1;

for (const { fixture, wrong, kind, peer, message, stack, ...options } of FIXTURES) {
  test.serial(`${wrong} fails the case as "${kind}", and no thread is left`, async (t) => {
    t.timeout(60_000);
    const result = await runBasicAgree(fixturePath(fixture), options);
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

function fixturePath(name: string): string {
  return fileURLToPath(new URL(`fixtures/broken/${name}.ts`, import.meta.url));
}
