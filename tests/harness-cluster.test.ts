import test from "ava";
import fc from "fast-check";
import { encode } from "../src/labgob/labgob.js";
import type { MainToPeer } from "../src/labrpc/wire.js";
import { calling, outcomeWithin, type ScriptedPeer, saving, startTester } from "./helpers/scripted-peers.js";

function requests({ heard }: ScriptedPeer): MainToPeer[] {
  return heard.filter(({ kind }) => kind === "request");
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}

test("the end from i to j carries exactly while i and j are both connected, i = j included", async (t) => {
  const actions = fc.array(fc.record({ server: fc.nat(3), connects: fc.boolean() }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(actions, async (sequence) => {
      const { cfg, runtime, clock } = await startTester(t, { n: 4 });
      const connected = [true, true, true, true];
      for (const { server, connects } of sequence) {
        if (connects) cfg.connect(server);
        else cfg.disconnect(server);
        connected[server] = connects;
      }
      for (let i = 0; i < 4; i += 1) {
        t.is(cfg.isConnected(i), connected[i] ?? false);
        for (let j = 0; j < 4; j += 1) {
          const before = requests(runtime.peer(j)).length;
          runtime.peer(i).say(calling(runtime.peer(i), j));
          await clock.advance(0);
          const isThrough = cfg.isConnected(i) && cfg.isConnected(j);
          t.is(requests(runtime.peer(j)).length - before, isThrough ? 1 : 0);
        }
      }
      cfg.cleanup();
    }),
    { numRuns: 20 },
  );
});

test("a call goes to the server at the end, and its reply back to the caller", async (t) => {
  const { runtime, clock } = await startTester(t);
  const [caller, callee] = [runtime.peer(0), runtime.peer(2)];
  callee.onRequest = (svcMeth) => encode({ answerTo: svcMeth });
  caller.say(calling(caller, 2, { rpcId: 41 }));
  await clock.advance(0);
  t.deepEqual(caller.heard, [
    { kind: "outcome", rpcId: 41, reply: encode({ answerTo: "Raft.appendEntries" }) },
  ]);
});

test("a call to a disconnected server comes to nothing, after the lab's long delay", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  cfg.disconnect(2);
  runtime.peer(0).say(calling(runtime.peer(0), 2));
  await clock.advance(7000);
  t.deepEqual(runtime.peer(0).heard, [{ kind: "outcome", rpcId: 1, reply: null }]);
});

test("all servers boot at once, with fresh ends and nothing saved, and are then connected", async (t) => {
  const { cfg, runtime, events } = await startTester(t);
  t.deepEqual(
    events
      .filter(({ kind }) => kind !== "network")
      .map((event) => `${event.kind} ${"peer" in event && event.peer}`),
    ["boot 0", "boot 1", "boot 2", "ready 0", "ready 1", "ready 2", "connect 0", "connect 1", "connect 2"],
  );
  for (const { spec } of runtime.booted) {
    t.is(spec.incarnation, 1);
    t.is(spec.state.length + spec.snapshot.length, 0);
    for (const end of spec.ends) t.regex(String(end), /^[\w-]{20}$/);
  }
  t.is(new Set(runtime.booted.flatMap(({ spec }) => spec.ends)).size, cfg.n * cfg.n);
  t.is(new Set(runtime.booted.map(({ spec }) => spec.seed)).size, cfg.n);
});

test("a restarted server has what it saved last, new ends, a new seed, and is not connected", async (t) => {
  const { cfg, runtime, clock, events } = await startTester(t);
  const first = runtime.peer(1);
  first.save("old");
  first.say({ kind: "save", state: new TextEncoder().encode("new"), snapshot: new Uint8Array([7]) });
  await clock.advance(0);
  const from = events.length;
  await cfg.start1(1);
  const second = runtime.peer(1);
  t.is(text(second.spec.state), "new");
  t.deepEqual(second.spec.snapshot, new Uint8Array([7]));
  t.is(second.spec.incarnation, 2);
  t.not(second.spec.seed, first.spec.seed);
  t.true(first.isTerminated);
  t.false(cfg.isConnected(1));
  t.deepEqual(
    events.slice(from).map(({ kind }) => kind),
    ["disconnect", "crash", "boot", "ready"],
  );
  t.deepEqual(
    second.spec.ends.filter((end) => first.spec.ends.includes(end)),
    [],
  );
});

