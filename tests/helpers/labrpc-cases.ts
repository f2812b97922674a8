import { setTimeout as sleep } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import type { ClientEnd } from "../../src/labrpc/client-end.js";
import type { Network } from "../../src/labrpc/network.js";
import type { Name } from "../../src/labrpc/wire.js";
import type { JunkStruct } from "../fixtures/junk-server.js";

/** What the lab's labrpc tests run on: servers and callers in this thread, or in others. Real time. */
export interface LabrpcFixture {
  /** New: reliable, no long delays. */
  readonly network: Network;
  /** How many calls give TestBenchmark a steady figure in little time; the lab takes 100,000. */
  readonly benchmarkCalls: number;
  /** Puts a server with a new JunkServer, as service `JunkServer`, under this name. */
  addJunkServer(name: Name): Promise<JunkServerProbe>;
  /** Makes an end and gives it to one who calls. */
  makeEnd(name: Name): Promise<Caller>;
}

export type Caller = Pick<ClientEnd, "call">;

/** Looks into a JunkServer, past the network. */
export interface JunkServerProbe {
  log2Length(): Promise<number>;
}

export interface LabrpcCase {
  /** Its name in the Go lab. */
  readonly name: string;
  readonly claim: string;
  readonly run: (t: ExecutionContext, fixture: LabrpcFixture) => Promise<void>;
}

/** The 11 cases of lab-spec 3, in its order. */
export const labrpcCases: readonly LabrpcCase[] = [
  { name: "TestBasic", claim: "calls reach their handlers and come back", run: testBasic },
  { name: "TestTypes", claim: "structured arguments arrive as copies", run: testTypes },
  { name: "TestDisconnect", claim: "a call fails while its end is not enabled", run: testDisconnect },
  { name: "TestCounts", claim: "a server counts the RPCs that reach it", run: testCounts },
  { name: "TestBytes", claim: "the network counts bytes, with little added", run: testBytes },
  { name: "TestConcurrentMany", claim: "many clients call one server at once", run: testConcurrentMany },
  { name: "TestUnreliable", claim: "an unreliable network loses some calls, not all", run: testUnreliable },
  { name: "TestConcurrentOne", claim: "many calls share one end", run: testConcurrentOne },
  {
    name: "TestRegression1",
    claim: "calls on a disabled end do not hold up later ones",
    run: testRegression1,
  },
  { name: "TestKilled", claim: "deleting a server frees a call stuck in a handler", run: testKilled },
  { name: "TestBenchmark", claim: "calls follow each other swiftly", run: testBenchmark },
];

async function testBasic(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end } = await oneEnd(fixture, "end1-99", "server99");
  t.is(await end.call("JunkServer.handler2", 111), "handler2-111");
  t.is(await end.call("JunkServer.handler1", "9099"), 9099);
}

async function testTypes(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end } = await oneEnd(fixture, "end1-99", "server99");
  const args = { x: "" };
  const underWay = end.call<JunkStruct>("JunkServer.handler4", args);
  args.x = "the caller's";
  t.deepEqual(await underWay, { x: "pointer" });
  t.deepEqual(args, { x: "the caller's" });
  t.deepEqual(await end.call<JunkStruct>("JunkServer.handler5", { x: "" }), { x: "no pointer" });
}

async function testDisconnect(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end } = await oneEnd(fixture, "end1-99", "server99", { enabled: false });
  t.is(await end.call("JunkServer.handler2", 111), undefined);
  fixture.network.enable("end1-99", true);
  t.is(await end.call("JunkServer.handler1", "9099"), 9099);
}

async function testCounts(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end } = await oneEnd(fixture, "end1-99", 99);
  for (let i = 0; i < 17; i += 1) {
    t.is(await end.call("JunkServer.handler2", i), `handler2-${i}`);
  }
  t.is(fixture.network.getCount(99), 17);
}

async function testBytes(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { network } = fixture;
  const { end } = await oneEnd(fixture, "end1-99", 99);
  const text = "x".repeat(284);
  for (let i = 0; i < 17; i += 1) t.is(await end.call("JunkServer.handler6", text), 284);
  const bytesUp = network.getTotalBytes();
  t.true(bytesUp >= 4828 && bytesUp <= 6000, `${bytesUp} bytes for 17 calls of 284`);

  for (let i = 0; i < 17; i += 1) t.is((await end.call<string>("JunkServer.handler7", 107))?.length, 107);
  const bytesDown = network.getTotalBytes() - bytesUp;
  t.true(bytesDown >= 1800 && bytesDown <= 2500, `${bytesDown} bytes for 17 replies of 107`);
}

