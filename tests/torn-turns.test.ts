/** A turn in which something is thrown that nobody catches: the rest of it runs, in sim as in lockstep. */
import test, { type ExecutionContext } from "ava";
import type { PeerToMain } from "../src/labrpc/wire.js";
import type { Program } from "../src/peer/program.js";
import { Lockstep } from "../src/runtime/lockstep.js";
import type { Runtime } from "../src/runtime/runtime.js";
import { Sim } from "../src/runtime/sim.js";
import { muteAva } from "./helpers/uncaught.js";
import { idleRaft, programOf, runIn, runnerHere } from "./helpers/virtual-runs.js";

const NOTHING = new Uint8Array();
const SPEC = { peer: 0, incarnation: 1, ends: [0, 1, 2], state: NOTHING, snapshot: NOTHING, seed: 1 };

const IMPORTS = `
import { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { callbackify } from "node:util";`;

/** Node throws these in a next-tick, past all that we could put around a callback. */
const DESTROYS = 'new Readable({ read() {} }).destroy(new RangeError("torn"));';
const CALLS_BACK = 'callbackify(async () => 1)(() => { throw new RangeError("called back"); });';

/** A job, a next-tick, and what both set off. */
const QUEUES = `
  process.nextTick(() => {
    console.log("tick");
    process.nextTick(() => console.log("tick of the tick"));
    Promise.resolve().then(() => console.log("job of the tick"));
  });
  Promise.resolve().then(() => console.log("job")).then(() => console.log("job of the job"));`;

const RUNS = ["tick", "tick of the tick", "job", "job of the tick", "job of the job"];

/** What a peer on its own says within 90 virtual ms: its log, and its faults. Its only turn that counts is at 50. */
async function heard(runtime: Runtime): Promise<readonly string[]> {
  const lines: string[] = [];
  const { link } = runtime.boot(SPEC);
  link.onMessage((message: PeerToMain) => {
    if (message.kind === "log") lines.push(message.text);
    if (message.kind === "fault") lines.push(`fault: ${message.fault.message}`, message.fault.stack ?? "");
  });
  await new Promise<void>((resolve) => void runtime.clock.after(90, resolve));
  await runtime.close();
  return lines;
}

async function heardInBoth(t: ExecutionContext, program: Program): Promise<readonly string[]> {
  muteAva(t);
  const inSim = await heard(new Sim(program).runtime(1));
  const lockstep = new Lockstep(program);
  t.teardown(() => lockstep.close());
  t.deepEqual(inSim, await heard(lockstep.runtime(1)));
  return inSim;
}

test.serial(
  "a stream that fails unheard: what the turn had set off runs in it, in Node's order",
  async (t) => {
    const program = await programOf(t, idleRaft(`${DESTROYS} ${QUEUES}`, IMPORTS));
    const [fault, stack, ...rest] = await heardInBoth(t, program);
    t.is(fault, "fault: RangeError: torn");
    t.regex(stack ?? "", /^RangeError: torn\n {4}at act \(raft\.ts:\d+:\d+\)\n {4}at raft\.ts:\d+:\d+$/);
    t.deepEqual(rest, RUNS);
  },
);

test.serial("two errors in one turn, and a rejection: each is told, and all else runs between", async (t) => {
  const rejects = 'void Promise.reject(new RangeError("unheard"));';
  const program = await programOf(t, idleRaft(`${DESTROYS} ${CALLS_BACK} ${rejects} ${QUEUES}`, IMPORTS));
  const lines = (await heardInBoth(t, program)).filter((line) => !line.includes("\n"));
  t.deepEqual(
    lines.filter((line) => line.startsWith("fault")),
    ["fault: RangeError: torn", "fault: RangeError: called back", "fault: RangeError: unheard"],
  );
  t.deepEqual(
    lines.filter((line) => !line.startsWith("fault")),
    RUNS,
  );
});

test.serial("an error of Node's own has a stack in lines of raft.ts, and none of ours", async (t) => {
  const program = await programOf(t, idleRaft("Buffer.alloc(1).writeUInt8(300, 0);"));
  const [fault, stack] = await heardInBoth(t, program);
  t.regex(fault ?? "", /^fault: RangeError: The value of "value" is out of range/);
  t.regex(stack ?? "", /\n {4}at act \(raft\.ts:3:\d+\)\n {4}at .*raft\.ts:5:\d+\)?$/);
  t.notRegex(stack ?? "", /node:|whitewater:|file:/);
});

for (const { where, source } of [
  { where: "a timer", source: idleRaft(`${DESTROYS} ${QUEUES} throw new RangeError("thrown");`, IMPORTS) },
  { where: "make", source: idleRaft("", IMPORTS).replace("const act", `${DESTROYS} ${QUEUES} const act`) },
  {
    where: "a handler, while two peers call",
    source: idleRaft('void peers[(me + 1) % 3].call("Raft.poke", 1);', IMPORTS).replace(
      "poke: () => true",
      `poke: () => { ${QUEUES} ${DESTROYS} ${CALLS_BACK} return true; }`,
    ),
  },
  {
    where: "what follows an apply",
    source: idleRaft(
      `void applyCh.send({ commandValid: false, command: 1 }).then(() => { ${DESTROYS} ${QUEUES} });`,
      IMPORTS,
    ),
  },
  {
    where: "an emitter that nobody hears",
    source: idleRaft('new EventEmitter().emit("error", new Error("e"));', IMPORTS),
  },
]) {
  test.serial(`thrown in ${where}: one history and one failure in both modes`, async (t) => {
    muteAva(t);
    const runner = runnerHere(t, await programOf(t, source));
    const { result } = await runIn(runner, "sim", { trace: true });
    t.is(result.error?.kind, "unhandled");
    const { result: inLockstep } = await runIn(runner, "lockstep", { trace: true });
    t.deepEqual(inLockstep.error, result.error);
    t.is(inLockstep.history, result.history);
  });
}

for (const { property, message } of [
  { property: "message", message: "an error whose message is a getter" },
  { property: "stack", message: "Error: told" },
]) {
  test.serial(`an error whose ${property} is a getter that loops is told without it`, async (t) => {
    muteAva(t);
    const does = `const error = new Error("told");
      Object.defineProperty(error, "${property}", { get: () => { for (;;); } });
      throw error;`;
    const runner = runnerHere(t, await programOf(t, idleRaft(does)));
    for (const mode of ["sim", "lockstep"] as const) {
      const { result } = await runIn(runner, mode);
      t.is(result.error?.kind, "unhandled");
      t.is(result.error?.message, message);
    }
  });
}
