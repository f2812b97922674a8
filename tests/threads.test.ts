/** The pool of threads that serves the runs of one program. */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import test from "ava";
import { loadProgram, type Program } from "../src/peer/program.js";
import { PeerThreads, type ThreadsOptions } from "../src/runtime/threads.js";
import { liveThreads } from "./helpers/live-threads.js";
import { bootSpec, ThreadTalk } from "./helpers/thread-talk.js";

let program: Program;
test.before(async () => {
  program = await loadProgram(fileURLToPath(new URL("fixtures/talking-peer.ts", import.meta.url)));
});

test.afterEach.always("no thread is left", (t) => t.is(liveThreads.size, 0));

let threadsMade = 0;
process.on("worker", () => {
  threadsMade += 1;
});

/** Runs `body` with a pool, which is closed afterwards. */
async function withThreads(
  options: ThreadsOptions,
  body: (threads: PeerThreads) => Promise<void>,
  hosted = program,
): Promise<void> {
  const threads = new PeerThreads(hosted, options);
  try {
    await body(threads);
  } finally {
    await threads.close();
  }
}

/** Waits for so many live threads, and on, in case there come to be more. */
async function untilLive(count: number): Promise<void> {
  while (liveThreads.size !== count) await sleep(1);
  await sleep(100);
}

async function echoes(talk: ThreadTalk): Promise<void> {
  const asked = talk.ask("echo", "anyone?");
  await talk.until(({ replies }) => replies.some(([rpcId]) => rpcId === asked));
}

test.serial(
  "spares are made one at a time, up to their number, and made up for when they are used",
  async (t) => {
    await withThreads({ spares: 3 }, async (threads) => {
      await nextTurn();
      t.is(liveThreads.size, 1, "the second waits for the first to be ready");
      await untilLive(3);
      t.is(liveThreads.size, 3);

      const peer = threads.runtime(1).boot(bootSpec());
      await untilLive(4);
      t.is(liveThreads.size, 4);
      await echoes(new ThreadTalk(peer));

      peer.terminate();
      await untilLive(3);
      t.is(liveThreads.size, 3);
    });
  },
);

test.serial("a peer that finds no spare gets a thread of its own all the same", async (t) => {
  await withThreads({ spares: 0 }, async (threads) => {
    await nextTurn();
    t.is(liveThreads.size, 0);
    await echoes(new ThreadTalk(threads.runtime(1).boot(bootSpec())));
    t.is(liveThreads.size, 1);
  });
});

test.serial("more peers than spares at once all come to life", async (t) => {
  await withThreads({ spares: 2 }, async (threads) => {
    const runtime = threads.runtime(1);
    const talks = Array.from({ length: 5 }, () => new ThreadTalk(runtime.boot(bootSpec())));
    await Promise.all(talks.map(echoes));
    await untilLive(7);
    t.is(liveThreads.size, 7);
  });
});

test.serial("to close a run ends its peers, and no others", async (t) => {
  await withThreads({ spares: 0 }, async (threads) => {
    const [first, second] = [threads.runtime(1), threads.runtime(2)];
    const talks = [first, first, second].map((runtime) => new ThreadTalk(runtime.boot(bootSpec())));
    await Promise.all(talks.map(echoes));
    await first.close();
    t.is(liveThreads.size, 1);
    await Promise.all(talks.slice(2).map(echoes));
  });
});

for (const { when, afterMs } of [
  { when: "at once, while they load", afterMs: 0 },
  { when: "a moment later", afterMs: 20 },
  { when: "when all are up", afterMs: 500 },
]) {
  test.serial(`closed ${when}, the pool leaves no thread, nor makes another`, async (t) => {
    const threads = new PeerThreads(program, { spares: 3 });
    const talks = [1, 2].map((seed) => new ThreadTalk(threads.runtime(seed).boot(bootSpec())));
    await sleep(afterMs);
    await threads.close();
    t.is(liveThreads.size, 0);
    await sleep(200);
    t.is(liveThreads.size, 0);
    t.deepEqual(
      talks.flatMap(({ faults }) => faults),
      [],
    );
  });
}

test.serial("spares that die are not made again and again, and no peer is left without a word", async (t) => {
  const deadly = { ...program, workerText: "process.exit(5)" };
  const madeBefore = threadsMade;
  await withThreads(
    { spares: 3 },
    async (threads) => {
      await nextTurn(); // the first spare is alive
      await untilLive(0);
      const talk = new ThreadTalk(threads.runtime(1).boot(bootSpec()));
      await talk.until(({ faults }) => faults.length > 0);
      t.regex(talk.faults[0]?.message ?? "", /exit code 5/);
      await untilLive(0);
      t.true(threadsMade - madeBefore <= 3, `${threadsMade - madeBefore} threads were made`);
    },
    deadly,
  );
});
