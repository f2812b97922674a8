/** The kernel: order, quiescence, and the moment from which nothing can happen any more. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { createContext, Script } from "node:vm";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { Kernel, type Limits, type Stall, type TurnOwner } from "../src/runtime/kernel.js";
import { muteAva } from "./helpers/uncaught.js";

function kernelOf(t: ExecutionContext, tieSeed = 1, limits?: Limits): Kernel {
  const kernel = new Kernel(tieSeed, limits);
  t.teardown(() => kernel.close());
  return kernel;
}

/** Resolves when everything planned so far, up to the virtual time `ms`, has happened. */
function until(kernel: Kernel, ms: number): Promise<void> {
  return new Promise((resolve) => kernel.after(ms - kernel.nowMs(), resolve));
}

/** What runs a turn for the kernel, in the test's own words. */
function owner(differences: Partial<TurnOwner> = {}): TurnOwner {
  return {
    number: 0,
    turns: 0,
    lookedAtUs: 0,
    isHere: true,
    endTurn: () => undefined,
    fault: () => {},
    ...differences,
  };
}

/** In which order ten happenings of one microsecond come, for a seed. */
async function orderOfTen(t: ExecutionContext, tieSeed: number): Promise<readonly number[]> {
  const kernel = kernelOf(t, tieSeed);
  const order: number[] = [];
  for (let i = 0; i < 10; i += 1) kernel.at(7, () => order.push(i));
  await until(kernel, 1);
  return order;
}

test("what is due at one microsecond comes in an order that the seed decides", async (t) => {
  const orders = await Promise.all(Array.from({ length: 20 }, (_, seed) => orderOfTen(t, seed)));
  for (const order of orders) t.deepEqual([...order].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  t.true(new Set(orders.map(String)).size > 15, "seeds hardly change the order");
  t.true(new Set(orders.map(([first]) => first)).size > 4, "the same one comes first under most seeds");
  t.deepEqual(await orderOfTen(t, 3), orders[3]);
});

test("happenings come in the order of their times, whatever the order in which they were asked for", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), fc.nat(), async (timesUs, seed) => {
      const kernel = kernelOf(t, seed);
      const seenUs: number[] = [];
      for (const atUs of timesUs) {
        kernel.at(atUs, () => {
          t.is(kernel.nowUs, atUs);
          seenUs.push(atUs);
        });
      }
      await until(kernel, 1);
      t.deepEqual(
        seenUs,
        [...timesUs].sort((a, b) => a - b),
      );
    }),
    { numRuns: 50 },
  );
});

test("time is in whole microseconds, whatever fractions are asked for", async (t) => {
  const kernel = kernelOf(t);
  const seenUs: number[] = [];
  const note = () => seenUs.push(kernel.nowUs);
  for (const ms of [0, 0.0004, 0.0006, 1 / 3, 0.1 + 0.2, 7.77777]) kernel.after(ms, note);
  await until(kernel, 10);
  t.deepEqual(seenUs, [0, 0, 1, 300, 333, 7778]);
  t.is(kernel.nowMs(), 10);
});

test("what is planned for a time that is over happens now; what is cancelled does not happen", async (t) => {
  const kernel = kernelOf(t);
  await until(kernel, 5);
  const seenUs: number[] = [];
  kernel.at(1, () => seenUs.push(kernel.nowUs));
  const cancel = kernel.after(1, () => t.fail());
  cancel();
  await until(kernel, 10);
  cancel(); // harmless by now
  t.deepEqual(seenUs, [5000]);
});

test("a closed kernel does nothing more", async (t) => {
  const kernel = kernelOf(t);
  kernel.after(1, () => t.fail());
  kernel.close();
  kernel.after(1, () => t.fail());
  await nextTurn();
  await nextTurn();
  t.is(kernel.events, 0);
});

