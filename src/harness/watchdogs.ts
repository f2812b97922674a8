import type { Cluster, ServerView } from "./cluster.js";

/** The lab's limit on a case (lab-spec 6.13), on the clock of the mode. */
export const CASE_LIMIT_MS = 120_000;

/** A handler of the lab answers in well under this, on any machine. */
const HANDLER_LIMIT_MS = 5000;
const LOOK_EVERY_MS = 1000;

/** Fails the case when its time is up, unlike the lab, which only looks at its end. @returns stops it */
export function watchTime({ runtime, verdict }: Cluster): () => void {
  const message = `the case took longer than ${CASE_LIMIT_MS / 1000} s`;
  return runtime.clock.after(CASE_LIMIT_MS, () => verdict.fail({ kind: "timeout", message }));
}

/**
 * Fails the case when a handler of a running, connected peer has not answered for 5 s. The lab would wait
 * for ever, as would the caller. One look a second costs nothing; a timer per request would. @returns stops it
 */
export function watchHandlers(cluster: Cluster): () => void {
  const { clock } = cluster.runtime;
  const look = (): void => {
    failIfStuck(cluster, clock.nowMs());
    cancel = clock.after(LOOK_EVERY_MS, look);
  };
  let cancel = clock.after(LOOK_EVERY_MS, look);
  return () => cancel();
}

function failIfStuck(cluster: Cluster, nowMs: number): void {
  for (const [peer, view] of cluster.views().entries()) {
    const svcMeth = stuckHandler(view, nowMs);
    if (svcMeth === undefined) continue;
    const limit = HANDLER_LIMIT_MS / 1000;
    const message = `peer ${peer}: the handler ${svcMeth} has not answered for ${limit} s; does it wait for something that never comes?`;
    cluster.verdict.fail({ kind: "stuck", message, peer });
  }
}

/** The handler that has been at it for too long; time off the network does not count, for nobody waits then. */
function stuckHandler({ status, isConnected, connectedSinceMs, unanswered }: ServerView, nowMs: number) {
  const [oldest] = unanswered;
  if (!oldest || status !== "running" || !isConnected) return undefined;
  const forMs = Math.min(oldest.forMs, nowMs - connectedSinceMs);
  return forMs >= HANDLER_LIMIT_MS ? oldest.svcMeth : undefined;
}
