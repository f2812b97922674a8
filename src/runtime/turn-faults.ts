import type { Fault, PeerToMain } from "../labrpc/wire.js";

/**
 * The fault of a peer that says more than its link bears.
 * @param limit what it went beyond, such as "100000 messages in one turn"
 * @param last what it said last, where that is known
 */
export function floodFault(limit: string, last?: PeerToMain): Fault {
  const lastWords = last === undefined ? "" : `, the last a ${named(last)}`;
  const message = `it floods its link: ${limit}${lastWords}. Wait for answers, or for time to pass, before sending more.`;
  return { kind: "flood", message };
}

function named(message: PeerToMain): string {
  return message.kind === "call" ? `call of ${message.svcMeth}` : message.kind;
}

/**
 * The fault of a peer whose turn in virtual time does not end.
 * @param ms of real time that it has run, at least
 * @param stack where it stands, where that is known
 */
export function stuckFault(ms: number, stack?: string): Fault {
  const message =
    `a single turn has run for ${ms / 1000} s of real time. A handler, a timer or start() must return, or ` +
    "await something that takes time; a loop that waits for Date.now() to change never ends in virtual time.";
  return { kind: "stuck", message, ...(stack === undefined ? {} : { stack }) };
}

/**
 * The fault of a peer that takes more and more memory in a single turn.
 * @param whose heap it is, such as "its thread"
 * @param stack where it stands, where that is known
 */
export function memoryFault(whose: string, grownMiB: number, heapMiB: number, stack?: string): Fault {
  const message = `${whose} ran out of memory: a single turn has taken ${grownMiB} MiB, and the heap has ${heapMiB}. What does it keep that grows?`;
  return { kind: "exit", message, ...(stack === undefined ? {} : { stack }) };
}
