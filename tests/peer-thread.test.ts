/** One worker thread: a spare, then one incarnation of a peer, until it ends. */
import { once } from "node:events";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import test from "ava";
import { loadProgram, type Program } from "../src/peer/program.js";
import { moduleText } from "../src/peer/script.js";
import { PRELUDE_FILE, WORKER_FILE } from "../src/peer/script-names.js";
import { PeerThread } from "../src/runtime/peer-thread.js";
import { liveThreads } from "./helpers/live-threads.js";
import { bootSpec, ThreadTalk } from "./helpers/thread-talk.js";

let program: Program;
test.before(async () => {
  program = await loadProgram(fileURLToPath(new URL("fixtures/talking-peer.ts", import.meta.url)));
});

test.afterEach.always("no thread is left", (t) => t.is(liveThreads.size, 0));

interface ThreadOptions {
  /** What the thread loads instead of a peer's host. */
  readonly workerText?: string;
  readonly heapMiB?: number;
}

/** Runs `body` with a thread of the program, which is gone afterwards. */
async function withThread(
  body: (thread: PeerThread) => Promise<void>,
  { heapMiB = 128, ...differences }: ThreadOptions = {},
): Promise<void> {
  const thread = new PeerThread({ ...program, ...differences }, heapMiB);
  try {
    await body(thread);
  } finally {
    thread.terminate();
    await thread.ended;
  }
}

