import { columns } from "../src/text/columns.js";
import type { Bench } from "./bench.js";
import { type Footprint, footprint } from "./helpers/footprint.js";
import { MeasuredPool } from "./helpers/measured-pool.js";

/** After so many runs it is measured. */
const RUNS = [100, 10_000, 20_000] as const;
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
  /** After 20,000 runs against `since`, at most. */
  readonly promise: number;
  readonly since: (typeof RUNS)[number];
}

// The heap after a collection has no noise but code that V8 has compiled since. Of the process it takes as much
// as it pleases between two collections, and comes to its size within some thousands of runs.
const FIGURES: readonly Figure[] = [
  { name: "heap of the thread that runs, MiB", of: ({ pool }) => pool.heapMiB, promise: 1.1, since: 100 },
  { name: "memory of its process, MiB", of: ({ pool }) => pool.rssMiB, promise: 1.1, since: 10_000 },
  { name: "threads of its process", of: ({ pool }) => pool.threads, promise: 1, since: 100 },
  { name: "open files of its process", of: ({ pool }) => pool.files, promise: 1, since: 100 },
  { name: "handles of the thread", of: ({ pool }) => pool.handles, promise: 1, since: 100 },
  { name: "heap of the campaign's thread, MiB", of: ({ own }) => own.heapMiB, promise: 1.1, since: 100 },
  { name: "open files of the campaign", of: ({ own }) => own.files, promise: 1, since: 100 },
  { name: "handles of the campaign", of: ({ own }) => own.handles, promise: 1, since: 100 },
];

/** What thousands of runs leave behind in the process that makes them, and in the one that counts them. */
export const stressLeak: Bench = {
  title: "what 20,000 runs of stress in sim leave behind",
  run: async (_options, tell) => {
    const pool = await MeasuredPool.start();
    const series: (readonly Sample[])[] = [];
    try {
      for (const runs of RUNS) {
        await pool.makeRuns(runs - pool.runs);
        series.push(await samplesOf(pool));
      }
      for (const line of columns([HEADS, ...FIGURES.map((figure) => row(figure, series))])) tell(line);
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

const HEADS = ["figure", ...RUNS.map((runs) => `after ${runs}`), "ratio", "promised", "kept"];

function row({ name, of, promise, since }: Figure, series: readonly (readonly Sample[])[]): string[] {
  const figures = series.map((samples) => least(samples, of));
  const ratio = (figures.at(-1) ?? Number.NaN) / (figures[RUNS.indexOf(since)] ?? Number.NaN);
  return [
    name,
    ...figures.map(shown),
    ratio.toFixed(2),
    `at most ${promise} since ${since}`,
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
