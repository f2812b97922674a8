import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { BenchOptions } from "../bench.js";

/** Runs of Go's benchmark; the fastest counts, as the one that the machine disturbed least. */
const RUNS = 3;

/** What a call of the benchmark of Go's labrpc takes, in µs; or why that is not known. */
export type GoCall = { readonly us: number } | { readonly us: undefined; readonly why: string };

/** The figure that was given; else that of the benchmark, run now. */
export async function goCall({ goUs, goLabrpc }: Pick<BenchOptions, "goUs" | "goLabrpc">): Promise<GoCall> {
  if (goUs !== undefined) return { us: goUs };
  if (goLabrpc === undefined) {
    return { us: undefined, why: "Give --go-labrpc FOLDER to run its benchmark, or --go-us MICROSECONDS." };
  }
  try {
    const args = ["test", "-v", "-count", String(RUNS), "-run", "^TestBenchmark$", "."];
    const { stdout } = await promisify(execFile)("go", args, { cwd: goLabrpc });
    const us = Math.min(...callsUs(stdout));
    return Number.isFinite(us) ? { us } : { us: undefined, why: `go test told no time:\n${stdout}` };
  } catch (error) {
    return { us: undefined, why: `go test in ${goLabrpc}: ${(error as Error).message}` };
  }
}

/** µs per call in each line such as `1.36s for 100000`, which the benchmark prints. */
export function callsUs(output: string): number[] {
  const lines = output.matchAll(/^(?:(?<minutes>\d+)m)?(?<amount>[\d.]+)(?<unit>s|ms) for (?<calls>\d+)$/gm);
  return [...lines].map(({ groups = {} }) => {
    const seconds =
      Number(groups.minutes ?? 0) * 60 + Number(groups.amount) / (groups.unit === "ms" ? 1000 : 1);
    return (seconds * 1e6) / Number(groups.calls);
  });
}
