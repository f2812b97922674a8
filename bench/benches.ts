import type { Bench } from "./bench.js";
import { boot } from "./boot.js";
import { peerCounts } from "./peer-counts.js";
import { profileCost } from "./profile-cost.js";
import { rpcInSim } from "./rpc-in-sim.js";
import { rpcOnThreads } from "./rpc-on-threads.js";
import { shares } from "./shares.js";
import { stressLeak } from "./stress-leak.js";
import { suite } from "./suite.js";

/** All there is to measure, by the name to ask for it. */
export const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ["suite", suite],
  ["shares", shares],
  ["sim-rpc", rpcInSim],
  ["peers", peerCounts],
  ["rpc", rpcOnThreads],
  ["boot", boot],
  ["profile", profileCost],
  ["leak", stressLeak],
]);
