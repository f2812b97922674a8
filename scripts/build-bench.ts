/**
 * The last step before a bench, when the compiler has written its JavaScript, ours included: what the threads and
 * processes of the pools load is built as the package has it.
 */
import { resolve } from "node:path";
import { buildPrograms } from "./programs.js";

await buildPrograms(
  resolve(import.meta.dirname, "../dist/bench/src"),
  "stress/run-worker",
  "stress/run-process",
);
