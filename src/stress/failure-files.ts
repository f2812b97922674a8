import { join } from "node:path";
import type { Program } from "../peer/program.js";
import { messageOf } from "../text/message.js";
import { type SourceFile, writeBundle } from "./bundle.js";
import type { PlannedRun } from "./plan.js";
import type { RunManner, Runner, RunReport } from "./runner.js";
import { signatureOf } from "./signature.js";

export interface FailureFilesOptions {
  /** Bundles go into `failures/` in it. */
  readonly folder: string;
  readonly program: Program;
  readonly manner: RunManner;
  readonly cases: SourceFile | undefined;
  /** Makes a failed run again, to have its trace. */
  readonly runner: Runner;
  /** Told, once, that bundles cannot be written. */
  readonly onTrouble: (message: string) => void;
}

/** Bundles that one kind of failure gets: the hundredth tells nothing new and costs as much as the first. */
const MAX_PER_SIGNATURE = 5;

/** Leaves a bundle of each failure, of each kind the first few and the one with the smallest seed. */
export class FailureFiles {
  readonly #options: FailureFilesOptions;
  /** By signature. */
  readonly #written = new Map<string, { count: number; smallestSeed: number }>();
  #isInTrouble = false;

  constructor(options: FailureFilesOptions) {
    this.#options = options;
  }

  /** @returns the path of the bundle; `undefined` if there is to be none, or it could not be written */
  async keep(run: PlannedRun, report: RunReport): Promise<string | undefined> {
    if (!this.#isWanted(report)) return undefined;
    return this.#write(report.trace || report.isBrokenOff ? report : await this.#traced(run, report));
  }

  /**
   * Keeps it on the spot, as it is: in virtual time without its events.
   * @returns as `keep` does
   */
  keepNow(report: RunReport): string | undefined {
    return this.#isWanted(report) ? this.#write(report) : undefined;
  }

  /** Counts it, if it is. */
  #isWanted({ result }: RunReport): boolean {
    const signature = signatureOf(result);
    const known = this.#written.get(signature) ?? { count: 0, smallestSeed: Number.POSITIVE_INFINITY };
    // The report shows the one with the smallest seed, which may end after others that began later.
    const isExample = result.seed < known.smallestSeed;
    if (this.#isInTrouble || (known.count >= MAX_PER_SIGNATURE && !isExample)) return false;
    const smallestSeed = Math.min(result.seed, known.smallestSeed);
    this.#written.set(signature, { count: known.count + 1, smallestSeed });
    return true;
  }

  /** In virtual time a second run costs less than to keep trace and history of each of the many that pass. */
  async #traced({ definition, seed }: PlannedRun, report: RunReport): Promise<RunReport> {
    const { runner, manner } = this.#options;
    const noLines = (): void => {}; // none that the first run has not told
    const again = await runner.run(definition, seed, { ...manner, trace: true }, noLines);
    const { history } = again.result;
    const result = { ...report.result, ...(history === undefined ? {} : { history }) };
    return { ...report, result, trace: again.trace ?? [] };
  }

  #write(report: RunReport): string | undefined {
    const { folder, program, manner, cases } = this.#options;
    try {
      return writeBundle(join(folder, "failures"), { program, manner, cases, report });
    } catch (error) {
      if (this.#isInTrouble) return undefined; // another run has told of it
      this.#isInTrouble = true;
      const reason = messageOf(error);
      this.#options.onTrouble(
        `bundles cannot be written to ${folder}: ${reason}. The campaign goes on without; failures are in its report.`,
      );
      return undefined;
    }
  }
}
