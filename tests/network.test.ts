import test from "ava";
import { UsageError } from "../src/errors.js";
import { Network, type RpcServer } from "../src/labrpc/network.js";
import type { Name } from "../src/labrpc/wire.js";
import { type Random, seededRandom } from "../src/runtime/random.js";
import type { TraceEvent } from "../src/trace/event.js";
import { ManualClock } from "./helpers/manual-clock.js";

/*
 * Every rule of lab-spec 2, in time that is moved by hand and mostly with dice that fall as told. The dice
 * stand in the order of lab-spec 2.4: delay of the request, its loss, loss of the reply, hold or not, range
 * of the hold, the hold. A draw of 0 to 99 in 0 to 999 is the 10 % of a loss.
 */

const ARGS = Uint8Array.of(1, 2, 3);
const REPLY = Uint8Array.of(4, 5);
const KEEP = 100;
const LOSE = 99;
const HOLD = 599;
const NO_HOLD = 600;

/** Dice that fall as told, and that keep what was drawn. */
class LoadedDice implements Random {
  readonly drawn: string[] = [];
  readonly #falls: number[];

  constructor(falls: readonly number[]) {
    this.#falls = [...falls];
  }

  int(min: number, max: number): number {
    this.drawn.push(`${min}..${max}`);
    const fall = this.#falls.shift();
    if (fall === undefined || fall < min || fall > max)
      throw new Error(`${fall} is no fall of ${min}..${max}`);
    return fall;
  }

  percent(percent: number): boolean {
    return this.int(0, 999) < 10 * percent;
  }

  fork(): Random {
    throw new Error("the network's stream is its own already");
  }
}

/** Answers when told to. */
class HeldServer implements RpcServer {
  readonly #answers: ((reply: Uint8Array) => void)[] = [];

  dispatch(): Promise<Uint8Array> {
    return new Promise((resolve) => this.#answers.push(resolve));
  }

  /** Ends the oldest handler. */
  answer(reply = REPLY): void {
    this.#answers.shift()?.(reply);
  }
}

/** Answers at once. */
const promptServer = (reply = REPLY): RpcServer => ({ dispatch: async () => reply });

interface Fate {
  reply?: Uint8Array | undefined;
  atMs?: number;
}

interface Setup {
  readonly falls?: readonly number[];
  readonly random?: Random;
  readonly reliable?: boolean;
  readonly longDelays?: boolean;
  readonly longReordering?: boolean;
  readonly onFault?: (error: unknown, server: Name) => void;
}

/** A network whose end "end" is connected to the name "server", and enabled. */
function open(setup: Setup = {}) {
  const clock = new ManualClock();
  const dice = new LoadedDice(setup.falls ?? []);
  const events: TraceEvent[] = [];
  const trace = { record: (event: TraceEvent) => void events.push(event) };
  const network = new Network({ clock, random: setup.random ?? dice, trace, onFault: setup.onFault });
  network.setReliable(setup.reliable ?? true);
  network.setLongDelays(setup.longDelays ?? false);
  network.setLongReordering(setup.longReordering ?? false);
  network.makeEnd("end");
  network.connect("end", "server");
  network.enable("end", true);
  events.length = 0;

  /** Makes a call; its fate is filled in when it is known. */
  function call(end: Name = "end", args = ARGS): Fate {
    const fate: Fate = {};
    network.call(end, "Junk.handler", args, "caller").then((reply) => {
      fate.reply = reply;
      fate.atMs = clock.nowMs();
    });
    return fate;
  }
  return { clock, dice, events, network, call };
}

// Administration (lab-spec 2.2)

test("a second end of one name is refused", (t) => {
  const { network } = open();
  t.throws(() => network.makeEnd("end"), { instanceOf: UsageError, message: /has an end "end" already/ });
});

test("deleting an end that is not there is refused", (t) => {
  const { network } = open();
  t.throws(() => network.deleteEnd("dne"), { instanceOf: UsageError, message: /no end "dne"/ });
  network.deleteEnd("end");
  t.throws(() => network.deleteEnd("end"), { instanceOf: UsageError });
});

test("a new end is disabled and leads nowhere, whatever an earlier one of its name did", async (t) => {
  const { network, clock, call } = open({ falls: [5, 5] });
  network.addServer("server", promptServer());
  network.deleteEnd("end");
  network.makeEnd("end");
  const disabled = call();
  network.enable("end", true);
  const unconnected = call();
  await clock.advance(99);
  t.deepEqual(
    [disabled, unconnected],
    [
      { reply: undefined, atMs: 5 },
      { reply: undefined, atMs: 5 },
    ],
  );
});

test("connecting an end a second time overwrites the first", async (t) => {
  const { network, clock, call } = open();
  network.addServer("server", promptServer(Uint8Array.of(1)));
  network.addServer("other", promptServer(Uint8Array.of(2)));
  network.connect("end", "other");
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate.reply, Uint8Array.of(2));
});

