/** `npm run bench`: measures the speed promises of design 11 on this machine. `npm run bench -- rpc`: one entry. */
import { availableParallelism, cpus } from "node:os";
import type { Bench } from "./bench.js";
import { boot } from "./boot.js";
import { type Asked, parseAsked } from "./options.js";
import { peerCounts } from "./peer-counts.js";
import { profileCost } from "./profile-cost.js";
import { rpcInSim } from "./rpc-in-sim.js";
import { rpcOnThreads } from "./rpc-on-threads.js";
import { shares } from "./shares.js";
import { stressLeak } from "./stress-leak.js";
import { suite } from "./suite.js";
import { TABLE_HEAD, tableLine } from "./table.js";

/** All there is to measure, by the name to ask for it. */
const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ["suite", suite],
  ["shares", shares],
  ["sim-rpc", rpcInSim],
  ["peers", peerCounts],
  ["rpc", rpcOnThreads],
  ["boot", boot],
  ["profile", profileCost],
  ["leak", stressLeak],
]);

const { names, options } = asked(process.argv.slice(2));
const unknown = names.filter((name) => !BENCHES.has(name));
if (unknown.length > 0) refuse(`There is no bench ${unknown.join(", ")}.`);

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model.trim()}`);
for (const [name, { title, run }] of BENCHES) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}: ${title}`);
  const promises = await run(options, (line) => console.log(line));
  if (promises.length > 0) console.log(TABLE_HEAD);
  for (const promise of promises) console.log(tableLine(promise));
}

function asked(args: readonly string[]): Asked {
  try {
    return parseAsked(args);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(reason: string): never {
  console.error(`${reason} Give no name for all benches, or some of: ${[...BENCHES.keys()].join(", ")}.`);
  process.exit(2);
}
