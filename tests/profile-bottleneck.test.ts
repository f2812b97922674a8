import test from "ava";
import { bottleneckOf } from "../src/profile/bottleneck.js";
import type { Cause, Measured } from "../src/profile/profile.js";
import { about, handler, measured, thread, threads } from "./helpers/measured.js";

interface Row {
  readonly when: string;
  readonly given: Measured;
  readonly cause: Cause;
  readonly sentence: string;
}

const NO_LINUX = { unavailable: "only Linux tells" };

const ROWS: readonly Row[] = [
  {
    when: "more threads are at work than there are cores",
    given: measured({
      threads: threads(7, { onCoreMs: 100, waitingMs: 300 }, { onCoreMs: 270, waitingMs: 710 }),
    }),
    cause: "core",
    sentence: "8 threads shared 2 cores: peers waited 71 % of the time for a core.",
  },
  {
    when: "threads wait for cores that other programs have",
    given: measured({
      otherProgramsOnCoreMs: 1240,
      threads: threads(3, { onCoreMs: 200, waitingMs: 100 }, { onCoreMs: 250, waitingMs: 410 }),
    }),
    cause: "core",
    sentence:
      "4 threads shared 2 cores with other programs, which had 62 % of them: peers waited 41 % of the time for a core.",
  },
  {
    when: "the main thread alone waits for a core",
    given: measured({
      cores: 1,
      threads: threads(3, { onCoreMs: 600, waitingMs: 250 }, { onCoreMs: 120, waitingMs: 100 }),
    }),
    cause: "core",
    sentence: "4 threads shared 1 core: the main thread waited 25 % of the time for a core, peers 10 %.",
  },
  {
    when: "the main thread never rests",
    given: measured({
      threads: threads(3, { onCoreMs: 930, waitingMs: 20 }, { onCoreMs: 200, waitingMs: 50 }),
      stages: { atRouter: about(1.2, 4.1) },
    }),
    cause: "router",
    sentence:
      "The router is the bottleneck: the main thread was on a core 93 % of the time and messages waited 4.1 ms (p99) for it.",
  },
  {
    when: "the main thread never rests, and what it does for one message takes longest",
    given: measured({
      threads: threads(3, { onCoreMs: 930, waitingMs: 20 }, { onCoreMs: 200, waitingMs: 50 }),
      stages: { atRouter: about(1.2, 4.1), held: about(5, 9.3) },
    }),
    cause: "router",
    sentence:
      "The router is the bottleneck: the main thread was on a core 93 % of the time and it held messages 9.3 ms (p99) for its own work.",
  },
  {
    when: "the system does not tell of cores, and the main thread's event loop never rests",
    given: measured({
      threads: [thread("main", { loopUtilization: 0.97 }), thread("peer 0")].map((each) => ({
        ...each,
        onCoreMs: NO_LINUX,
        waitingMs: NO_LINUX,
        asleepMs: NO_LINUX,
      })),
      stages: { atRouter: about(1.2, 4.1) },
    }),
    cause: "router",
    sentence:
      "The router is the bottleneck: the main thread was busy 97 % of the time and messages waited 4.1 ms (p99) for it.",
  },
  {
    when: "the router is slow though it rests between messages",
    given: measured({
      threads: threads(3, { onCoreMs: 200, waitingMs: 5 }),
      roundTrip: about(4.3),
      stages: { held: about(2, 2.6) },
    }),
    cause: "router",
    sentence:
      "The router is the bottleneck: the main thread was on a core 20 % of the time and it held messages 2.6 ms (p99) for its own work.",
  },
  {
    when: "the collector holds a thread",
    given: measured({
      threads: [
        ...threads(2),
        thread("peer 2", { onCoreMs: 950, collections: { ...about(8), count: 35, maxMs: 34 } }),
      ],
    }),
    cause: "collector",
    sentence:
      "The collector is the bottleneck: it held peer 2 28 % of the time, in 35 pauses of up to 34.0 ms.",
  },
  {
    when: "one peer never rests",
    given: measured({ threads: [...threads(2), thread("peer 2", { onCoreMs: 970 })] }),
    cause: "peer",
    sentence:
      "Peer 2 is the bottleneck: it was on a core 97 % of the time and messages waited 3.0 ms (p99) for it.",
  },
  {
    when: "one peer never rests because of its handler",
    given: measured({
      threads: [...threads(2), thread("peer 2", { onCoreMs: 970 })],
      stages: { atPeer: about(9, 12.3) },
      handlers: [
        handler("Raft.requestVote", about(0.2), about(0.2)),
        handler("Raft.appendEntries", about(5), about(5)),
      ],
    }),
    cause: "handler",
    sentence:
      "A handler blocks its peer: Raft.appendEntries kept the event loop to itself for 5.0 ms (p50) at a time, and messages waited 12.3 ms (p99) for the receiver's event loop.",
  },
  {
    when: "a handler blocks peers that rest between messages",
    given: measured({
      roundTrip: about(5.6),
      stages: { handled: about(5), atPeer: about(0.1, 4.9) },
      handlers: [handler("Raft.appendEntries", about(5), about(5))],
    }),
    cause: "handler",
    sentence:
      "A handler blocks its peer: Raft.appendEntries kept the event loop to itself for 5.0 ms (p50) at a time, and messages waited 4.9 ms (p99) for the receiver's event loop.",
  },
  {
    when: "a handler waits for something of its own",
    given: measured({
      roundTrip: about(20.4),
      stages: { handled: about(20) },
      handlers: [handler("Raft.appendEntries", about(20), about(0.05))],
    }),
    cause: "promise",
    sentence:
      "Callers waited for a handler that waits: Raft.appendEntries took 20.0 ms (p50) and kept the event loop for 0.05 ms of it.",
  },
  {
    when: "peers are slow for no single handler",
    given: measured({ roundTrip: about(2.5), stages: { atPeer: about(0.9, 7.5), handled: about(0.4) } }),
    cause: "peer",
    sentence: "Peers waited for each other: messages waited 3.0 ms (p99) for the event loop of peer 2.",
  },
  {
    when: "the lab's network delays messages",
    given: measured({ roundTrip: about(26.2), stages: { asked: about(13.1) } }),
    cause: "network",
    sentence:
      "RPCs waited for the lab's network: it asked for 13.1 ms (mean) a message, 99 % of what a message took.",
  },
  {
    when: "threads sleep and messages are quick",
    given: measured(),
    cause: "clock",
    sentence:
      "Nothing is short: threads slept 99 % of the time and a round trip took 0.2 ms (p50). What they wait for is the clock.",
  },
  {
    when: "messages take long in all, but not in one place",
    given: measured({
      roundTrip: about(3.5),
      stages: { atRouter: about(0.46, 2.9), held: about(0.28), handled: about(0.28), toPeer: about(0.42) },
    }),
    cause: "clock",
    sentence:
      "Nothing is short: threads slept 99 % of the time and a round trip took 3.5 ms (p50). What they wait for is the clock.",
  },
  {
    when: "no message was sent at all",
    given: measured({ roundTrip: { ...about(0), count: 0 } }),
    cause: "clock",
    sentence: "Nothing is short: threads slept 99 % of the time. What they wait for is the clock.",
  },
];

for (const { when, given, cause, sentence } of ROWS) {
  test(`the sentence where ${when}`, (t) => {
    t.deepEqual(bottleneckOf(given), { cause, sentence });
  });
}