test("the number 99 and the text 99 are different names, of ends and of servers", async (t) => {
  const { network, clock, call } = open();
  for (const name of [99, "99"]) {
    network.makeEnd(name);
    network.connect(name, name);
    network.enable(name, true);
    network.addServer(name, promptServer(Uint8Array.of(typeof name === "number" ? 1 : 2)));
  }
  const [number, text, again] = [call(99), call("99"), call(99)];
  await clock.advance(0);
  t.deepEqual(
    [number.reply, text.reply, again.reply],
    [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(1)],
  );
  t.deepEqual([network.getCount(99), network.getCount("99")], [2, 1]);
});

// Steps 1 and 2: no way to a server

const deadEnds: Record<string, (network: Network) => void> = {
  "is disabled": (network) => network.enable("end", false),
  "was deleted": (network) => network.deleteEnd("end"),
  "was never enabled": (network) => {
    network.deleteEnd("end");
    network.makeEnd("end");
    network.connect("end", "server");
  },
  "is not connected": (network) => {
    network.deleteEnd("end");
    network.makeEnd("end");
    network.enable("end", true);
  },
  "leads to a name without a server": (network) => network.connect("end", "nobody"),
  "leads to a deleted server": (network) => network.deleteServer("server"),
};

for (const [what, cut] of Object.entries(deadEnds)) {
  for (const { longDelays, range, fall } of [
    { longDelays: false, range: "0..99", fall: 0 },
    { longDelays: false, range: "0..99", fall: 99 },
    { longDelays: true, range: "0..6999", fall: 0 },
    { longDelays: true, range: "0..6999", fall: 6999 },
  ]) {
    test(`step 2: an end that ${what} fails after ${fall} of ${range} ms`, async (t) => {
      const { network, clock, dice, call } = open({ falls: [fall], longDelays });
      network.addServer("server", promptServer());
      cut(network);
      const fate = call();
      await clock.advance(7000);
      t.deepEqual(fate, { reply: undefined, atMs: fall });
      t.deepEqual(dice.drawn, [range]);
    });
  }
}

test("step 2: nothing is checked again when the wait is over", async (t) => {
  const { network, clock, call } = open({ falls: [50] });
  network.addServer("server", promptServer());
  network.enable("end", false);
  const fate = call();
  network.enable("end", true);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 50 });
  t.is(network.getCount("server"), 0);
});

test("step 2: a dead end draws no other die, however bad the network", async (t) => {
  const { clock, dice, call } = open({ falls: [7], reliable: false, longReordering: true });
  const fate = call();
  await clock.advance(100);
  t.is(fate.atMs, 7);
  t.deepEqual(dice.drawn, ["0..99"]);
});

// Reliable: step 11

test("step 11: a reliable call takes no time and no die", async (t) => {
  const { network, clock, dice, call } = open({ longDelays: true });
  network.addServer("server", promptServer());
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 0 });
  t.deepEqual(dice.drawn, []);
});

test("a reliable call reaches the server before call returns", (t) => {
  const { network, call } = open();
  network.addServer("server", promptServer());
  call();
  t.is(network.getCount("server"), 1);
});

test("a slow call does not delay another one on the same end, and replies come in any order", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const slow = call();
  network.addServer("server", promptServer());
  network.addServer("server", server);
  network.connect("end", "prompt");
  network.addServer("prompt", promptServer());
  const quick = call();
  await clock.advance(1000);
  t.is(quick.atMs, 0);
  server.answer();
  await clock.advance(0);
  t.deepEqual(slow, { reply: REPLY, atMs: 1000 });
});

