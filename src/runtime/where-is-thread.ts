import { Session } from "node:inspector";
import { SourceMap, type SourceMapPayload } from "node:module";
import type { Program } from "../peer/program.js";
import { RAFT_FILE } from "../peer/script-names.js";
import { originalPlace } from "../peer/stack.js";

/** A thread that answers nothing within this time is not waited for. */
const PATIENCE_MS = 2_000;

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
  const session = new Session();
  session.connect();
  try {
    const { frames, raftScriptId } = await pauseThread(session, threadId);
    const map = new SourceMap(JSON.parse(program.raftMap) as SourceMapPayload);
    const lines = frames
      .filter(({ location }) => location.scriptId === raftScriptId)
      .map(({ functionName, location }) => {
        const place = originalPlace(map, location.lineNumber + 1, location.columnNumber + 1);
        return `    at ${functionName === "" ? place : `${functionName} (${place})`}`;
      });
    return lines.length > 0 ? ["It stands", ...lines].join("\n") : undefined;
  } catch {
    return undefined; // a thread that ended meanwhile, or an inspector in use: the fault is told without it
  } finally {
    session.disconnect();
  }
}

/** Stops the thread, reads its stack and lets it go on. */
function pauseThread(
  session: Session,
  threadId: number,
): Promise<{ frames: CallFrame[]; raftScriptId: string }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the thread does not stop")), PATIENCE_MS);
    let sessionId = "";
    let raftScriptId = "";
    let lastId = 0;
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
    session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
      if (params.sessionId !== sessionId) return;
      const event = JSON.parse(params.message);
      if (event.method === "Debugger.scriptParsed" && event.params.url === RAFT_FILE) {
        raftScriptId = event.params.scriptId;
      }
      if (event.method !== "Debugger.paused") return;
      clearTimeout(timer);
      send("Debugger.resume"); // a thread left paused could not be terminated
      session.post("NodeWorker.detach", { sessionId });
      resolve({ frames: event.params.callFrames, raftScriptId });
    });
    session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => error && reject(error));
  });
}
