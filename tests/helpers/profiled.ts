import type { ExecutionContext } from "ava";
import type { CaseDefinition } from "../../src/harness/case.js";
import type { Config } from "../../src/harness/config.js";
import { loadProgram } from "../../src/peer/program.js";
import type { RecordOptions } from "../../src/profile/peer-record.js";
import { known, type Profile } from "../../src/profile/profile.js";
import { type ProfiledRun, profileCase } from "../../src/profile/profile-run.js";
import type { TraceSink } from "../../src/trace/event.js";

/** Other programs that have less than this share of the cores do not disturb. */
const QUIET = 0.25;
/** A busy machine may be quiet the next time. */
const ATTEMPTS = 2;

export interface LoadCase extends Partial<RecordOptions> {
  /** A file of `tests/fixtures/profile`. */
  readonly raft: string;
  readonly peers: number;
  readonly unreliable?: boolean;
  /** Keeps the main thread at work with each request and each reply. */
  readonly routerWork?: () => void;
  readonly run: (cfg: Config) => Promise<void>;
}

/** Profiles peers of a fixture while `run` lasts. */
export async function profiled(load: LoadCase): Promise<ProfiledRun & { readonly profile: Profile }> {
  const { raft, peers, unreliable = false, routerWork, run, trace = false, cpuProfile = false } = load;
  const definition: CaseDefinition = {
    name: raft,
    part: "profile",
    title: raft,
    servers: peers,
    unreliable,
    run,
  };
  const program = await loadProgram(`tests/fixtures/profile/${raft}`);
  const profiledRun = await profileCase(definition, {
    program,
    seed: 1,
    trace,
    cpuProfile,
    listeners: routerWork ? [slowRouter(routerWork)] : [],
  });
  const { profile, result } = profiledRun;
  if (!profile || result.error) throw new Error(result.error?.message ?? "nothing was measured");
  return { ...profiledRun, profile };
}

/** The router tells it of each event before it goes on. */
function slowRouter(work: () => void): TraceSink {
  return {
    record: ({ kind }) => {
      if (kind === "send" || kind === "handled") work();
    },
  };
}

/** What a run showed, and whether the machine was ours meanwhile. */
export interface Shown {
  readonly profile: Profile;
  readonly isQuiet: boolean;
}

/**
 * Profiles the load until a run is not disturbed by other programs, twice at most: what they take from
 * it is no mistake of the profiler's, and it says so itself.
 */
export async function undisturbed(t: ExecutionContext, load: LoadCase): Promise<Shown> {
  let profile: Profile;
  let attempt = 0;
  do {
    attempt += 1;
    ({ profile } = await profiled(load));
  } while (attempt < ATTEMPTS && !isQuiet(profile));
  if (!isQuiet(profile)) t.log(`the machine was busy each time: ${profile.bottleneck.sentence}`);
  return { profile, isQuiet: isQuiet(profile) };
}

function isQuiet({ otherProgramsOnCoreMs, wallMs, cores }: Profile): boolean {
  return known(otherProgramsOnCoreMs, 0) / wallMs / cores < QUIET;
}

/** Whether `actual` is within 10 % of `planted`. */
export function isWithinTenth(actual = Number.NaN, planted: number): boolean {
  return Math.abs(actual - planted) <= 0.1 * planted;
}