// Unreliable: steps 3, 4 and 9

for (const fall of [0, 26]) {
  test(`step 3: an unreliable network hands the request over after ${fall} of 0..26 ms`, async (t) => {
    const { network, clock, dice, call } = open({ falls: [fall, KEEP, KEEP], reliable: false });
    network.addServer("server", promptServer());
    const fate = call();
    t.is(network.getCount("server"), 0);
    await clock.advance(26);
    t.deepEqual(fate, { reply: REPLY, atMs: fall });
    t.deepEqual(dice.drawn, ["0..26", "0..999", "0..999"]);
  });
}

test("step 4: a lost request fails right after its delay, and the server never sees it", async (t) => {
  const { network, clock, dice, call } = open({ falls: [26, LOSE], reliable: false });
  network.addServer("server", promptServer());
  const fate = call();
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 26 });
  t.deepEqual(dice.drawn, ["0..26", "0..999"]);
  t.is(network.getCount("server"), 0);
});

test("step 9: a reply gets lost after its handler has run, and at once", async (t) => {
  const { network, clock, dice, call } = open({ falls: [3, KEEP, LOSE], reliable: false });
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  await clock.advance(53);
  t.deepEqual(dice.drawn, ["0..26", "0..999"], "the reply's die waits for the reply");
  server.answer();
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 53 });
  t.is(network.getCount("server"), 1);
});

test("steps 1 and 9: a request taken in unreliably stays so when the network turns reliable", async (t) => {
  const { network, clock, call } = open({ falls: [10, KEEP, LOSE], reliable: false });
  network.addServer("server", promptServer());
  const fate = call();
  network.setReliable(true);
  await clock.advance(26);
  t.deepEqual(fate, { reply: undefined, atMs: 10 });
});

test("steps 1 and 9: a request taken in reliably stays so when the network turns unreliable", async (t) => {
  const { network, clock, dice, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  network.setReliable(false);
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 0 });
  t.deepEqual(dice.drawn, []);
});

test("step 5: a request is executed though its end was disabled during the delay; its reply is not heard", async (t) => {
  const { network, clock, call } = open({ falls: [20, KEEP], reliable: false });
  network.addServer("server", promptServer());
  const fate = call();
  network.enable("end", false);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 20 });
  t.is(network.getCount("server"), 1);
});

test("step 5: the server of the snapshot executes, though it was replaced during the delay", async (t) => {
  const { network, clock, call } = open({ falls: [20, KEEP], reliable: false });
  const old = promptServer();
  network.addServer("server", old);
  const fate = call();
  network.addServer("server", promptServer());
  network.addServer("old", old);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 20 });
  t.deepEqual([network.getCount("old"), network.getCount("server")], [1, 0]);
});

// Steps 6 to 8: while the handler runs

const deaths: Record<string, (network: Network) => void> = {
  "its end is disabled": (network) => network.enable("end", false),
  "its end is deleted": (network) => network.deleteEnd("end"),
  "its server is deleted": (network) => network.deleteServer("server"),
  "its server is replaced": (network) => network.addServer("server", promptServer()),
};

for (const [what, kill] of Object.entries(deaths)) {
  test(`step 6: a call whose handler hangs fails at the next look after ${what}`, async (t) => {
    const { network, clock, call } = open();
    network.addServer("server", new HeldServer());
    const fate = call();
    await clock.advance(250);
    kill(network);
    await clock.advance(49);
    t.deepEqual(fate, {});
    await clock.advance(51);
    t.deepEqual(fate, { reply: undefined, atMs: 300 });
  });

  test(`step 7: a reply is not heard if ${what} while the handler runs`, async (t) => {
    const { network, clock, call } = open();
    const server = new HeldServer();
    network.addServer("server", server);
    const fate = call();
    await clock.advance(50);
    kill(network);
    server.answer();
    await clock.advance(0);
    t.deepEqual(fate, { reply: undefined, atMs: 50 });
    t.is(network.getTotalBytes(), ARGS.length);
  });
}

test("step 6: a call waits for its handler without end while end and server stay", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  await clock.advance(3_600_000);
  t.deepEqual(fate, {});
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 3_600_000 });
});

