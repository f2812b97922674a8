import { Command } from "commander";
import type { CaseDefinition, RunResult } from "../harness/case.js";
import { bundleCases } from "../lab/cases-file.js";
import { chosenCases } from "../lab/chosen-cases.js";
import { loadProgram } from "../peer/program.js";
import type { Mode } from "../runtime/runtime.js";
import type { ScheduleName } from "../runtime/schedule.js";
import { RunPool } from "../stress/run-pool.js";
import { HereRunner, type Runner } from "../stress/runner.js";
import { counted } from "../text/counted.js";
import { firstDifference, showDifference } from "../trace/difference.js";
import {
  casesOption,
  extraOption,
  raftOption,
  runOption,
  type SeedRange,
  scheduleOption,
  seedsOption,
} from "./options.js";
import { Progress } from "./progress.js";
import { raftFile, shownRaft } from "./raft-file.js";
import { onEarlyEnd } from "./terminal.js";

interface ParityOptions {
  readonly raft?: string;
  readonly run: string;
  readonly cases?: string;
  readonly extra: boolean;
  readonly seeds: SeedRange;
  readonly schedule: ScheduleName;
  readonly quiet?: boolean;
}

/** The two modes whose histories must be one. */
interface Pair {
  readonly sim: Runner;
  readonly lockstep: Runner;
  readonly schedule: ScheduleName;
}

/** `whitewater parity`: the same runs in sim and in lockstep must have the same histories. */
export function parityCommand(): Command {
  return new Command("parity")
    .description("Compare sim with lockstep, history by history, and print the first difference if any.")
    .addOption(raftOption())
    .addOption(runOption())
    .addOption(casesOption())
    .addOption(extraOption())
    .addOption(seedsOption().default({ first: 1, last: 5 }, "1..5"))
    .addOption(scheduleOption("lively"))
    .option("--quiet", "no progress line")
    .action(parity);
}

async function parity(options: ParityOptions): Promise<void> {
  const casesFile = await bundleCases(options.cases);
  const cases = await chosenCases({ ...options, cases: casesFile });
  const raft = await raftFile(options.raft);
  const { first, last } = options.seeds;
  console.log(
    `whitewater: ${shownRaft(raft)} in sim and in lockstep, schedule ${options.schedule}, seeds ${first}..${last}`,
  );
  const program = await loadProgram(raft);
  const sim = new RunPool({ program, casesFile, threads: 1 });
  const pair: Pair = { sim, lockstep: new HereRunner(program), schedule: options.schedule };
  const progress = new Progress({ quiet: options.quiet ?? false });
  const counts = { compared: 0, differing: 0, failed: 0 };
  const summary = (ended: "ok" | "INTERRUPTED"): void => {
    progress.clear();
    const verdict = counts.differing > 0 ? "FAIL" : ended;
    const failed = counts.failed > 0 ? `; the case failed in ${counts.failed}, alike in both modes` : "";
    console.log(
      `${verdict}: ${counted(counts.compared, "pair")} compared, ${counts.differing} differ${failed}`,
    );
  };
  onEarlyEnd(() => summary("INTERRUPTED"));
  try {
    for (const definition of cases) {
      let differing = 0;
      for (let seed = first; seed <= last; seed += 1) {
        const { difference, hasFailed } = await comparison(pair, definition, seed);
        counts.compared += 1;
        if (hasFailed) counts.failed += 1;
        progress.update(
          () =>
            `${definition.name} seed ${seed}: ${counts.compared} of ${counted(cases.length * (last - first + 1), "pair")}`,
        );
        if (difference === undefined) continue;
        differing += 1;
        counts.differing += 1;
        progress.clear();
        console.log(`${definition.name} seed ${seed}: the two histories differ\n${difference}`);
      }
      progress.clear();
      const seeds = last - first + 1;
      console.log(
        `${definition.name.padEnd(26)} ${seeds - differing} of ${counted(seeds, "seed")} have one history`,
      );
    }
  } finally {
    await Promise.all([pair.sim.close(), pair.lockstep.close()]);
  }
  onEarlyEnd(() => {});
  summary("ok");
  process.exitCode = counts.differing > 0 ? 1 : 0;
}

interface Comparison {
  /** Where the two histories part, in lines for a reader; `undefined` if they are one. */
  readonly difference?: string;
  /** Whether they are one, and the case failed. */
  readonly hasFailed?: boolean;
}

async function comparison(pair: Pair, definition: CaseDefinition, seed: number): Promise<Comparison> {
  const { schedule } = pair;
  const both = (trace: boolean) =>
    Promise.all([
      pair.sim.run(definition, seed, { mode: "sim", schedule, check: false, trace }, () => {}),
      pair.lockstep.run(definition, seed, { mode: "lockstep", schedule, check: false, trace }, () => {}),
    ]);
  const [sim, lockstep] = await both(false);
  const unfinished = [unfinishedIn("sim", sim.result), unfinishedIn("lockstep", lockstep.result)].filter(
    Boolean,
  );
  if (unfinished.length > 0) return { difference: unfinished.join("\n") };
  if (sim.result.history === lockstep.result.history) {
    return { hasFailed: sim.result.status === "failed" };
  }
  const [simTraced, lockstepTraced] = await both(true);
  const difference = firstDifference(simTraced.trace ?? [], lockstepTraced.trace ?? []);
  if (difference) return { difference: showDifference(difference, ["sim", "lockstep"]) };
  const parted = `The histories were ${sim.result.history} and ${lockstep.result.history}, but a second run of each agrees: what differs is not fixed by the seed. Try --check-determinism.`;
  return { difference: parted };
}

/** A run that was broken off, as one with an endless loop is in `sim`, has no history to compare. */
function unfinishedIn(mode: Mode, { history, error }: RunResult): string | undefined {
  return history === undefined
    ? `in ${mode} it came to no end (${error?.kind}): ${error?.message}`
    : undefined;
}
