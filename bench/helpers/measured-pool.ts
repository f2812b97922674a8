import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseDefinition } from "../../src/harness/case.js";
import { allCases, bundleCases } from "../../src/lab/cases-file.js";
import { loadProgram } from "../../src/peer/program.js";
import { REFERENCE_RAFT } from "../../src/peer/reference-raft.js";
import { ProcessPool } from "../../src/stress/process-pool.js";
import type { RunManner, RunReport } from "../../src/stress/runner.js";
import type { Footprint } from "./footprint.js";

/** The pool of `stress` with a single process, which makes short runs and is measured in between. */
export class MeasuredPool {
  readonly #pool: ProcessPool;
  readonly #cases: readonly CaseDefinition[];
  #runs = 0;

  private constructor(pool: ProcessPool, cases: readonly CaseDefinition[]) {
    this.#pool = pool;
    this.#cases = cases;
  }

  static async start(): Promise<MeasuredPool> {
    const file = fileURLToPath(import.meta.resolve(`../fixtures/footprint-cases${extname(import.meta.url)}`));
    const casesFile = await bundleCases(file);
    const program = await loadProgram(REFERENCE_RAFT);
    const processes = new ProcessPool({ program, casesFile, processes: 1 });
    const pool = new MeasuredPool(processes, await allCases(casesFile));
    // It is told by a case that fails, and the first that does has the map of our sources read, which is kept.
    await pool.footprint();
    return pool;
  }

  /** How many it has made, those to measure included. */
  get runs(): number {
    return this.#runs;
  }

  /**
   * Makes so many runs of the reference Raft, one after another.
   * @throws {Error} if one fails
   */
  async makeRuns(count: number, mode: RunManner["mode"] = "sim"): Promise<void> {
    for (let made = 0; made < count; made += 1) {
      const { result } = await this.#run("TestShort", mode);
      if (result.error) throw new Error(`seed ${result.seed}: ${result.error.message}`);
    }
  }

  /** The footprint of the thread that makes runs in `sim`, and of its process. */
  async footprint(): Promise<Footprint> {
    const { result } = await this.#run("TestFootprint", "sim");
    return JSON.parse(result.error?.message ?? "") as Footprint;
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #run(name: string, mode: RunManner["mode"]): Promise<RunReport> {
    const definition = this.#cases.find((one) => one.name === name);
    if (!definition) throw new Error(`There is no case ${name}.`);
    this.#runs += 1; // each has its seed
    return this.#pool.run(definition, this.#runs, { mode, schedule: "lively", check: true }, () => {});
  }
}
