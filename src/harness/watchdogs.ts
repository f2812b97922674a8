import type { Cluster, ServerView } from "./cluster.js";

/** The lab's limit on a case (lab-spec 6.13), on the clock of the mode. */
export const CASE_LIMIT_MS = 120_000;

/** A handler of the lab answers in well under this, on any machine. */
const HANDLER_LIMIT_MS = 5000;
const LOOK_EVERY_MS = 1000;

/** Fails the case when its time is up, unlike the lab, which only looks at its end. @returns stops it */
export function watchTime({ runtime, verdict, patience }: Cluster): () => void {
  const limitMs = CASE_LIMIT_MS * patience;
  const message = `the case took longer than ${limitMs / 1000} s`;
  return runtime.clock.after(limitMs, () => verdict.fail({ kind: "timeout", message, breaks: "budget" }));
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
    const limitMs = HANDLER_LIMIT_MS * cluster.patience;
    const svcMeth = stuckHandler(view, nowMs, limitMs);
    if (svcMeth === undefined) continue;
    const message = `peer ${peer}: the handler ${svcMeth} has not answered for ${limitMs / 1000} s; does it wait for something that never comes?`;
    cluster.verdict.fail({ kind: "stuck", message, peer });
  }
}

/**
 * The handler that has been at it for too long. Time off the network does not count, for nobody waits then; nor is
 * it to blame while its peer's event loop stands still, in a loop or for want of a core, which is watched elsewhere.
 */
function stuckHandler(
  { status, isConnected, connectedSinceMs, isStandingStill, unanswered }: ServerView,
  nowMs: number,
  limitMs: number,
): string | undefined {
  const [oldest] = unanswered;
  if (!oldest || status !== "running" || !isConnected || isStandingStill) return undefined;
  const forMs = Math.min(oldest.forMs, nowMs - connectedSinceMs);
  return forMs >= limitMs ? oldest.svcMeth : undefined;
}
