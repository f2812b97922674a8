import { type InspectorNotification, type NodeWorker, Session } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Program } from "../peer/program.js";
import { RAFT_FILE, WORKER_FILE } from "../peer/script-names.js";
import { placeInRaft } from "../peer/stack.js";

/** A thread that answers nothing within this time is not waited for. */
const PATIENCE_MS = 2_000;
/** Looks at a thread, at most, until one finds it in raft.ts: it may stand in what calls raft.ts again and again. */
const MAX_LOOKS = 100;
/** From one look to the next: the thread must get on with its loop, and answers what comes at once before it does. */
const LOOK_MS = 1;

/**
 * What a look evaluates in the thread, on top of what it interrupts: it returns the frames of raft.ts below.
 *
 * Node's loop over next-ticks has its callbacks inlined and can be interrupted between them only. So a look that
 * finds nothing has the next one be told where the thread is when it makes a next-tick or a promise.
 */
const READ_STACK = `(() => {
  const read = () => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    Error.stackTraceLimit = 100;
    Error.prepareStackTrace = (_, sites) => sites
      .filter((site) => site.getFileName() === "${RAFT_FILE}")
      .map((site) => ({ name: site.getFunctionName(), line: site.getLineNumber(), column: site.getColumnNumber() }));
    try {
      const { stack } = new Error();
      return Array.isArray(stack) ? stack : []; // V8 calls no formatter of stacks from within one
    } finally {
      Object.assign(Error, { prepareStackTrace, stackTraceLimit });
    }
  };
  const seen = globalThis[Symbol.for("${WORKER_FILE}")] ??= { frames: [], hook: undefined };
  const frames = read();
  if (frames.length > 0) return frames;
  seen.hook ??= process.getBuiltinModule("node:async_hooks")
    .createHook({ init: () => { if (seen.frames.length === 0) seen.frames = read(); } })
    .enable();
  return seen.frames;
})()`;

/** Line and column count from 1. */
interface Frame {
  readonly name: string | null;
  readonly line: number;
  readonly column: number;
}

/**
 * Where a thread of this process stands right now, though its event loop is blocked. Only to be called from the main
 * thread, which alone sees the others, and of a thread that is to be ended.
 * @returns the frames in lines of raft.ts, as a stack shows them; `undefined` where they cannot be had
 */
export async function whereIsThread(threadId: number, program: Program): Promise<string | undefined> {
  try {
    const frames = await framesInRaft(threadId);
    const map = new SourceMap(JSON.parse(program.raftMap) as SourceMapPayload);
    const lines = frames.map(({ name, line, column }) => {
      const place = placeInRaft(map, line, column);
      return `    at ${name ? `${name} (${place})` : place}`;
    });
    return lines.length > 0 ? ["It stands", ...lines].join("\n") : undefined;
  } catch {
    return undefined; // a thread that ended meanwhile, or an inspector in use: the fault is told without it
  }
}

/**
 * Has the inspector interrupt the thread and read its stack until it is in raft.ts. It does without the debugger: one
 * that stops a thread while V8 optimizes a function of it can bring the whole process down.
 */
async function framesInRaft(threadId: number): Promise<Frame[]> {
  const session = new Session();
  const patience = new AbortController();
  session.connect();
  try {
    const outOfPatience = sleep(PATIENCE_MS, [], { signal: patience.signal });
    return await Promise.race([lookUntilInRaft(session, threadId), outOfPatience]);
  } finally {
    patience.abort();
    await nextTurn(); // what we hear may have interrupted a call of the session, which must end before it does
    session.disconnect();
  }
}

async function lookUntilInRaft(session: Session, threadId: number): Promise<Frame[]> {
  const sessionId = await attach(session, threadId);
  const ended = whenEnded(session, sessionId);
  for (let id = 1; id <= MAX_LOOKS; id += 1) {
    await sleep(LOOK_MS);
    const frames = await Promise.race([look(session, sessionId, id), ended]);
    if (frames === undefined || frames.length > 0) return frames ?? [];
  }
  return [];
}

/** @returns the inspector's name for its session with the thread */
function attach(session: Session, threadId: number): Promise<string> {
  return new Promise((resolve, reject) => {
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      // The inspector numbers workers as it meets them; only the title has the thread's own number.
      if (params.workerInfo.title.startsWith(`[worker ${threadId}]`)) resolve(params.sessionId);
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
      if (error) reject(error);
    });
  });
}

/** Settles when the thread has ended. */
function whenEnded(session: Session, sessionId: string): Promise<undefined> {
  return new Promise((resolve) => {
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      if (params.sessionId === sessionId) resolve(undefined);
    });
  });
}

function look(session: Session, sessionId: string, id: number): Promise<Frame[]> {
  return new Promise((resolve) => {
    const hear = ({
      params,
    }: InspectorNotification<NodeWorker.ReceivedMessageFromWorkerEventDataType>): void => {
      const answer = JSON.parse(params.message);
      if (params.sessionId !== sessionId || answer.id !== id) return;
      session.off("NodeWorker.receivedMessageFromWorker", hear);
      resolve(answer.result?.result.value ?? []);
    };
    session.on("NodeWorker.receivedMessageFromWorker", hear);
    const params = { expression: READ_STACK, returnByValue: true };
    const message = JSON.stringify({ id, method: "Runtime.evaluate", params });
    session.post("NodeWorker.sendMessageToWorker", { sessionId, message });
  });
}