async function testConcurrentMany(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  await fixture.addJunkServer(1000);
  const successes = await atOnce(20, async (client) => {
    const end = await makeEnabledEnd(fixture, client, 1000);
    let succeeded = 0;
    for (let j = 0; j < 10; j += 1) {
      const number = client * 100 + j;
      t.is(await end.call("JunkServer.handler2", number), `handler2-${number}`);
      succeeded += 1;
    }
    return succeeded;
  });
  t.is(sum(successes), 200);
  t.is(fixture.network.getCount(1000), 200);
}

async function testUnreliable(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  fixture.network.setReliable(false);
  await fixture.addJunkServer(1000);
  const replies = await atOnce(300, async (client) => {
    const end = await makeEnabledEnd(fixture, client, 1000);
    return end.call<string>("JunkServer.handler2", client * 100);
  });
  for (const [client, reply] of replies.entries()) {
    if (reply !== undefined) t.is(reply, `handler2-${client * 100}`);
  }
  const succeeded = replies.filter((reply) => reply !== undefined).length;
  t.true(succeeded > 0 && succeeded < 300, `${succeeded} of 300 calls succeeded`);
}

async function testConcurrentOne(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end, server } = await oneEnd(fixture, "c", 1000);
  const replies = await atOnce(20, (i) => end.call<string>("JunkServer.handler2", 100 + i));
  for (const [i, reply] of replies.entries()) t.is(reply, `handler2-${100 + i}`);
  t.is(await server.log2Length(), 20);
  t.is(fixture.network.getCount(1000), 20);
}

async function testRegression1(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end, server } = await oneEnd(fixture, "c", 1000, { enabled: false });
  const stranded = atOnce(20, (i) => end.call("JunkServer.handler2", 100 + i));
  // From another thread they take a while, and those that find the end enabled would not be stranded.
  while (fixture.network.getTotalCount() < 20) await sleep(1);
  await sleep(100);

  const startedAtMs = performance.now();
  fixture.network.enable("c", true);
  t.is(await end.call("JunkServer.handler2", 99), "handler2-99");
  const tookMs = performance.now() - startedAtMs;
  // The lab allows 30 ms. A busy machine may need more; a call that waits for the 20 needs about a second.
  t.true(tookMs < 500, `the call took ${tookMs} ms`);

  await stranded;
  t.is(await server.log2Length(), 1);
  t.is(fixture.network.getCount(1000), 1);
}

async function testKilled(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { end } = await oneEnd(fixture, "end1-99", "server99");
  let hasReturned = false;
  const stuck = end.call("JunkServer.handler3", 99).then((reply) => {
    hasReturned = true;
    return reply;
  });
  await sleep(1000);
  await sleep(100);
  t.false(hasReturned);

  const deletedAtMs = performance.now();
  fixture.network.deleteServer("server99");
  t.is(await stuck, undefined);
  const tookMs = performance.now() - deletedAtMs;
  // The lab allows 100 ms, with a look every 100 ms; lab-spec 9.13 grants more. The handler takes 20 s.
  t.true(tookMs < 1000, `the call returned ${tookMs} ms after its server was deleted`);
}

async function testBenchmark(t: ExecutionContext, fixture: LabrpcFixture): Promise<void> {
  const { benchmarkCalls: count } = fixture;
  const { end } = await oneEnd(fixture, "end1-99", "server99");
  const startedAtMs = performance.now();
  for (let i = 0; i < count; i += 1) {
    const reply = await end.call("JunkServer.handler2", 111);
    if (reply !== "handler2-111") t.fail(`call ${i} got ${reply}`);
  }
  const tookMs = performance.now() - startedAtMs;
  t.log(`${count} calls in ${tookMs.toFixed(0)} ms: ${((tookMs * 1000) / count).toFixed(1)} µs each`);
  t.is(fixture.network.getCount("server99"), count);
}

/** One end that leads to one JunkServer. */
async function oneEnd(
  fixture: LabrpcFixture,
  endName: Name,
  serverName: Name,
  { enabled } = { enabled: true },
): Promise<{ end: Caller; server: JunkServerProbe }> {
  const end = await fixture.makeEnd(endName);
  const server = await fixture.addJunkServer(serverName);
  fixture.network.connect(endName, serverName);
  fixture.network.enable(endName, enabled);
  return { end, server };
}

async function makeEnabledEnd(fixture: LabrpcFixture, endName: Name, serverName: Name): Promise<Caller> {
  const end = await fixture.makeEnd(endName);
  fixture.network.connect(endName, serverName);
  fixture.network.enable(endName, true);
  return end;
}

/** Runs `activity` for 0 to `count` - 1, all at once. */
function atOnce<Result>(count: number, activity: (index: number) => Promise<Result>): Promise<Result[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => activity(index)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
