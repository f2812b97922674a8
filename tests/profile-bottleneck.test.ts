import test from "ava";
import { bottleneckOf } from "../src/profile/bottleneck.js";
import type { Cause, Measured, ThreadProfile } from "../src/profile/profile.js";
import { about, handler, measured, thread, threads } from "./helpers/measured.js";

interface Row {
  readonly when: string;
  readonly given: Measured;
  readonly cause: Cause;
  readonly sentence: string;
}

const NO_LINUX = { unavailable: "only Linux tells" };

/** A thread of which the system does not tell. */
function untold(thread: ThreadProfile): ThreadProfile {
  return { ...thread, onCoreMs: NO_LINUX, waitingMs: NO_LINUX, asleepMs: NO_LINUX };
}

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
      threads: [thread("main", { loopUtilization: 0.97 }), thread("peer 0")].map(untold),
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
      "A handler blocks its peer: Raft.appendEntries kept the event loop to itself for 5.0 ms (mean) at a time, and messages waited 12.3 ms (p99) for the receiver's event loop.",
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
      "A handler blocks its peer: Raft.appendEntries kept the event loop to itself for 5.0 ms (mean) at a time, and messages waited 4.9 ms (p99) for the receiver's event loop.",
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
      "Callers waited for a handler that waits: Raft.appendEntries took 20.0 ms (mean) and kept the event loop for 0.05 ms of it.",
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
    when: "it was measured for a moment only",
    given: measured({ wallMs: 30, threads: threads(3, { onCoreMs: 930 }) }),
    cause: "unknown",
    sentence: "It was measured for 30.0 ms: too short to tell.",
  },
  {
    when: "a handler of one peer does not return",
    given: measured({
      threads: [...threads(1), thread("peer 1", { onCoreMs: 970, standstillMs: 1400 })],
      handlers: [
        handler("Raft.requestVote", about(0.1), about(0.1)),
        { ...handler("Raft.work", about(0.1), about(0.1)), open: { calls: 68, oldestMs: 1410, peer: 1 } },
      ],
    }),
    cause: "handler",
    sentence:
      "Peer 1 is the bottleneck: its event loop has stood still for the last 1.4 s, while Raft.work has not returned.",
  },
  {
    when: "something else of one peer does not return",
    given: measured({
      threads: [...threads(1), thread("peer 1", { onCoreMs: 970, standstillMs: 1400 })],
    }),
    cause: "peer",
    sentence: "Peer 1 is the bottleneck: its event loop has stood still for the last 1.4 s.",
  },
  {
    when: "an event loop stands still because its thread has no core",
    given: measured({
      threads: [...threads(1), thread("peer 1", { onCoreMs: 20, waitingMs: 900, standstillMs: 1400 })],
    }),
    cause: "core",
    sentence: "3 threads shared 2 cores: peers waited 45 % of the time for a core.",
  },
  {
    when: "a handler never keeps its promise",
    given: measured({
      handlers: [
        { ...handler("Raft.work", about(0), about(0)), open: { calls: 80, oldestMs: 1900, peer: 2 } },
      ],
    }),
    cause: "promise",
    sentence:
      "Callers wait for a handler that does not answer: 80 calls of Raft.work at peer 2, the oldest for 1.9 s.",
  },
  {
    when: "one handler takes long at a time, and others more time in all",
    given: measured({
      roundTrip: about(9),
      stages: { handled: about(3) },
      handlers: [
        handler("Raft.appendEntries", { ...about(0.1), count: 6000 }, { ...about(0.1), count: 6000 }),
        handler("Raft.installSnapshot", { ...about(50), count: 10 }, { ...about(50), count: 10 }),
      ],
    }),
    cause: "handler",
    sentence:
      "A handler blocks its peer: Raft.installSnapshot kept the event loop to itself for 50.0 ms (mean) at a time, and messages waited 0.02 ms (p99) for the receiver's event loop.",
  },
  {
    when: "other programs have the cores of threads that want one seldom",
    given: measured({
      otherProgramsOnCoreMs: 1940,
      threads: threads(3, { onCoreMs: 13, waitingMs: 85 }, { onCoreMs: 10, waitingMs: 40 }),
      stages: { toRouter: about(4.2, 23.9), toPeer: about(3, 8) },
    }),
    cause: "core",
    sentence:
      "4 threads shared 2 cores with other programs, which had 97 % of them: threads that had work waited 83 % of that time for a core, and messages were 23.9 ms (p99) in flight.",
  },
  {
    when: "messages wait for a main thread that is kept from its core amid its work",
    given: measured({
      otherProgramsOnCoreMs: 1800,
      threads: threads(3, { onCoreMs: 30, waitingMs: 170 }, { onCoreMs: 10, waitingMs: 5 }),
      stages: { atRouter: about(8, 411), toRouter: about(2, 12) },
    }),
    cause: "core",
    sentence:
      "4 threads shared 2 cores with other programs, which had 90 % of them: threads that had work waited 76 % of that time for a core, and messages were 12.0 ms (p99) in flight.",
  },
  {
    when: "threads are slow to wake, and not for want of a core",
    given: measured({ stages: { toRouter: about(4.2, 23.9), toPeer: about(3, 8) } }),
    cause: "wake",
    sentence:
      "Threads were slow to wake: messages were 4.2 ms (mean) in flight from one to the next, 98 % of what a message took.",
  },
  {
    when: "the system does not tell of cores, and more event loops never rest than there are",
    given: measured({ threads: threads(7, {}, { loopUtilization: 0.96 }).map(untold) }),
    cause: "core",
    sentence:
      "8 threads shared 2 cores: event loops were busy 84 % of the time; how long they waited for a core, the system does not tell.",
  },
  {
    when: "the system does not tell of cores, and nothing is short",
    given: measured({ threads: threads(3).map(untold) }),
    cause: "clock",
    sentence:
      "Nothing is short: event loops were idle 98 % of the time and a round trip took 0.2 ms (p50). What they wait for is the clock.",
  },
  {
    when: "a peer was restarted again and again",
    given: measured({
      threads: [
        ...threads(2, {}, { onCoreMs: 600, waitingMs: 390 }),
        ...Array.from({ length: 20 }, (_, i) =>
          thread(`peer 2, incarnation ${i + 1}`, { wallMs: 50, onCoreMs: 30, waitingMs: 19 }),
        ),
      ],
    }),
    cause: "core",
    sentence: "4 threads shared 2 cores: peers waited 39 % of the time for a core.",
  },
  {
    when: "short lives were busy, and hardly there",
    given: measured({
      wallMs: 30_000,
      threads: [
        ...threads(2).map((each) => ({ ...each, wallMs: 30_000 })),
        thread("peer 2, incarnation 7", { wallMs: 30, onCoreMs: 25, collections: { ...about(5), count: 2 } }),
      ],
    }),
    cause: "clock",
    sentence:
      "Nothing is short: threads slept 100 % of the time and a round trip took 0.2 ms (p50). What they wait for is the clock.",
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
