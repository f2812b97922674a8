import { bottleneckOf } from "../../src/profile/bottleneck.js";
import type { Measured, Profile } from "../../src/profile/profile.js";
import { about, measured } from "./measured.js";

/** The profile of a run in which nothing was short, or of `given`. */
export function profileOf(name: string, given: Measured = measured()): Profile {
  return {
    ...given,
    bottleneck: bottleneckOf(given),
    result: {
      name,
      part: "own",
      title: `Test (own): ${name}`,
      status: "passed",
      seconds: 1,
      wallMs: 1000,
      peers: given.threads.length - 1,
      rpcs: 100,
      bytes: 1000,
      commits: 10,
      seed: 7,
    },
  };
}

/** The profile of a load on as many peers as `given` has. */
export function loadProfile(rate: number, given: Measured, p50Ms: number): Profile {
  const peers = given.threads.length - 1;
  const load = {
    rate,
    seconds: 5,
    started: 5 * rate,
    committed: 5 * rate,
    throughput: rate,
    commitLatency: about(p50Ms, 10 * p50Ms),
    pending: 1,
    oldestPendingMs: p50Ms,
  };
  return { ...profileOf(`Load${rate}Peers${peers}`, given), load };
}
