import test from "ava";
import type { Network } from "../src/labrpc/network.js";
import {
  HeldServer,
  HOLD,
  KEEP,
  LOSE,
  NO_HOLD,
  openNetwork,
  promptServer,
  REPLY,
} from "./helpers/lone-network.js";

/*
 * What becomes of a call on its way, by the steps of lab-spec 2.4, in time that is moved by hand and with dice
 * that fall as told.
 */

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
      const { network, clock, dice, call } = openNetwork({ falls: [fall], longDelays });
      cut(network);
      const fate = call();
      await clock.advance(7000);
      t.deepEqual(fate, { reply: undefined, atMs: fall });
      t.deepEqual(dice.drawn, [range]);
    });
  }
}

test("step 2: nothing is checked again when the wait is over", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [50] });
  network.enable("end", false);
  const fate = call();
  network.enable("end", true);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 50 });
  t.is(network.getCount("server"), 0);
});

test("step 2: a dead end draws no other die, however bad the network", async (t) => {
  const { clock, dice, call } = openNetwork({
    server: null,
    falls: [7],
    reliable: false,
    longReordering: true,
  });
  const fate = call();
  await clock.advance(100);
  t.is(fate.atMs, 7);
  t.deepEqual(dice.drawn, ["0..99"]);
});

// Reliable: step 11

test("step 11: a reliable call takes no time and no die", async (t) => {
  const { clock, dice, call } = openNetwork({ longDelays: true });
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 0 });
  t.deepEqual(dice.drawn, []);
});

test("a reliable call reaches the server before call returns", (t) => {
  const { network, call } = openNetwork();
  call();
  t.is(network.getCount("server"), 1);
});

test("a slow call does not delay another one on the same end, and replies come in any order", async (t) => {
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server });
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
    const { network, clock, dice, call } = openNetwork({ falls: [fall, KEEP, KEEP], reliable: false });
    const fate = call();
    t.is(network.getCount("server"), 0);
    await clock.advance(26);
    t.deepEqual(fate, { reply: REPLY, atMs: fall });
    t.deepEqual(dice.drawn, ["0..26", "0..999", "0..999"]);
  });
}

test("step 4: a lost request fails right after its delay, and the server never sees it", async (t) => {
  const { network, clock, dice, call } = openNetwork({ falls: [26, LOSE], reliable: false });
  const fate = call();
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 26 });
  t.deepEqual(dice.drawn, ["0..26", "0..999"]);
  t.is(network.getCount("server"), 0);
});

test("step 9: a reply gets lost after its handler has run, and at once", async (t) => {
  const server = new HeldServer();
  const { network, clock, dice, call } = openNetwork({ server, falls: [3, KEEP, LOSE], reliable: false });
  const fate = call();
  await clock.advance(53);
  t.deepEqual(dice.drawn, ["0..26", "0..999"], "the reply's die waits for the reply");
  server.answer();
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 53 });
  t.is(network.getCount("server"), 1);
});

test("steps 1 and 9: a request taken in unreliably stays so when the network turns reliable", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [10, KEEP, LOSE], reliable: false });
  const fate = call();
  network.setReliable(true);
  await clock.advance(26);
  t.deepEqual(fate, { reply: undefined, atMs: 10 });
});

test("steps 1 and 9: a request taken in reliably stays so when the network turns unreliable", async (t) => {
  const server = new HeldServer();
  const { network, clock, dice, call } = openNetwork({ server });
  const fate = call();
  network.setReliable(false);
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 0 });
  t.deepEqual(dice.drawn, []);
});

test("step 5: a request is executed though its end was disabled during the delay; its reply is not heard", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [20, KEEP], reliable: false });
  const fate = call();
  network.enable("end", false);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 20 });
  t.is(network.getCount("server"), 1);
});

test("step 5: the server of the snapshot executes, though it was replaced during the delay", async (t) => {
  const old = promptServer();
  const { network, clock, call } = openNetwork({ server: old, falls: [20, KEEP], reliable: false });
  const fate = call();
  network.addServer("server", promptServer());
  network.addServer("old", old);
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 20 });
  t.deepEqual([network.getCount("old"), network.getCount("server")], [1, 0]);
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
    const { clock, dice, call } = openNetwork({ falls, longReordering: true });
    const fate = call();
    await clock.advance(2200);
    t.deepEqual(fate, { reply: REPLY, atMs });
    t.deepEqual(dice.drawn, drawn);
  });
}

test("step 10: a held reply is delivered though its end is disabled and its server deleted meanwhile", async (t) => {
  const { network, clock, call } = openNetwork({ falls: [HOLD, 1000, 500], longReordering: true });
  const fate = call();
  await clock.advance(1);
  network.enable("end", false);
  network.deleteServer("server");
  await clock.advance(2200);
  t.deepEqual(fate, { reply: REPLY, atMs: 700 });
});

test("step 10: reordering is the snapshot's, not that of the moment when the handler returns", async (t) => {
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server, falls: [HOLD, 1000, 500] });
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
  const { clock, dice, call } = openNetwork({ falls, reliable: false, longReordering: true });
  const fate = call();
  await clock.advance(2300);
  t.is(fate.atMs, 13 + 200 + 800);
  t.deepEqual(dice.drawn, ["0..26", "0..999", "0..999", "0..899", "0..1999", "0..1500"]);
});