test("a restarted server is reached once it is connected, by its new incarnation", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  const caller = runtime.peer(0);
  await cfg.start1(1);
  caller.say(calling(caller, 1, { rpcId: 1 }));
  await clock.advance(0);
  t.is(requests(runtime.peer(1)).length, 0);
  cfg.connect(1);
  caller.say(calling(caller, 1, { rpcId: 2 }));
  await clock.advance(0);
  t.is(requests(runtime.peer(1)).length, 1);
});

test("what a crashed peer says after its end is not heard: saves, applies, faults, replies", async (t) => {
  const { cfg, runtime, clock, events } = await startTester(t);
  const dead = runtime.peer(2);
  dead.save("in time");
  await clock.advance(0);
  cfg.crash1(2);
  const from = events.length;
  dead.sayLate(saving("too late"));
  dead.sayLate({ kind: "apply", index: 9, command: encode(1) });
  dead.sayLate({ kind: "fault", fault: { kind: "unhandled", message: "too late" } });
  dead.sayLate({ kind: "reply", rpcId: 99, reply: encode({}) });
  dead.sayLate(calling(dead, 0));
  await clock.advance(0);
  t.is(cfg.failure, undefined);
  t.is(events.length, from);
  await cfg.start1(2);
  t.is(text(runtime.peer(2).spec.state), "in time");
});

test("a reply that comes after its server was crashed is none", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  const [caller, callee] = [runtime.peer(0), runtime.peer(1)];
  callee.isAnswering = false;
  caller.say(calling(caller, 1));
  await clock.advance(50);
  cfg.crash1(1);
  await clock.advance(100);
  t.deepEqual(caller.heard, [{ kind: "outcome", rpcId: 1, reply: null }]);
});

test("crash1 of a server that does not run is harmless", async (t) => {
  const { cfg, runtime } = await startTester(t);
  cfg.crash1(0);
  cfg.crash1(0);
  t.false(cfg.isRunning(0));
  await cfg.start1(0);
  t.true(cfg.isRunning(0));
  t.is(runtime.peer(0).spec.incarnation, 2);
});

test("a crash settles the tester's calls under way: start as not leader, getState as unknown", async (t) => {
  const { cfg, runtime, clock, events } = await startTester(t);
  runtime.peer(0).isAnswering = false;
  const start = cfg.start(0, 5);
  const state = cfg.getState(0);
  await clock.advance(10);
  const from = events.length;
  cfg.crash1(0);
  t.deepEqual(await outcomeWithin(clock, 0, start), {
    value: { index: -1, term: -1, isLeader: false },
    atMs: 10,
  });
  t.deepEqual(await outcomeWithin(clock, 0, state), { value: { term: -1, isLeader: false }, atMs: 10 });
  t.deepEqual(
    events.slice(from).map(({ kind }) => kind),
    ["disconnect", "crash"],
  );
});

test("a server that does not run is not leader, and in no term", async (t) => {
  const { cfg } = await startTester(t);
  cfg.crash1(1);
  t.deepEqual(await cfg.start(1, 5), { index: -1, term: -1, isLeader: false });
  t.deepEqual(await cfg.getState(1), { term: -1, isLeader: false });
});

test("a crash during the boot ends the boot", async (t) => {
  const { cfg, runtime, clock } = await startTester(t, {
    script: (peer) => {
      peer.getsReady = peer.spec.incarnation === 1;
    },
  });
  const boot = cfg.start1(0);
  await clock.advance(100);
  t.false(cfg.isRunning(0));
  cfg.crash1(0);
  t.deepEqual(await outcomeWithin(clock, 0, boot), { value: undefined, atMs: 100 });
  t.true(runtime.peer(0).isTerminated);
  await clock.advance(30_000);
  t.is(cfg.failure, undefined);
});

