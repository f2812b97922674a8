import type { ServerView } from "./cluster.js";

/** A handler that has not answered for this long is worth a line. */
const SLOW_HANDLER_MS = 1000;

/** What one handler of one server has been asked, and has not answered yet. */
export interface OpenCalls {
  readonly server: number;
  readonly svcMeth: string;
  readonly calls: number;
  /** For how long the oldest of them has been waiting. */
  readonly oldestMs: number;
}

/** How every server stood at `nowMs`, in lines: what a failure shows besides its message. */
export function describeServers(views: readonly ServerView[], nowMs: number): readonly string[] {
  const open = openCalls(views).filter(({ oldestMs }) => oldestMs > SLOW_HANDLER_MS);
  return views.flatMap((view, server) => [
    `server ${server}: ${[view.status, view.isConnected ? "connected" : "disconnected", describeState(view, nowMs)].filter(Boolean).join(", ")}`,
    ...open.filter((one) => one.server === server).map(describeOpen),
  ]);
}

/** What the handlers of all servers have not answered yet, handler by handler. */
export function openCalls(views: readonly ServerView[]): readonly OpenCalls[] {
  const open = new Map<string, OpenCalls>();
  for (const [server, { unanswered }] of views.entries()) {
    for (const { svcMeth, forMs } of unanswered) {
      const key = `${server} ${svcMeth}`;
      const { calls, oldestMs } = open.get(key) ?? { calls: 0, oldestMs: forMs };
      open.set(key, { server, svcMeth, calls: calls + 1, oldestMs });
    }
  }
  return [...open.values()];
}

function describeOpen({ server, svcMeth, calls, oldestMs }: OpenCalls): string {
  const what = calls === 1 ? "has not answered" : `has not answered ${calls} calls, the oldest`;
  return `server ${server}: its handler ${svcMeth} ${what} for ${seconds(oldestMs)}`;
}

function describeState({ seen }: ServerView, nowMs: number): string {
  if (!seen) return "";
  const role = seen.isLeader ? "leader" : "not leader";
  return `${role} in term ${seen.term} when last heard, ${seconds(nowMs - seen.atMs)} before`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
