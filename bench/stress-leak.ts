import { columns } from "../src/text/columns.js";
import type { Bench } from "./bench.js";
import { type Footprint, footprint } from "./helpers/footprint.js";
import { MeasuredPool } from "./helpers/measured-pool.js";

/** Until then the memory of a process still grows: to 180 MiB, of which it has 120 after 100 runs. */
const RUNS_BEFORE = 5000;
const RUNS_AFTER = 15_000;
/** Measured so often at either place, some runs apart. */
const SAMPLES = 5;
const RUNS_BETWEEN = 4;

/** What a pool process and the campaign's own hold at one moment. */
interface Sample {
  readonly pool: Footprint;
  readonly own: Footprint;
}

/** One figure of them, and by how much it may grow. */
interface Figure {
  readonly name: string;
  readonly of: (sample: Sample) => number | undefined;
  /** After 15,000 runs against after 5,000, at most. */
  readonly promise: number;
}

// The heap after a collection has no noise but code that V8 has compiled since. Of the process it takes as much
// as it pleases between two collections.
const FIGURES: readonly Figure[] = [
  { name: "heap of the thread that runs, MiB", of: ({ pool }) => pool.heapMiB, promise: 1.1 },
  { name: "memory of its process, MiB", of: ({ pool }) => pool.rssMiB, promise: 1.3 },
  { name: "threads of its process", of: ({ pool }) => pool.threads, promise: 1 },
  { name: "open files of its process", of: ({ pool }) => pool.files, promise: 1 },
  { name: "handles of the thread", of: ({ pool }) => pool.handles, promise: 1 },
  { name: "heap of the campaign's thread, MiB", of: ({ own }) => own.heapMiB, promise: 1.1 },
  { name: "open files of the campaign", of: ({ own }) => own.files, promise: 1 },
  { name: "handles of the campaign", of: ({ own }) => own.handles, promise: 1 },
];

/** What 10,000 runs leave behind in the process that makes them, and in the one that counts them. */
export const stressLeak: Bench = {
  title: `what ${RUNS_AFTER - RUNS_BEFORE} runs of stress in sim leave behind, after ${RUNS_BEFORE}`,
  run: async (_options, tell) => {
    const pool = await MeasuredPool.start();
    try {
      await pool.makeRuns(RUNS_BEFORE);
      const before = await samplesOf(pool);
      await pool.makeRuns(RUNS_AFTER - pool.runs);
      const after = await samplesOf(pool);
      for (const line of table(before, after)) tell(line);
      return [];
    } finally {
      await pool.close();
    }
  },
};

async function samplesOf(pool: MeasuredPool): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let i = 0; i < SAMPLES; i += 1) {
    await pool.makeRuns(RUNS_BETWEEN);
    samples.push({ pool: await pool.footprint(), own: footprint() });
  }
  return samples;
}

function table(before: readonly Sample[], after: readonly Sample[]): string[] {
  const heads = ["figure", `after ${RUNS_BEFORE}`, `after ${RUNS_AFTER}`, "ratio", "promised", "kept"];
  return columns([heads, ...FIGURES.map((figure) => row(figure, before, after))]);
}

function row({ name, of, promise }: Figure, before: readonly Sample[], after: readonly Sample[]): string[] {
  const [earlier, later] = [least(before, of), least(after, of)];
  const ratio = later / earlier;
  return [
    name,
    shown(earlier),
    shown(later),
    ratio.toFixed(2),
    `at most ${promise}`,
    Number.isNaN(ratio) ? "n/a" : ratio <= promise ? "yes" : "NO",
  ];
}

/** The least of the samples: what there is more of at times is garbage, or a thread that is about to end. */
function least(samples: readonly Sample[], of: Figure["of"]): number {
  return Math.min(...samples.map((sample) => of(sample) ?? Number.NaN));
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}
