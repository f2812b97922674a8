import type { ServerView } from "./cluster.js";

/** A handler that has not answered for this long is worth a line. */
const SLOW_HANDLER_MS = 1000;

/** How every server stood at `nowMs`, in lines: what a failure shows besides its message. */
export function describeServers(views: readonly ServerView[], nowMs: number): readonly string[] {
  return views.flatMap((view, server) => [
    `server ${server}: ${[view.status, view.isConnected ? "connected" : "disconnected", describeState(view, nowMs)].filter(Boolean).join(", ")}`,
    ...view.unanswered
      .filter(({ forMs }) => forMs > SLOW_HANDLER_MS)
      .map(
        ({ svcMeth, forMs }) =>
          `server ${server}: its handler ${svcMeth} has not answered for ${seconds(forMs)}`,
      ),
  ]);
}

function describeState({ seen }: ServerView, nowMs: number): string {
  if (!seen) return "";
  const role = seen.isLeader ? "leader" : "not leader";
  return `${role} in term ${seen.term} when last heard, ${seconds(nowMs - seen.atMs)} before`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
