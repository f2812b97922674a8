import test from "ava";
import { UsageError } from "../src/errors.js";
import type { Network } from "../src/labrpc/network.js";
import {
  ARGS,
  HeldServer,
  HOLD,
  KEEP,
  LOSE,
  type NetworkSetup,
  openNetwork,
  promptServer,
  REPLY,
} from "./helpers/lone-network.js";

/*
 * What the tester does with a network and learns of it: its ends and servers, its counts, its end, its trace
 * (lab-spec 2.2, 2.6, 2.7). What becomes of calls is in the other tests of the network.
 */

// Administration (lab-spec 2.2)

test("a second end of one name is refused", (t) => {
  const { network } = openNetwork();
  t.throws(() => network.makeEnd("end"), { instanceOf: UsageError, message: /has an end "end" already/ });
});

test("deleting an end that is not there is refused", (t) => {
  const { network } = openNetwork();
  t.throws(() => network.deleteEnd("dne"), { instanceOf: UsageError, message: /no end "dne"/ });
  network.deleteEnd("end");
  t.throws(() => network.deleteEnd("end"), { instanceOf: UsageError });
});

test("a new end is disabled and leads nowhere, whatever an earlier one of its name did", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [5, 5] });
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
  const { network, clock, call } = openNetwork({ server: promptServer(Uint8Array.of(1)) });
  network.addServer("other", promptServer(Uint8Array.of(2)));
  network.connect("end", "other");
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate.reply, Uint8Array.of(2));
});

test("the number 99 and the text 99 are different names, of ends and of servers", async (t) => {
  const { network, clock, call } = openNetwork();
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

// What is counted, and when (lab-spec 2.6)

test("a request counts at intake, with its arguments, also on a disabled end", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [50] });
  network.enable("end", false);
  call();
  t.deepEqual([network.getTotalCount(), network.getTotalBytes()], [1, 3]);
  await clock.advance(100);
  t.deepEqual([network.getTotalCount(), network.getTotalBytes()], [1, 3]);
});

test("a lost request and a lost reply count as requests; the bytes of the reply do not", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [0, 0, LOSE, KEEP, LOSE], reliable: false });
  call();
  call();
  await clock.advance(30);
  t.deepEqual([network.getTotalCount(), network.getTotalBytes(), network.getCount("server")], [2, 6, 1]);
});

test("the bytes of a reply count when it is delivered, after its hold", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [HOLD, 1000, 500], longReordering: true });
  call();
  await clock.advance(699);
  t.is(network.getTotalBytes(), 3);
  await clock.advance(1);
  t.is(network.getTotalBytes(), 5);
});

test("a server's count rises before its handler runs", async (t) => {
  const { network, call } = openNetwork();
  let countInHandler = 0;
  network.addServer("server", {
    dispatch: (_svcMeth, _args, { resolve }) => {
      countInHandler = network.getCount("server");
      resolve(REPLY);
    },
  });
  call();
  t.is(countInHandler, 1);
});

test("a count belongs to the server object: a new one under the same name starts at 0", async (t) => {
  const server = promptServer();
  const { network, clock, call } = openNetwork({ server });
  call();
  call();
  await clock.advance(0);
  network.addServer("server", promptServer());
  t.is(network.getCount("server"), 0);
  network.addServer("server", server);
  t.is(network.getCount("server"), 2);
});

test("the count of a server that is not there is an error", (t) => {
  const { network } = openNetwork();
  network.deleteServer("server");
  t.throws(() => network.getCount("server"), { instanceOf: UsageError, message: /no server "server"/ });
  t.throws(() => network.getCount(7), { instanceOf: UsageError, message: /no server 7/ });
});

// Clean-up (lab-spec 2.7, 9.12)

test("after clean-up a call gives undefined at once, and is not counted", async (t) => {
  const { network, clock, events, call } = openNetwork();
  network.cleanup();
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: undefined, atMs: 0 });
  t.deepEqual([network.getTotalCount(), network.getTotalBytes(), network.getCount("server")], [0, 0, 0]);
  t.deepEqual(events, []);
});

test("clean-up settles every call under way and leaves no timer", async (t) => {
  const falls = [HOLD, 1999, 1999, 26, 6999];
  const { network, clock, call } = openNetwork({ falls, longReordering: true, longDelays: true });
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
  const { network, clock, events, call } = openNetwork({ falls: [5, 0, KEEP, KEEP, 50] });
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
  const { network, clock, events, call } = openNetwork();
  let answer = (_reply: Uint8Array) => {};
  let fail = (_error: unknown) => {};
  network.addServer("server", { dispatch: (_svcMeth, _args, { resolve }) => (answer = resolve) });
  const answered = call();
  network.addServer("server", { dispatch: (_svcMeth, _args, { reject }) => (fail = reject) });
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
  setup: NetworkSetup;
  cut?: (network: Network) => void;
  told: unknown[];
}[]) {
  test(`the trace tells of ${fate}`, async (t) => {
    const { network, clock, events, call } = openNetwork(setup);
    if (cut) cut(network);
    call();
    await clock.advance(3000);
    t.deepEqual<unknown, unknown>(events, told);
  });
}

test("the trace tells of a call given up, and of what its handler gave later", async (t) => {
  const server = new HeldServer();
  const { network, clock, events, call } = openNetwork({ server });
  call();
  network.deleteServer("server");
  await clock.advance(150);
  server.answer();
  await clock.advance(0);
  t.deepEqual<unknown, unknown>(events, [sent, delivered, outcome("dead"), handled]);
});

test("the trace tells of switches of the network", (t) => {
  const { network, events } = openNetwork();
  network.setReliable(false);
  network.setLongDelays(true);
  network.setLongReordering(true);
  t.deepEqual(events, [
    { kind: "network", setting: "reliable", on: false },
    { kind: "network", setting: "longDelays", on: true },
    { kind: "network", setting: "longReordering", on: true },
  ]);
});
