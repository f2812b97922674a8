/** When a thread counts as stuck: by its own time, not by that of a crowded machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { parsedStat, Standstill } from "../src/runtime/standstill.js";
import { osThreadId, placeOfThread } from "../src/runtime/thread-place.js";

const LIMIT_MS = 300;
const EVERY_MS = 20;

/** Starts a program that says when it begins what it does. */
async function program(t: ExecutionContext, does: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["-e", `console.log("begins"); ${does}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

/** Looks for `forMs`, or until a while after it is told. @returns how often it was told */
async function told(place: string, forMs: number, hasMoved = () => false): Promise<number> {
  const standstill = new Standstill({ limitMs: LIMIT_MS, everyMs: EVERY_MS, place: () => place });
  let count = 0;
  let endMs = performance.now() + forMs;
  for (; performance.now() < endMs; await sleep(EVERY_MS)) {
    if (!standstill.look(hasMoved())) continue;
    count += 1;
    endMs = performance.now() + 2 * LIMIT_MS;
  }
  return count;
}

const onLinux = process.platform === "linux" ? test : test.skip;

for (const { what, does } of [
  { what: "one that loops", does: "for (;;);" },
  {
    what: "one that sleeps where it stands",
    does: "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
  },
]) {
  test(`stuck, told once: ${what}`, async (t) => {
    const { pid } = await program(t, does);
    t.is(await told(`${pid}/task/${pid}`, 100 * LIMIT_MS), 1);
  });
}

onLinux("not stuck: one that has no core, for however long", async (t) => {
  const child = await program(t, "for (;;);");
  child.kill("SIGSTOP"); // as sure as a machine can be crowded
  await sleep(100);
  t.is(await told(`${child.pid}/task/${child.pid}`, 3 * LIMIT_MS), 0);
  child.kill("SIGCONT");
});

test("not stuck: one that comes round", async (t) => {
  let looks = 0;
  const { pid } = await program(t, "for (;;);");
  t.is(await told(`${pid}/task/${pid}`, 3 * LIMIT_MS, () => ++looks % 3 === 0), 0);
});

test("where the system does not tell, looks are counted: what one who looks late has missed is one look", async (t) => {
  t.is(await told("no/such/thread", 10 * LIMIT_MS), 1);
  const standstill = new Standstill({ limitMs: LIMIT_MS, everyMs: EVERY_MS, place: () => "no/such/thread" });
  t.false(standstill.look(false));
  await sleep(2 * LIMIT_MS);
  t.false(standstill.look(false));
});

onLinux("a thread finds its own place", async (t) => {
  t.is(osThreadId(), process.pid, "the main thread has the number of its process");
  t.is(await told(placeOfThread(osThreadId()), 0), 0);
});

test("a stat is read behind the program's name, whatever that holds", (t) => {
  const stat = (name: string, state: string, times: string) =>
    `7 (${name}) ${state} 1 7 7 0 -1 4 9 0 0 0 ${times} 0 0`;
  t.deepEqual(parsedStat(stat("node", "R", "150 25")), { onCoreMs: 1750, isAsleep: false });
  t.deepEqual(parsedStat(stat("a) S 1 (b", "S", "0 1")), { onCoreMs: 10, isAsleep: true });
  t.deepEqual(parsedStat(stat("node", "D", "0 1")), { onCoreMs: 10, isAsleep: false });
  t.throws(() => parsedStat("7 (node) R 1"), { message: /stat reads/ });
});