test("step 6: what is cut off and back again between two looks goes unnoticed", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  await clock.advance(101);
  network.enable("end", false);
  network.deleteServer("server");
  await clock.advance(98);
  network.enable("end", true);
  network.addServer("server", server);
  await clock.advance(1000);
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate.reply, REPLY);
});

test("step 6: what is cut off during a look is noticed, though it be back before the reply", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  await clock.advance(99);
  network.enable("end", false);
  await clock.advance(2);
  network.enable("end", true);
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate, { reply: undefined, atMs: 100 });
});

test("step 6: each request is looked at every 100 ms from its own dispatch", async (t) => {
  const { network, clock, call } = open({ falls: [20, KEEP] });
  const server = new HeldServer();
  network.addServer("server", server);
  const answered = call();
  const first = call();
  await clock.advance(30);
  const second = call();
  network.setReliable(false);
  const delayed = call(); // dispatched at 50 ms
  await clock.advance(220);
  server.answer();
  network.deleteServer("server");
  await clock.advance(1000);
  t.deepEqual([answered.atMs, first.atMs, second.atMs, delayed.atMs], [250, 300, 330, 350]);
});

test("step 6: looks go on for a request that began while another's look was due", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  call();
  server.answer();
  await clock.advance(60);
  const fate = call();
  await clock.advance(1);
  network.deleteServer("server");
  await clock.advance(1000);
  t.deepEqual(fate, { reply: undefined, atMs: 160 });
});

test("step 6: a look that comes late delays the ones after it, as in Go", async (t) => {
  const clock = new ManualClock();
  const late = {
    nowMs: () => clock.nowMs(),
    after: (ms: number, run: () => void) => clock.after(ms + 5, run),
  };
  const network = new Network({ clock: late, random: seededRandom(1) });
  network.makeEnd("end");
  network.connect("end", "server");
  network.enable("end", true);
  network.addServer("server", new HeldServer());
  let failedAtMs = 0;
  void network.call("end", "Junk.handler", ARGS).then(() => {
    failedAtMs = clock.nowMs();
  });
  await clock.advance(300);
  network.deleteServer("server");
  await clock.advance(100);
  t.is(failedAtMs, 3 * 105);
});

