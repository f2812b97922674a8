import test from "ava";
import { LinkServer } from "../src/labrpc/link-server.js";
import type { MainToPeer } from "../src/labrpc/wire.js";
import { dispatched } from "./helpers/asked.js";
import { ManualClock } from "./helpers/manual-clock.js";

function open() {
  const clock = new ManualClock();
  const said: MainToPeer[] = [];
  const server = new LinkServer({ post: (message) => void said.push(message) }, clock);
  return { clock, said, server };
}

test("a request is said to the peer before dispatch returns, each with a number of its own", (t) => {
  const { said, server } = open();
  void dispatched(server, "Raft.requestVote", Uint8Array.of(1));
  void dispatched(server, "Raft.appendEntries", Uint8Array.of(2));
  t.deepEqual(said, [
    { kind: "request", rpcId: 1, svcMeth: "Raft.requestVote", args: Uint8Array.of(1) },
    { kind: "request", rpcId: 2, svcMeth: "Raft.appendEntries", args: Uint8Array.of(2) },
  ]);
});

test("replies settle their requests, in whatever order they come", async (t) => {
  const { server } = open();
  const [first, second] = [dispatched(server, "a.b"), dispatched(server, "a.b")];
  server.settle(2, Uint8Array.of(22));
  server.settle(1, Uint8Array.of(11));
  t.deepEqual(await Promise.all([first, second]), [Uint8Array.of(11), Uint8Array.of(22)]);
});

test("what is unanswered is told with its age, the oldest first", async (t) => {
  const { clock, server } = open();
  void dispatched(server, "Raft.requestVote");
  void dispatched(server, "Raft.done");
  await clock.advance(1000);
  void dispatched(server, "Raft.appendEntries");
  server.settle(2, Uint8Array.of());
  await clock.advance(3600);
  const expected = [
    { rpcId: 1, svcMeth: "Raft.requestVote", forMs: 4600 },
    { rpcId: 3, svcMeth: "Raft.appendEntries", forMs: 3600 },
  ];
  t.deepEqual(server.unanswered(), expected);
  t.deepEqual(server.unanswered(clock.nowMs()), expected);
});

test("a reply to nothing, or a second one, is refused", (t) => {
  const { server } = open();
  void dispatched(server, "a.b");
  t.throws(() => server.settle(2, Uint8Array.of()), { message: /request 2/ });
  server.settle(1, Uint8Array.of());
  t.throws(() => server.settle(1, Uint8Array.of()), { message: /request 1/ });
});
