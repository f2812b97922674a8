import test from "ava";
import { Network, type RpcServer } from "../src/labrpc/network.js";
import { seededRandom } from "../src/runtime/random.js";
import { asked } from "./helpers/asked.js";
import { ARGS, HeldServer, KEEP, openNetwork, promptServer, REPLY } from "./helpers/lone-network.js";
import { ManualClock } from "./helpers/manual-clock.js";

/* What becomes of a call while its handler runs, and when it throws (lab-spec 2.4, steps 6 to 8). */

// While it runs

const deaths: Record<string, (network: Network) => void> = {
  "its end is disabled": (network) => network.enable("end", false),
  "its end is deleted": (network) => network.deleteEnd("end"),
  "its server is deleted": (network) => network.deleteServer("server"),
  "its server is replaced": (network) => network.addServer("server", promptServer()),
};

for (const [what, kill] of Object.entries(deaths)) {
  test(`step 6: a call whose handler hangs fails at the next look after ${what}`, async (t) => {
    const { network, clock, call } = openNetwork({ server: new HeldServer() });
    const fate = call();
    await clock.advance(250);
    kill(network);
    await clock.advance(49);
    t.deepEqual(fate, {});
    await clock.advance(51);
    t.deepEqual(fate, { reply: undefined, atMs: 300 });
  });

  test(`step 7: a reply is not heard if ${what} while the handler runs`, async (t) => {
    const server = new HeldServer();
    const { network, clock, call } = openNetwork({ server });
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
  const server = new HeldServer();
  const { clock, call } = openNetwork({ server });
  const fate = call();
  await clock.advance(3_600_000);
  t.deepEqual(fate, {});
  server.answer();
  await clock.advance(0);
  t.deepEqual(fate, { reply: REPLY, atMs: 3_600_000 });
});

test("step 6: what is cut off and back again between two looks goes unnoticed", async (t) => {
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server });
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
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server });
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
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server, falls: [20, KEEP] });
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
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server });
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
  void asked((asker) => network.call("end", "Junk.handler", ARGS, asker)).then(() => {
    failedAtMs = clock.nowMs();
  });
  await clock.advance(300);
  network.deleteServer("server");
  await clock.advance(100);
  t.is(failedAtMs, 3 * 105);
});

test("step 8: what a handler gives after its call was given up is thrown away", async (t) => {
  const server = new HeldServer();
  const { network, clock, call } = openNetwork({ server });
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
  const { clock, call } = openNetwork();
  call();
  await clock.advance(100);
  t.is(clock.timerCount, 0);
});

// When it throws

const faultyServer = (error: Error): RpcServer => ({
  dispatch: (_svcMeth, _args, { reject }) => reject(error),
});

test("a caller is told the error that its server has told", async (t) => {
  const error = new Error("Junk.handler threw: boom");
  const { network } = openNetwork({ server: faultyServer(error) });
  t.is(await t.throwsAsync(asked((asker) => network.call("end", "Junk.handler", ARGS, asker))), error);
});

test("where faults are listened for, the caller gets undefined", async (t) => {
  const faults: unknown[] = [];
  const error = new Error("Junk.handler threw: boom");
  const onFault = (...fault: unknown[]) => void faults.push(fault);
  const { clock, events, call } = openNetwork({ server: faultyServer(error), onFault });
  const fate = call();
  await clock.advance(0);
  t.deepEqual(fate, { reply: undefined, atMs: 0 });
  t.deepEqual(faults, [[error, "server"]]);
  t.deepEqual(events.at(-1), { kind: "outcome", rpc: 1, lost: "fault" });
});

test("what a handler throws after its call was given up is nobody's concern", async (t) => {
  const faults: unknown[] = [];
  const { network, clock, call } = openNetwork({ onFault: (...fault) => void faults.push(fault) });
  let fail = (_error: unknown) => {};
  network.addServer("server", { dispatch: (_svcMeth, _args, { reject }) => (fail = reject) });
  const fate = call();
  network.deleteServer("server");
  await clock.advance(100);
  fail(new Error("too late"));
  await clock.advance(100);
  t.deepEqual(fate, { reply: undefined, atMs: 100 });
  t.deepEqual(faults, []);
});
