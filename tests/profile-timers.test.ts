import test from "ava";
import { ThreadTime } from "../src/profile/thread-time.js";

// A file of its own: the timers of its process stay as they are made here.
test("a profiled thread's timers call back as Node's own do: with the timer as this, and with the arguments", async (t) => {
  new ThreadTime(performance.timeOrigin).lookAtTimers();
  for (const [set, clear] of [
    [setTimeout, clearTimeout],
    [setInterval, clearInterval],
  ] as const) {
    const [timer, self, args] = await new Promise<readonly [unknown, unknown, readonly unknown[]]>(
      (resolve) => {
        const timer = set(
          function (this: unknown, ...args: unknown[]) {
            clear(timer);
            resolve([timer, this, args]);
          },
          1,
          "a",
          2,
        );
      },
    );
    t.is(self, timer);
    t.deepEqual(args, ["a", 2]);
  }
});