/** Ways to put work off without letting time pass. Each calls `done` when all of it is done. */
const PUT_OFF: Readonly<Record<string, (done: () => void) => void>> = {
  "a chain of 10,000 awaits": async (done) => {
    for (let i = 0; i < 10_000; i += 1) await undefined;
    done();
  },
  "a chain of 1,000 next-ticks": (done) => {
    const tick = (left: number): void => void process.nextTick(() => (left > 0 ? tick(left - 1) : done()));
    tick(1000);
  },
  "next-ticks and microtasks that set off each other": (done) => {
    const step = (left: number): void => {
      if (left === 0) done();
      else if (left % 2 === 0) process.nextTick(step, left - 1);
      else queueMicrotask(() => step(left - 1));
    };
    step(500);
  },
  "promises of two other realms that wait for each other": (done) => {
    const chain = new Script(`(async (other, left) => { for (; left > 0; left--) await other(left); })`);
    const [a, b] = [createContext(), createContext()].map(
      (realm) => chain.runInContext(realm) as (other: (left: number) => Promise<void>, left: number) => never,
    );
    a?.((left) => b?.(async () => {}, left) as never, 100);
    (b?.(() => a?.(async () => {}, 20) as never, 100) as Promise<void> | undefined)?.then(done);
  },
  "an async generator over thenables": async (done) => {
    async function* values() {
      // biome-ignore lint/suspicious/noThenProperty: a thenable is the point
      for (let i = 0; i < 200; i += 1) yield { then: (resolve: (value: number) => void) => resolve(i) };
    }
    for await (const _ of values());
    done();
  },
};

for (const [what, putOff] of Object.entries(PUT_OFF)) {
  test(`nothing else happens before the end of ${what}`, async (t) => {
    const kernel = kernelOf(t);
    const order: string[] = [];
    for (let turn = 0; turn < 200; turn += 1) {
      kernel.at(turn, () => {
        order.push(`begin ${turn}`);
        putOff(() => order.push(`end ${turn}`));
      });
    }
    await until(kernel, 1);
    t.is(order.length, 400);
    t.deepEqual(order, Array.from({ length: 200 }, (_, turn) => [`begin ${turn}`, `end ${turn}`]).flat());
  });
}

test("a turn is ended when it is quiescent, and before the next begins", async (t) => {
  const kernel = kernelOf(t);
  const order: string[] = [];
  const peer = owner({ endTurn: () => void order.push("ended") });
  const turn = (name: string) => () => {
    kernel.give(peer);
    order.push(name);
    process.nextTick(() => Promise.resolve().then(() => order.push(`${name} is quiescent`)));
  };
  kernel.at(1, turn("a"));
  kernel.at(2, turn("b"));
  kernel.at(3, () => order.push("c"));
  await until(kernel, 1);
  t.deepEqual(order, ["a", "a is quiescent", "ended", "b", "b is quiescent", "ended", "c"]);
  t.is(peer.turns, 2);
});

test("virtual time stands while the end of a turn takes real time", async (t) => {
  const kernel = kernelOf(t);
  const order: string[] = [];
  const slow = async (): Promise<void> => {
    for (let i = 0; i < 200; i += 1) await nextTurn(); // more turns of the event loop than are asked for at once
    order.push("ended");
  };
  kernel.at(1, () => kernel.give(owner({ endTurn: slow })));
  kernel.at(2, () => order.push("later"));
  await until(kernel, 1);
  t.deepEqual(order, ["ended", "later"]);
});

const REASON = new Error("nobody catches this");

/** Ways to fail in a turn so that nobody catches it. */
const UNCAUGHT: Readonly<Record<string, () => void>> = {
  "a promise that rejects unheard": () => void Promise.reject(REASON),
  "a promise of another realm that rejects unheard": () => {
    const reject = new Script("(reason) => { Promise.reject(reason); }").runInContext(createContext());
    reject(REASON);
  },
  "a rejection after a hundred awaits": async () => {
    for (let i = 0; i < 100; i += 1) await undefined;
    throw REASON;
  },
  "an exception in a next-tick": () => {
    process.nextTick(() => {
      throw REASON;
    });
  },
};

