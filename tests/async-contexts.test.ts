/** In `sim` all peers have their turns on one thread: what one keeps for a flow of its own stays in that flow. */
import test from "ava";
import { defineCase } from "../src/cases.js";
import { failureBlock } from "../src/harness/report.js";
import { logged, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

/** Asks each of three servers to start something, three times. */
const asking = defineCase({
  name: "TestAsking",
  servers: 3,
  run: async (cfg) => {
    for (let i = 0; i < 3; i++) {
      for (const server of [0, 1, 2]) await cfg.start(server, i);
      await cfg.sleep(100);
    }
  },
});

const FLOWS = `
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
const storage = new AsyncLocalStorage();
const flow = new AsyncLocalStorage();
export const make = (peers, me) => {
  const tell = (where) => console.log(where + " " + storage.getStore() + " " + flow.getStore());
  storage.enterWith("boot of " + me);
  setTimeout(() => tell("timer"), 5);
  setInterval(() => { tell("interval"); flow.enterWith("interval of " + me); }, 60);
  const poke = async (args) => {
    tell("handler");
    flow.enterWith("handler of " + me);
    await sleep(5);
    tell("handler later");
    return args;
  };
  return {
    start: (command) => {
      tell("start");
      storage.enterWith("start of " + command + " at " + me);
      flow.run("flow of " + me, async () => {
        await peers[(me + 1) % 3].call("Raft.poke", 1);
        tell("reply");
        queueMicrotask(() => tell("microtask"));
        process.nextTick(() => tell("tick"));
        setImmediate(() => tell("immediate"));
      });
      return { index: -1, term: 1, isLeader: false };
    },
    getState: () => ({ term: 1, isLeader: false }),
    kill: () => {},
    poke,
  };
};
`;

test("a turn begins with nothing stored, whatever turns of this peer or another stored", async (t) => {
  const runner = runnerHere(t, await programOf(t, FLOWS));
  const first = await runIn(runner, "sim", { definition: asking, trace: true });
  t.is(first.result.status, "passed", failureBlock(first.result, { mode: "sim" }));
  const lines = logged(first);
  const told = (where: string) => new Set(lines.filter((line) => line.startsWith(`${where} `)));
  t.deepEqual(told("start"), new Set(["start undefined undefined"]));
  t.deepEqual(told("handler"), new Set(["handler undefined undefined", ...told("handler later")]));
  t.true(told("handler later").has("handler later undefined handler of 1"));
  t.true(told("reply").has("reply start of 2 at 0 flow of 0"));
  for (const me of [0, 1, 2]) {
    t.true(told("timer").has(`timer boot of ${me} undefined`));
    for (const where of ["microtask", "tick", "immediate"]) {
      t.true(told(where).has(`${where} start of 1 at ${me} flow of ${me}`), where);
    }
  }
  for (const mode of ["sim", "lockstep"] as const) {
    t.is((await runIn(runner, mode, { definition: asking })).result.history, first.result.history);
  }
});
