import { Session } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import type { Program } from "../peer/program.js";
import { RAFT_FILE } from "../peer/script-names.js";
import { placeInRaft } from "../peer/stack.js";

/** A thread that answers nothing within this time is not waited for. */
const PATIENCE_MS = 2_000;
/** Stops of a thread, at most, until one is in raft.ts: in a loop of `await`s or next-ticks most are in between. */
const MAX_STOPS = 100;

interface CallFrame {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

/**
 * Where a thread of this process stands right now, though its event loop is blocked: the debugger stops it
 * for a moment and reads its stack. Only to be called from the main thread, which alone sees the others.
 * @returns the frames in lines of raft.ts, as a stack shows them; `undefined` where they cannot be had
 */
export async function whereIsThread(threadId: number, program: Program): Promise<string | undefined> {
  try {
    const { frames, raftScriptId } = await pauseThread(threadId);
    const map = new SourceMap(JSON.parse(program.raftMap) as SourceMapPayload);
    const lines = frames
      .filter(({ location }) => location.scriptId === raftScriptId)
      .map(({ functionName, location }) => {
        const place = placeInRaft(map, location.lineNumber + 1, location.columnNumber + 1);
        return `    at ${functionName === "" ? place : `${functionName} (${place})`}`;
      });
    return lines.length > 0 ? ["It stands", ...lines].join("\n") : undefined;
  } catch {
    return undefined; // a thread that ended meanwhile, or an inspector in use: the fault is told without it
  }
}

/**
 * Stops the thread, where it is in raft.ts if that can be had, reads its stack and lets it go on. A thread that
 * collects garbage may stop long after our patience is over. We stay connected until it has: left alone it would
 * stand for ever, and `terminate` would wait for it.
 */
function pauseThread(threadId: number): Promise<{ frames: CallFrame[]; raftScriptId: string }> {
  return new Promise((resolve, reject) => {
    const session = new Session();
    session.connect();
    let sessionId = "";
    let raftScriptId = "";
    let stops = 0;
    let isFound = false;
    let lastId = 0;
    const disconnect = (reason: string): void => {
      session.disconnect();
      reject(new Error(reason));
    };
    const timer = setTimeout(() => {
      if (sessionId === "") disconnect("the inspector does not know the thread");
      else reject(new Error("the thread does not stop"));
    }, PATIENCE_MS);
    const send = (method: string) =>
      session.post("NodeWorker.sendMessageToWorker", {
        sessionId,
        message: JSON.stringify({ id: ++lastId, method }),
      });
    session.on("NodeWorker.attachedToWorker", ({ params }) => {
      // The inspector numbers workers as it meets them; only the title has the thread's own number.
      if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
      sessionId = params.sessionId;
      send("Debugger.enable");
      send("Debugger.pause");
    });
    session.on("NodeWorker.detachedFromWorker", ({ params }) => {
      if (params.sessionId !== sessionId) return;
      clearTimeout(timer);
      disconnect("the thread has ended");
    });
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params.sessionId !== sessionId) return;
      const event = JSON.parse(params.message);
      if (event.method === "Debugger.scriptParsed" && event.params.url === RAFT_FILE) {
        raftScriptId = event.params.scriptId;
      }
      if (event.method === "Debugger.resumed" && !isFound) send("Debugger.pause");
      if (event.method !== "Debugger.paused") return;
      send("Debugger.resume"); // a thread left paused could not be terminated
      const frames: CallFrame[] = event.params.callFrames;
      stops += 1;
      isFound = stops === MAX_STOPS || frames.some(({ location }) => location.scriptId === raftScriptId);
      if (!isFound) return;
      resolve({ frames, raftScriptId });
      session.post("NodeWorker.detach", { sessionId });
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
      if (!error) return;
      clearTimeout(timer);
      disconnect(error.message);
    });
  });
}