for (const [what, fail] of Object.entries(UNCAUGHT)) {
  test.serial(`${what} is the fault of the one at turn, in that turn`, async (t) => {
    muteAva(t);
    const kernel = kernelOf(t);
    const order: unknown[] = [];
    const peer = (name: string) =>
      owner({
        fault: (error) => void order.push(`${name}: ${(error as Error).message}`),
        endTurn: () => void order.push(`${name} ended`),
      });
    kernel.at(1, () => kernel.give(peer("a")));
    kernel.at(2, () => {
      kernel.give(peer("b"));
      fail();
    });
    kernel.at(3, () => kernel.give(peer("c")));
    await until(kernel, 1);
    t.deepEqual(order, ["a ended", "b: nobody catches this", "b ended", "c ended"]);
  });
}

test.serial("of two kernels on a thread, each blames its own", async (t) => {
  muteAva(t);
  const faults: string[] = [];
  const kernels = ["x", "y"].map((name) => {
    const kernel = kernelOf(t);
    for (let atUs = 0; atUs < 300; atUs += 1) {
      kernel.at(atUs, () => {
        kernel.give(owner({ fault: (reason) => void faults.push(`${name} ${reason}`) }));
        void Promise.reject(`${name}${atUs}`);
      });
    }
    return until(kernel, 1);
  });
  await Promise.all(kernels);
  t.is(faults.length, 600);
  for (const fault of faults) t.is(fault[0], fault[2], fault);
});

test.serial("a kernel that is closed leaves no listener behind", (t) => {
  const count = () =>
    process.listenerCount("unhandledRejection") + process.listenerCount("uncaughtException");
  const before = count();
  const kernels = Array.from({ length: 30 }, () => new Kernel(1));
  t.true(count() <= before + 2);
  for (const kernel of [...kernels, ...kernels]) kernel.close();
  t.is(count(), before);
});

/** Runs the kernel until it tells a stall. */
function stallOf(kernel: Kernel, isTesterWaiting: () => boolean): Promise<Stall> {
  return new Promise((resolve) => kernel.watchForStall({ isTesterWaiting, onStall: resolve }));
}

test("where nothing is planned any more, nothing can happen", async (t) => {
  const kernel = kernelOf(t);
  kernel.after(3, () => {});
  t.deepEqual(await stallOf(kernel, () => true), {
    kind: "deadlock",
    reason: "no message is under way and no timer is set",
  });
  t.is(kernel.nowMs(), 3);
});

test("a tester that waits for no time and no peer is told at once, while time stands", async (t) => {
  const kernel = kernelOf(t);
  let isWaiting = true;
  let later = 0;
  kernel.after(3, () => {
    isWaiting = false;
  });
  kernel.after(4, () => {
    later += 1;
  });
  t.deepEqual(await stallOf(kernel, () => isWaiting), {
    kind: "deadlock",
    reason: "the case awaits something that neither time nor a peer will bring",
  });
  t.is(kernel.nowMs(), 3);
  t.is(later, 0);
  await until(kernel, 5); // told once; whoever goes on with the kernel misses nothing
  t.is(later, 1);
});

/** Gives `owner` a turn every `everyUs`, for ever. */
function giveAgainAndAgain(kernel: Kernel, owner: TurnOwner, everyUs: number): void {
  const again = (): void => {
    kernel.give(owner);
    kernel.at(kernel.nowUs + everyUs, again);
  };
  kernel.at(0, again);
}

test("turn after turn without end is told, with the one who asks for them", async (t) => {
  const kernel = kernelOf(t, 1, { events: 1000, turnsInSecond: 5000 });
  giveAgainAndAgain(kernel, owner({ number: 2 }), 1);
  kernel.at(500, () => kernel.give(owner({ number: 1 })));
  t.deepEqual(await stallOf(kernel, () => true), { kind: "storm", events: 1000, peer: 2, turns: 999 });
});

test("too many turns of one peer in a second are told, and no more than that in two", async (t) => {
  const kernel = kernelOf(t, 1, { events: 100_000, turnsInSecond: 1000 });
  giveAgainAndAgain(kernel, owner({ number: 1 }), 1001);
  kernel.at(3_000_500, () => giveAgainAndAgain(kernel, owner({ number: 2 }), 900));
  const stall = await stallOf(kernel, () => true);
  t.like(stall, { kind: "storm", peer: 2, turns: 1001 });
  t.true(kernel.nowMs() >= 3900 && kernel.nowMs() < 3902, `at ${kernel.nowMs()} ms`);
});