test("a peer that does not get ready within 20 s fails the case", async (t) => {
  const { cfg, clock } = await startTester(t, {
    script: (peer) => {
      peer.getsReady = peer.spec.incarnation === 1;
    },
  });
  const { error, atMs } = await outcomeWithin(clock, 30_000, cfg.start1(2));
  t.is(error?.message, "peer 2 did not start within 20 s: make has not returned");
  t.is(atMs, 20_000);
});

test("calls of start on one peer arrive in the order made", async (t) => {
  const { cfg, runtime } = await startTester(t);
  const commands: unknown[] = [];
  runtime.peer(0).onStart = (command) => {
    commands.push(command);
    return { index: commands.length, term: 1, isLeader: true };
  };
  const answers = await Promise.all([7, "b", { c: 1 }].map((command) => cfg.start(0, command)));
  t.deepEqual(commands, [7, "b", { c: 1 }]);
  t.deepEqual(
    answers.map(({ index }) => index),
    [1, 2, 3],
  );
});

test("an apply message is taken as soon as it comes, also one that fails the case", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  runtime.peer(0).apply(5, 1);
  runtime.peer(0).apply(6, 1);
  await clock.advance(0);
  t.deepEqual(runtime.peer(0).heard, [{ kind: "taken" }, { kind: "taken" }]);
  t.is(cfg.failure?.message, "server 0 apply out of order 5");
});

test("logSize is the largest state that a server has saved", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  t.is(cfg.logSize(), 0);
  runtime.peer(0).save("four");
  runtime.peer(2).save("sevenths");
  await clock.advance(0);
  cfg.crash1(2);
  t.is(cfg.logSize(), 8);
});

test("the network's counts: per server, in all, in bytes", async (t) => {
  const { cfg, runtime, clock } = await startTester(t);
  const [caller, callee] = [runtime.peer(0), runtime.peer(1)];
  callee.onRequest = () => new Uint8Array(30);
  caller.say(calling(caller, 1, { args: new Uint8Array(100) }));
  await clock.advance(0);
  t.is(cfg.rpcCount(1), 1);
  t.is(cfg.rpcCount(0), 0);
  t.is(cfg.rpcTotal(), 1);
  t.is(cfg.bytesTotal(), 130);
});

test("a server number that does not exist is named, with those that do", async (t) => {
  const { cfg } = await startTester(t);
  t.throws(() => cfg.connect(3), { message: "There is no server 3: this case has servers 0 to 2." });
});

test("the trace tells each boot, connection, save, apply, start, state and log line", async (t) => {
  const lines: string[] = [];
  const { cfg, runtime, clock, events } = await startTester(t, {
    onLog: ({ peer, text }) => lines.push(`${peer}: ${text}`),
  });
  const from = events.length;
  const peer = runtime.peer(1);
  peer.state = { term: 4, isLeader: true };
  peer.onStart = () => ({ index: 1, term: 4, isLeader: true });
  await cfg.start(1, 10);
  await cfg.getState(1);
  peer.save("s");
  peer.apply(1, 10);
  peer.say({ kind: "log", level: "info", text: "hello", term: 4, isLeader: true });
  await clock.advance(0);
  t.deepEqual(events.slice(from), [
    { kind: "start", peer: 1, command: 10, index: 1, term: 4, isLeader: true },
    { kind: "state", peer: 1, term: 4, isLeader: true },
    { kind: "save", peer: 1, state: new TextEncoder().encode("s"), snapshot: null },
    {
      kind: "apply",
      peer: 1,
      index: 1,
      message: { commandValid: true, commandIndex: 1, command: 10 },
    },
    { kind: "log", peer: 1, level: "info", text: "hello" },
  ]);
  t.deepEqual(lines, ["1: hello"]);
});
