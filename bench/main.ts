/** `npm run bench`: measures the speed promises of design 11 on this machine. `npm run bench -- rpc`: one entry. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism, cpus } from "node:os";
import { BENCHES } from "./benches.js";
import { type Asked, parseAsked } from "./options.js";

const { names, options } = asked(process.argv.slice(2));
const unknown = names.filter((name) => !BENCHES.has(name));
if (unknown.length > 0) {
  const all = [...BENCHES.keys()].join(", ");
  refuse(`There is no bench ${unknown.join(", ")}. Give no name for all benches, or some of: ${all}.`);
}

console.log(`Node ${process.version}, ${availableParallelism()} cores, ${cpus()[0]?.model.trim()}`);
for (const name of BENCHES.keys()) {
  if (names.length > 0 && !names.includes(name)) continue;
  // In a process of its own: the flags that one sets for V8, such as those of the pool, are nothing to the next.
  const bench = fork(new URL("./one-bench.js", import.meta.url), [name, JSON.stringify(options)]);
  const [code] = await once(bench, "exit");
  if (code !== 0) process.exitCode = (code as number | null) ?? 1;
}

function asked(args: readonly string[]): Asked {
  try {
    return parseAsked(args);
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