test("step 8: what a handler gives after its call was given up is thrown away", async (t) => {
  const { network, clock, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  const fate = call();
  network.enable("end", false);
  await clock.advance(100);
  network.enable("end", true);
  server.answer();
  await clock.advance(1000);
  t.deepEqual(fate, { reply: undefined, atMs: 100 });
  t.is(network.getTotalBytes(), ARGS.length);
});

test("no look is set when no handler runs", async (t) => {
  const { network, clock, call } = open();
  network.addServer("server", promptServer());
  call();
  await clock.advance(100);
  t.is(clock.timerCount, 0);
});

// Step 10: reordering

for (const { falls, atMs, drawn } of [
  { falls: [NO_HOLD], atMs: 0, drawn: ["0..899"] },
  { falls: [HOLD, 0, 0], atMs: 200, drawn: ["0..899", "0..1999", "0..0"] },
  { falls: [HOLD, 1999, 0], atMs: 200, drawn: ["0..899", "0..1999", "0..1999"] },
  { falls: [HOLD, 700, 700], atMs: 900, drawn: ["0..899", "0..1999", "0..700"] },
  { falls: [HOLD, 1999, 1999], atMs: 2199, drawn: ["0..899", "0..1999", "0..1999"] },
]) {
  test(`step 10: dice ${falls.join(", ")} hold a reply for ${atMs} ms, on a reliable network too`, async (t) => {
    const { network, clock, dice, call } = open({ falls, longReordering: true });
    network.addServer("server", promptServer());
    const fate = call();
    await clock.advance(2200);
    t.deepEqual(fate, { reply: REPLY, atMs });
    t.deepEqual(dice.drawn, drawn);
  });
}

test("step 10: a held reply is delivered though its end is disabled and its server deleted meanwhile", async (t) => {
  const { network, clock, call } = open({ falls: [HOLD, 1000, 500], longReordering: true });
  network.addServer("server", promptServer());
  const fate = call();
  await clock.advance(1);
  network.enable("end", false);
  network.deleteServer("server");
  await clock.advance(2200);
  t.deepEqual(fate, { reply: REPLY, atMs: 700 });
});

test("step 10: reordering is the snapshot's, not that of the moment when the handler returns", async (t) => {
  const { network, clock, call } = open({ falls: [HOLD, 1000, 500] });
  const server = new HeldServer();
  network.addServer("server", server);
  const before = call();
  network.setLongReordering(true);
  const after = call();
  network.setLongReordering(false);
  server.answer();
  server.answer();
  await clock.advance(2200);
  t.deepEqual([before.atMs, after.atMs], [0, 700]);
});

test("all dice of one call, in the order of lab-spec 2.4", async (t) => {
  const falls = [13, KEEP, KEEP, HOLD, 1500, 800];
  const { network, clock, dice, call } = open({ falls, reliable: false, longReordering: true });
  network.addServer("server", promptServer());
  const fate = call();
  await clock.advance(2300);
  t.is(fate.atMs, 13 + 200 + 800);
  t.deepEqual(dice.drawn, ["0..26", "0..999", "0..999", "0..899", "0..1999", "0..1500"]);
});

// What is counted, and when (lab-spec 2.6)

test("a request counts at intake, with its arguments, also on a disabled end", async (t) => {
  const { network, clock, call } = open({ falls: [50] });
  network.enable("end", false);
  call();
  t.deepEqual([network.getTotalCount(), network.getTotalBytes()], [1, 3]);
  await clock.advance(100);
  t.deepEqual([network.getTotalCount(), network.getTotalBytes()], [1, 3]);
});

test("a lost request and a lost reply count as requests; the bytes of the reply do not", async (t) => {
  const { network, clock, call } = open({ falls: [0, 0, LOSE, KEEP, LOSE], reliable: false });
  network.addServer("server", promptServer());
  call();
  call();
  await clock.advance(30);
  t.deepEqual([network.getTotalCount(), network.getTotalBytes(), network.getCount("server")], [2, 6, 1]);
});

test("the bytes of a reply count when it is delivered, after its hold", async (t) => {
  const { network, clock, call } = open({ falls: [HOLD, 1000, 500], longReordering: true });
  network.addServer("server", promptServer());
  call();
  await clock.advance(699);
  t.is(network.getTotalBytes(), 3);
  await clock.advance(1);
  t.is(network.getTotalBytes(), 5);
});

test("a server's count rises before its handler runs", async (t) => {
  const { network, call } = open();
  let countInHandler = 0;
  network.addServer("server", {
    dispatch: async () => {
      countInHandler = network.getCount("server");
      return REPLY;
    },
  });
  call();
  t.is(countInHandler, 1);
});

test("a count belongs to the server object: a new one under the same name starts at 0", async (t) => {
  const { network, clock, call } = open();
  const server = promptServer();
  network.addServer("server", server);
  call();
  call();
  await clock.advance(0);
  network.addServer("server", promptServer());
  t.is(network.getCount("server"), 0);
  network.addServer("server", server);
  t.is(network.getCount("server"), 2);
});

test("the count of a server that is not there is an error", (t) => {
  const { network } = open();
  network.addServer("server", promptServer());
  network.deleteServer("server");
  t.throws(() => network.getCount("server"), { instanceOf: UsageError, message: /no server "server"/ });
  t.throws(() => network.getCount(7), { instanceOf: UsageError, message: /no server 7/ });
});

// Clean-up (lab-spec 2.7, 9.12)

test("after clean-up a call gives undefined at once, and is not counted", async (t) => {
  const { network, clock, events, call } = open();
  network.addServer("server", promptServer());
  network.cleanup();
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: undefined, atMs: 0 });
  t.deepEqual([network.getTotalCount(), network.getTotalBytes(), network.getCount("server")], [0, 0, 0]);
  t.deepEqual(events, []);
});

test("clean-up settles every call under way and leaves no timer", async (t) => {
  const falls = [HOLD, 1999, 1999, 26, 6999];
  const { network, clock, call } = open({ falls, longReordering: true, longDelays: true });
  network.addServer("server", promptServer());
  const heldReply = call();
  await clock.advance(10);
  network.addServer("server", new HeldServer());
  const runningHandler = call();
  network.setReliable(false);
  const delayedRequest = call();
  network.enable("end", false);
  const deadEnd = call();
  await clock.advance(5);
  t.is(clock.timerCount, 4);
  network.cleanup();
  t.is(clock.timerCount, 0);
  await clock.advance(0);
  for (const fate of [heldReply, runningHandler, delayedRequest, deadEnd]) {
    t.deepEqual(fate, { reply: undefined, atMs: 15 });
  }
});

