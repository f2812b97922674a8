/** `npm run bench`: measures the speed promises of design 11 on this machine. `npm run bench -- rpc`: one entry. */
import { availableParallelism, cpus } from "node:os";
import type { Bench } from "./bench.js";
import { boot } from "./boot.js";
import { profileCost } from "./profile-cost.js";
import { rpcOnThreads } from "./rpc-on-threads.js";
import { TABLE_HEAD, tableLine } from "./table.js";

/** All there is to measure, by the name to ask for it. */
const BENCHES: ReadonlyMap<string, Bench> = new Map([
  ["rpc", rpcOnThreads],
  ["boot", boot],
  ["profile", profileCost],
]);

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !BENCHES.has(name));
if (unknown.length > 0) {
  const names = [...BENCHES.keys()].join(", ");
  console.error(`There is no bench ${unknown.join(", ")}. Give none for all, or some of: ${names}.`);
  process.exit(2);
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model.trim()}`);
for (const [name, { title, run }] of BENCHES) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`\n${name}: ${title}\n${TABLE_HEAD}`);
  for (const promise of await run()) console.log(tableLine(promise));
}
