import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchOptions } from "../bench.js";
import type { Contestant } from "../rounds.js";

const execute = promisify(execFile);

/** A call of the benchmark of Go's labrpc, to be compared with. */
export interface GoCall {
  readonly contestant: Contestant;
  close(): Promise<void>;
}

/**
 * The figure that was given; else the benchmark itself, which each run of the contestant runs once.
 * @returns or why there is neither
 */
export async function goCall({
  goUs,
  goLabrpc,
}: Pick<BenchOptions, "goUs" | "goLabrpc">): Promise<GoCall | { readonly why: string }> {
  if (goUs !== undefined) {
    const overriddenDuration = goUs / 1000;
    return { contestant: { run: async () => ({ overriddenDuration }) }, close: async () => {} };
  }
  if (goLabrpc === undefined) {
    return { why: "give --go-labrpc FOLDER to run its benchmark, or --go-us MICROSECONDS" };
  }
  const folder = await mkdtemp(join(tmpdir(), "whitewater-go-"));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const tests = join(folder, "labrpc.test");
  try {
    await execute("go", ["test", "-c", "-o", tests, "."], { cwd: goLabrpc });
  } catch (error) {
    await close();
    return { why: `go test in ${goLabrpc}: ${(error as Error).message}` };
  }
  return { contestant: { run: () => runBenchmark(tests, goLabrpc) }, close };
}

async function runBenchmark(tests: string, cwd: string): Promise<{ overriddenDuration: number }> {
  const { stdout } = await execute(tests, ["-test.v", "-test.run", "^TestBenchmark$"], { cwd });
  const us = callUs(stdout);
  if (us === undefined) throw new Error(`Go's TestBenchmark told no time:\n${stdout}`);
  return { overriddenDuration: us / 1000 };
}

/** µs per call, from the line that the benchmark prints, such as `1.36s for 100000`. */
export function callUs(output: string): number | undefined {
  const line = /^(?:(?<minutes>\d+)m)?(?<amount>[\d.]+)(?<unit>s|ms) for (?<calls>\d+)$/m.exec(output);
  if (!line?.groups) return undefined;
  const { minutes = 0, amount, unit, calls } = line.groups;
  const seconds = Number(minutes) * 60 + Number(amount) / (unit === "ms" ? 1000 : 1);
  return (seconds * 1e6) / Number(calls);
}