test("clean-up tells the trace of calls under way only", async (t) => {
  const { network, clock, events, call } = open({ falls: [5, 0, KEEP, KEEP, 50] });
  network.addServer("server", promptServer());
  network.enable("end", false);
  call();
  network.enable("end", true);
  call();
  network.setReliable(false);
  call();
  await clock.advance(10);
  network.enable("end", false);
  call();
  events.length = 0;
  network.cleanup();
  network.cleanup();
  t.deepEqual(events, [{ kind: "outcome", rpc: 4, lost: "cleaned-up" }]);
});

test("what a handler gives after clean-up is thrown away, be it a reply or an error", async (t) => {
  const { network, clock, events, call } = open();
  let answer = (_reply: Uint8Array) => {};
  let fail = (_error: Error) => {};
  network.addServer("server", { dispatch: () => new Promise((resolve) => (answer = resolve)) });
  const answered = call();
  network.addServer("server", { dispatch: () => new Promise((_, reject) => (fail = reject)) });
  const failed = call();
  network.cleanup();
  events.length = 0;
  answer(REPLY);
  fail(new Error("too late"));
  await clock.advance(100);
  t.deepEqual([answered.reply, failed.reply], [undefined, undefined]);
  t.is(network.getTotalBytes(), 6);
  t.deepEqual(events, []);
});

// Faults

const faultyServer = (error: Error): RpcServer => ({ dispatch: () => Promise.reject(error) });

test("a call rejects with what its server's dispatch rejects with", async (t) => {
  const { network } = open();
  const error = new Error("Junk.handler threw: boom");
  network.addServer("server", faultyServer(error));
  t.is(await t.throwsAsync(network.call("end", "Junk.handler", ARGS)), error);
});

test("where faults are listened for, the caller gets undefined", async (t) => {
  const faults: unknown[] = [];
  const error = new Error("Junk.handler threw: boom");
  const { network, clock, events, call } = open({ onFault: (...fault) => void faults.push(fault) });
  network.addServer("server", faultyServer(error));
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: undefined, atMs: 0 });
  t.deepEqual(faults, [[error, "server"]]);
  t.deepEqual(events.at(-1), { kind: "outcome", rpc: 1, lost: "fault" });
});

test("what a handler throws after its call was given up is nobody's concern", async (t) => {
  const faults: unknown[] = [];
  const { network, clock, call } = open({ onFault: (...fault) => void faults.push(fault) });
  let fail = (_error: Error) => {};
  network.addServer("server", { dispatch: () => new Promise((_, reject) => (fail = reject)) });
  const fate = call();
  network.deleteServer("server");
  await clock.advance(100);
  fail(new Error("too late"));
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 100 });
  t.deepEqual(faults, []);
});

// Trace

const sent = { kind: "send", rpc: 1, from: "caller", to: "server", svcMeth: "Junk.handler", args: ARGS };
const delivered = { kind: "deliver", rpc: 1 };
const handled = { kind: "handled", rpc: 1, reply: REPLY };
const outcome = (lost: string | undefined) => ({ kind: "outcome", rpc: 1, lost });

for (const { fate, setup, cut, told } of [
  { fate: "a reply", setup: {}, told: [sent, delivered, handled, outcome(undefined)] },
  {
    fate: "a held reply",
    setup: { falls: [HOLD, 0, 0], longReordering: true },
    told: [sent, delivered, handled, outcome(undefined)],
  },
  {
    fate: "a dead end",
    setup: { falls: [0] },
    cut: (network: Network) => network.connect("end", 5),
    told: [{ ...sent, to: 5 }, outcome("unreachable")],
  },
  {
    fate: "a lost request",
    setup: { falls: [0, LOSE], reliable: false },
    told: [sent, outcome("request-dropped")],
  },
  {
    fate: "a lost reply",
    setup: { falls: [0, KEEP, LOSE], reliable: false },
    told: [sent, delivered, handled, outcome("reply-dropped")],
  },
] as const satisfies readonly {
  fate: string;
  setup: Setup;
  cut?: (network: Network) => void;
  told: unknown[];
}[]) {
  test(`the trace tells of ${fate}`, async (t) => {
    const { network, clock, events, call } = open(setup);
    network.addServer("server", promptServer());
    if (cut) cut(network);
    call();
    await clock.advance(3000);
    t.deepEqual<unknown, unknown>(events, told);
  });
}

