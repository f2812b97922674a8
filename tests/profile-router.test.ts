import { performance } from "node:perf_hooks";
import test from "ava";
import { BatchStamps } from "../src/profile/batch-stamps.js";
import { PeerGauges } from "../src/profile/peer-gauges.js";
import { type RouterLink, RouterProbe } from "../src/profile/router-probe.js";
import { Sampling } from "../src/profile/sampling.js";

const NOTHING = new Uint8Array();
const RPC = { rpc: 1, svcMeth: "Raft.appendEntries" } as const;

/** The main thread's end of one peer's link, and the peer's stamps of what it sends. */
function newLink(router: RouterProbe): { readonly link: RouterLink; readonly sent: BatchStamps } {
  const buffers = { toMain: BatchStamps.buffer(), toPeer: BatchStamps.buffer() };
  const link = router.link(buffers, new PeerGauges(PeerGauges.buffer()));
  return { link, sent: new BatchStamps(buffers.toMain) };
}

test("an RPC that is under way when a pause begins is measured until its outcome has left", async (t) => {
  const router = new RouterProbe(false);
  t.teardown(() => router.sampling.close());
  const sampling = new Sampling(router.sampling.buffer);
  const [caller, server] = [newLink(router), newLink(router)];
  const fromMs = performance.now() - 40; // so that the pause is of 500 ms
  router.begin(fromMs);

  caller.sent.put(1, fromMs);
  t.true(caller.link.arrived(1));
  caller.link.hears({ kind: "call", rpcId: 7, end: "end", svcMeth: RPC.svcMeth, args: NOTHING });
  router.record({ kind: "send", ...RPC, from: undefined, to: undefined, args: NOTHING });
  router.record({ kind: "deliver", rpc: RPC.rpc });
  server.link.said({ kind: "request", rpcId: 3, svcMeth: RPC.svcMeth, args: NOTHING });
  server.link.leaves(1);

  const pausedAtMs = performance.now();
  for (let n = 1; n < 256; n += 1) router.sampling.heard(pausedAtMs);
  t.deepEqual([sampling.isOn, sampling.isAwake], [false, true]);
  await new Promise((resolve) => setTimeout(resolve, 2));

  server.sent.put(1, fromMs);
  t.true(server.link.arrived(1));
  server.link.hears({ kind: "reply", rpcId: 3, reply: NOTHING });
  router.record({ kind: "outcome", rpc: RPC.rpc, lost: undefined });
  t.true(caller.link.isAwake, "the outcome is not said yet");
  caller.link.said({ kind: "outcome", rpcId: 7, reply: NOTHING });
  await new Promise((resolve) => setImmediate(resolve));
  t.false(sampling.isAwake);
  t.deepEqual([caller.link.isAwake, server.link.isAwake], [true, false], "the outcome has not left yet");
  caller.link.leaves(1);
  t.false(caller.link.isAwake);

  for (const { link } of [caller, server]) link.settle();
  const counts = [caller, server].map(({ link: { stages } }) => [stages.toRouter.count, stages.held.count]);
  t.deepEqual(counts, [
    [1, 1],
    [1, 1],
  ]);
});