/** Runs `body` with a thread that is a peer. */
async function withPeer(
  body: (thread: PeerThread, talk: ThreadTalk) => Promise<void>,
  options?: ThreadOptions,
): Promise<void> {
  await withThread(async (thread) => {
    const talk = new ThreadTalk(thread);
    thread.become(bootSpec());
    await talk.until(({ heard }) => heard.length > 0);
    await body(thread, talk);
  }, options);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

/** Stops this thread, so that what the others say to it waits unread. */
function doze(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}

/** Gives what is still on its way the time to arrive. */
async function settle(): Promise<void> {
  await sleep(30);
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

test.serial(
  "another thread takes V8's code of the programs that host a peer, and compiles none of them",
  async (t) => {
    const { workerText, workerCode, preludeText, preludeCode } = program;
    const programs = [
      { text: moduleText(workerText), filename: WORKER_FILE, cachedData: workerCode },
      { text: preludeText, filename: PRELUDE_FILE, cachedData: preludeCode },
    ];
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
      const { Script } = require("node:vm");
      const compiled = workerData.map(({ text, ...options }) => new Script(text, options));
      parentPort.postMessage(compiled.map((script) => script.cachedDataRejected));`,
      { eval: true, workerData: programs },
    );
    const [rejected] = await once(worker, "message");
    t.deepEqual(rejected, [false, false]);
    await worker.terminate();
  },
);

test.serial("a spare says nothing until it becomes a peer; then it says ready first", async (t) => {
  await withThread(async (thread) => {
    t.false(thread.isReady);
    await thread.ready;
    t.true(thread.isReady);
    const talk = new ThreadTalk(thread);
    talk.ask("echo", "said to a spare");
    await settle();
    t.deepEqual(talk.heard, []);
    thread.become(bootSpec());
    await talk.until(({ heard }) => heard.length === 2);
    t.is(talk.heard[0]?.kind, "ready");
    t.deepEqual(talk.replies, [[1, "said to a spare"]]);
  });
});

test.serial("a thread that is told to become a peer before it has loaded becomes one", async (t) => {
  await withThread(async (thread) => {
    const talk = new ThreadTalk(thread);
    thread.become(bootSpec());
    t.false(thread.isReady);
    await talk.until(({ heard }) => heard.length === 1);
    t.is(talk.heard[0]?.kind, "ready");
  });
});

test.serial("a peer hears in the order said, and is heard in the order it speaks", async (t) => {
  await withPeer(async (_, talk) => {
    for (const number of upTo(2000)) {
      talk.ask("echo", number);
      if (number % 7 === 0) await nextTurn();
    }
    await talk.until(({ heard }) => heard.length === 2001);
    t.deepEqual(
      talk.replies,
      upTo(2000).map((number) => [number, number]),
    );
  });
});

for (const last of [2, 21, 999, 3000, 10_000]) {
  test.serial(
    `a peer that talks without end, terminated on its word ${last}: nothing after that is heard`,
    async (t) => {
      await withThread(async (thread) => {
        const talk = new ThreadTalk(thread, ({ heard }) => {
          if (heard.length === last) thread.terminate();
        });
        thread.become(bootSpec());
        talk.ask("talkForEver", null);
        await thread.ended;
        await settle();
        t.is(talk.heard.length, last);
        t.deepEqual(talk.calls, upTo(talk.calls.length));
        t.deepEqual(talk.faults, []);
      });
    },
  );
}

test.serial(
  "terminated between two turns: of the thousands of words that wait unread none is heard",
  async (t) => {
    await withPeer(async (thread, talk) => {
      talk.ask("talkForEver", null);
      await talk.until(({ calls }) => calls.length > 0);
      // Shown first: words by the thousand come while this thread sleeps, once the peer has been given a core.
      for (let waited = 0; waited < 1000; ) {
        const before = talk.heard.length;
        doze(50);
        for (let turn = 0; turn < 3; turn += 1) await nextTurn();
        waited = talk.heard.length - before;
      }

      doze(50);
      const heard = talk.heard.length;
      thread.terminate();
      await thread.ended;
      await settle();
      t.is(talk.heard.length, heard);
      t.deepEqual(talk.calls, upTo(talk.calls.length));
      t.deepEqual(talk.faults, []);
    });
  },
);

test.serial("a peer never hears what was said to the incarnation before it", async (t) => {
  await withPeer(async (first, toFirst) => {
    for (const number of upTo(1000)) toFirst.ask("echo", `${number} for the first`);
    await nextTurn();
    first.terminate();
    await withThread(async (second) => {
      const toSecond = new ThreadTalk(second);
      second.become(bootSpec(2));
      toFirst.ask("echo", "late, for the first");
      toSecond.ask("echo", "for the second");
      await toSecond.until(({ heard }) => heard.length === 2);
      await settle();
      t.deepEqual(toSecond.replies, [[1, "for the second"]]);
    });
  });
});

// --- Ends that nobody ordered ---

test.serial(
  "a peer that runs out of memory is heard up to there, and its fault is the last and only one",
  async (t) => {
    await withPeer(
      async (thread, talk) => {
        talk.ask("talk", 500);
        await talk.until(({ replies }) => replies.length === 1);
        talk.ask("exhaustMemory", null);
        await thread.ended;
        await settle();
        t.deepEqual(talk.calls, upTo(500));
        t.is(talk.faults.length, 1);
        t.deepEqual(talk.heard.at(-1), { kind: "fault", fault: talk.faults[0] });
        t.is(talk.faults[0]?.kind, "exit");
        t.regex(talk.faults[0]?.message ?? "", /ran out of memory: a peer has 24 MiB of heap/);
      },
      { heapMiB: 24 },
    );
  },
);

/** Workers that end in their own way; `becomes` runs when one is told to become a peer. */
const asSpare = (becomes: string): string =>
  `const { parentPort } = require("node:worker_threads");
   parentPort.once("message", () => { ${becomes} });
   parentPort.postMessage("spare");`;

for (const { name, workerText, message } of [
  {
    name: "a peer whose thread exits",
    workerText: asSpare("process.exit(3)"),
    message: /its thread ended by itself, with exit code 3/,
  },
  {
    name: "a peer whose thread dies of an error",
    workerText: asSpare("throw new RangeError('no such thing')"),
    message: /its thread died: no such thing/,
  },
  {
    name: "a thread that exits before it has loaded",
    workerText: "process.exit(4)",
    message: /its thread ended by itself, with exit code 4/,
  },
]) {
  test.serial(`${name} says so once, and is then terminated in vain`, async (t) => {
    await withThread(
      async (thread) => {
        const talk = new ThreadTalk(thread);
        thread.become(bootSpec());
        await Promise.all([thread.ready, thread.ended]);
        thread.terminate();
        await settle();
        t.is(talk.heard.length, 1);
        t.is(talk.faults[0]?.kind, "exit");
        t.regex(talk.faults[0]?.message ?? "", message);
      },
      { workerText },
    );
  });
}

test.serial("to terminate a thread, even twice, is no fault of it", async (t) => {
  await withPeer(async (thread, talk) => {
    thread.terminate();
    thread.terminate();
    await thread.ended;
    await settle();
    t.deepEqual(talk.faults, []);
  });
});