test("the trace tells of a call given up, and of what its handler gave later", async (t) => {
  const { network, clock, events, call } = open();
  const server = new HeldServer();
  network.addServer("server", server);
  call();
  network.deleteServer("server");
  await clock.advance(150);
  server.answer();
  await clock.advance(0);
  t.deepEqual<unknown, unknown>(events, [sent, delivered, outcome("dead"), handled]);
});

test("the trace tells of switches of the network", (t) => {
  const { network, events } = open();
  network.setReliable(false);
  network.setLongDelays(true);
  network.setLongReordering(true);
  t.deepEqual(events, [
    { kind: "network", setting: "reliable", on: false },
    { kind: "network", setting: "longDelays", on: true },
    { kind: "network", setting: "longReordering", on: true },
  ]);
});

// Chance

const CALLS = 20_000;

async function fatesOf(seed: number, setup: Setup, callCount: number) {
  const { network, clock, events, call } = open({ ...setup, random: seededRandom(seed) });
  network.addServer("server", promptServer());
  const fates = Array.from({ length: callCount }, () => call());
  await clock.advance(10_000);
  const shareOf = (lost: string | undefined) =>
    events.filter((event) => event.kind === "outcome" && event.lost === lost).length / callCount;
  return { fates, atMs: fates.map((fate) => fate.atMs ?? Number.NaN), shareOf };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const bounds = (values: readonly number[]) => [Math.min(...values), Math.max(...values)];

test("an unreliable network loses 10 % of the requests and 10 % of the replies, after 0 to 26 ms", async (t) => {
  const { atMs, shareOf } = await fatesOf(1, { reliable: false }, CALLS);
  t.true(Math.abs(shareOf("request-dropped") - 0.1) < 0.01);
  t.true(Math.abs(shareOf("reply-dropped") - 0.09) < 0.01);
  t.true(Math.abs(shareOf(undefined) - 0.81) < 0.01);
  t.deepEqual(bounds(atMs), [0, 26]);
  t.true(Math.abs(mean(atMs) - 13) < 0.2);
});

test("long reordering holds two in three replies, for 200 to 2199 ms, 700 on average", async (t) => {
  const { atMs } = await fatesOf(2, { longReordering: true }, CALLS);
  const held = atMs.filter((ms) => ms > 0);
  t.true(Math.abs(held.length / CALLS - 2 / 3) < 0.01);
  const [shortest = 0, longest = 0] = bounds(held);
  t.is(shortest, 200);
  t.true(longest > 2100 && longest <= 2199);
  t.true(Math.abs(mean(held) - 700) < 10);
});

for (const { longDelays, maxMs } of [
  { longDelays: false, maxMs: 99 },
  { longDelays: true, maxMs: 6999 },
]) {
  test(`a dead end's delays are spread evenly over 0 to ${maxMs} ms`, async (t) => {
    const clock = new ManualClock();
    const network = new Network({ clock, random: seededRandom(3) });
    network.setLongDelays(longDelays);
    const atMs: number[] = [];
    for (let i = 0; i < CALLS; i += 1) {
      void network.call("end", "Junk.handler", ARGS).then(() => atMs.push(clock.nowMs()));
    }
    await clock.advance(maxMs);
    t.is(atMs.length, CALLS);
    t.true(Math.abs(mean(atMs) / (maxMs / 2) - 1) < 0.02);
  });
}

test("one seed, one set of fates; another seed, another", async (t) => {
  const setup = { reliable: false, longReordering: true };
  const [one, same, other] = [
    await fatesOf(5, setup, 300),
    await fatesOf(5, setup, 300),
    await fatesOf(6, setup, 300),
  ];
  t.deepEqual(one.fates, same.fates);
  t.notDeepEqual(one.fates, other.fates);
});
