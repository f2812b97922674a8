import { join } from "node:path";
import type { Program } from "../peer/program.js";
import { writeBundle } from "./bundle.js";
import type { PlannedRun } from "./plan.js";
import type { RunManner, Runner, RunReport } from "./runner.js";
import { signatureOf } from "./signature.js";

export interface FailureFilesOptions {
  /** Bundles go into `failures/` in it. */
  readonly folder: string;
  readonly program: Program;
  readonly manner: RunManner;
  readonly casesFile: string | undefined;
  /** Makes a failed run again, to have its trace. */
  readonly runner: Runner;
  /** Told, once, that bundles cannot be written. */
  readonly onTrouble: (message: string) => void;
}

/** Bundles that one kind of failure gets: the hundredth tells nothing new and costs as much as the first. */
const MAX_PER_SIGNATURE = 5;

/** Leaves a bundle of each failure, of each kind the first few. */
export class FailureFiles {
  readonly #options: FailureFilesOptions;
  readonly #written = new Map<string, number>();
  #isInTrouble = false;

  constructor(options: FailureFilesOptions) {
    this.#options = options;
  }

  /**
   * Where the report has its trace, or can have none, the bundle is written before this returns its promise.
   * @returns the path of the bundle; `undefined` if there is to be none, or it could not be written
   */
  async keep({ definition, seed }: PlannedRun, report: RunReport): Promise<string | undefined> {
    const signature = signatureOf(report.result);
    const count = this.#written.get(signature) ?? 0;
    if (this.#isInTrouble || count >= MAX_PER_SIGNATURE) return undefined;
    this.#written.set(signature, count + 1);
    const { folder, program, manner, casesFile, runner } = this.#options;
    let traced = report;
    if (report.trace === undefined && !report.isBrokenOff) {
      // In virtual time a second run costs less than to keep trace and history of each of the many that pass.
      const again = await runner.run(definition, seed, { ...manner, trace: true }, () => {});
      const { history } = again.result;
      const result = { ...report.result, ...(history === undefined ? {} : { history }) };
      traced = { ...report, result, trace: again.trace ?? [] };
    }
    try {
      return writeBundle(join(folder, "failures"), { program, manner, casesFile, report: traced });
    } catch (error) {
      this.#isInTrouble = true;
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.onTrouble(
        `bundles cannot be written to ${folder}: ${reason}. The campaign goes on without; failures are in its report.`,
      );
      return undefined;
    }
  }
}
