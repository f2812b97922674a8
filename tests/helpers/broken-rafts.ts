import { fileURLToPath } from "node:url";

/** How a raft.ts of `fixtures/broken` fails a case. */
export interface Broken {
  /** Its name, without `.ts`. */
  readonly fixture: string;
  /** What it does wrong, for the title. */
  readonly wrong: string;
  readonly kind: string;
  /** Left out where each peer is broken alike and any may be the first. */
  readonly peer?: number;
  readonly message: RegExp;
  /** The message in sim and lockstep, where it is another. */
  readonly virtualMessage?: RegExp;
  readonly stack?: RegExp;
  /** Largest heap of a peer, in MiB. Left out for the usual size. */
  readonly peerHeapMiB?: number;
  /** Whether it never gives its thread back: in sim, whoever runs it must be on another thread. */
  readonly keepsThread?: boolean;
}

export const BROKEN_RAFTS: readonly Broken[] = [
  { fixture: "no-make", wrong: "no make", kind: "load", message: /exports no function make .*makePeer/ },
  {
    fixture: "make-throws",
    wrong: "a make that throws",
    kind: "load",
    message: /RangeError: no log to read/,
    stack: /make-throws\.ts:3/,
  },
  {
    fixture: "make-returns-nothing",
    wrong: "a make that returns nothing",
    kind: "load",
    message: /make.*undefined/,
  },
  {
    fixture: "handler-throws",
    wrong: "a handler that throws",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke threw: RangeError: no such entry/,
    stack: /handler-throws\.ts:7/,
  },
  {
    fixture: "handler-rejects",
    wrong: "a handler that rejects",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke threw: RangeError: no such entry/,
    stack: /handler-rejects\.ts:7/,
  },
  {
    fixture: "handler-never-settles",
    wrong: "a handler that never settles",
    kind: "stuck",
    peer: 1,
    message: /handler Raft\.poke has not answered for 5 s/,
  },
  {
    fixture: "loops",
    wrong: "an endless loop",
    kind: "stuck",
    peer: 2,
    message: /blocked its event loop for 5 s/,
    virtualMessage: /a single turn has run for 5 s of real time/,
    keepsThread: true,
    stack: /searchForEver.*loops\.ts/,
  },
  {
    fixture: "handler-returns-function",
    wrong: "a handler that returns a function",
    kind: "handler",
    peer: 1,
    message: /Raft\.poke returned what cannot be sent: .*function/,
  },
  {
    fixture: "start-throws",
    wrong: "a start that throws",
    kind: "start",
    message: /start threw: RangeError: the log is full/,
    stack: /start-throws\.ts:7/,
  },
  { fixture: "exits", wrong: "process.exit", kind: "exit", peer: 1, message: /exit/ },
  {
    fixture: "out-of-memory",
    wrong: "too much memory taken",
    kind: "exit",
    peer: 1,
    message: /ran out of memory: a peer has 32 MiB/,
    virtualMessage: /ran out of memory: a single turn has taken \d+ MiB, and the heap has \d+/,
    keepsThread: true,
    peerHeapMiB: 32,
  },
  {
    fixture: "unknown-service",
    wrong: "a call of an unknown service",
    kind: "unknown-method",
    message: /No service "Kv".*known services: Raft/,
  },
  {
    fixture: "unknown-method",
    wrong: "a call of an unknown method",
    kind: "unknown-method",
    message: /has no method "prod".*known methods: .*poke/,
  },
  {
    fixture: "floods",
    wrong: "an endless loop of calls",
    kind: "flood",
    peer: 1,
    message: /floods its link: .*call of Raft\.poke/,
    virtualMessage: /floods its link: 100000 messages in one turn, which does not end/,
    keepsThread: true,
  },
  {
    fixture: "rejects-unheard",
    wrong: "an unhandled rejection",
    kind: "unhandled",
    peer: 1,
    message: /RangeError: nobody hears this/,
    stack: /rejects-unheard\.ts:7/,
  },
  {
    fixture: "applies-out-of-order",
    wrong: "an index applied before its turn",
    kind: "apply",
    message: /apply out of order 2/,
  },
  {
    fixture: "applies-twice",
    wrong: "an index applied twice with another value",
    kind: "apply",
    peer: 1,
    message: /commit index 1: server 1 applied 'another', but 100 before/,
  },
  {
    fixture: "applies-never-started",
    wrong: "a value applied that nobody started",
    kind: "apply",
    message: /applied 'from nowhere' at index 1, which was never given to start/,
  },
];

/** The file of one of them. */
export function brokenRaft(fixture: string): string {
  return fileURLToPath(new URL(`../fixtures/broken/${fixture}.ts`, import.meta.url));
}
