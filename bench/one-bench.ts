/** The process of one bench: its name and the options, as JSON, are its arguments. It prints what comes of it. */
import type { BenchOptions } from "./bench.js";
import { BENCHES } from "./benches.js";
import { TABLE_HEAD, tableLine } from "./table.js";

const [name = "", options = ""] = process.argv.slice(2);
const bench = BENCHES.get(name);
if (!bench) throw new Error(`There is no bench ${name}.`);

console.log(`\n${name}: ${bench.title}`);
const promises = await bench.run(JSON.parse(options) as BenchOptions, (line) => console.log(line));
if (promises.length > 0) console.log(TABLE_HEAD);
for (const promise of promises) console.log(tableLine(promise));
