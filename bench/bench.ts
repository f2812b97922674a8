/** One entry of `bench/`: it measures, and says what of it design 11 promises. */
export interface Bench {
  /** What it is about, in a few words. */
  readonly title: string;
  /** @param tell prints a line of what it finds beside promises, such as a table */
  readonly run: (options: BenchOptions, tell: (line: string) => void) => Promise<readonly SpeedPromise[]>;
}

/** What may be asked of the benches. */
export interface BenchOptions {
  /** The cases of `suite` and `shares`: a regular expression, as of `whitewater test --run`. */
  readonly run: string;
  /** Whether `suite` runs the cases on threads as well, which takes minutes of real time. */
  readonly threads: boolean;
  /** What a call of the benchmark of Go's labrpc takes on this machine, in µs, where it was measured before. */
  readonly goUs: number | undefined;
  /** The folder of Go's labrpc, where that benchmark is to be run now. */
  readonly goLabrpc: string | undefined;
}

/** A line of the speed promises: what is done, against what, and how the two compare in this run. */
export interface SpeedPromise {
  readonly what: string;
  readonly against: string;
  /** The ratio `what / against` that must not be exceeded; `undefined` where nothing is promised. */
  readonly promise: number | undefined;
  readonly measured: Comparison;
}

/** What came of doing two things in turns. */
export interface Comparison {
  /** Median over the rounds of the ratio within a round: the machine's load is then the same for both. */
  readonly ratio: number;
  /** The middle half of the rounds has ratios between these. */
  readonly quartiles: readonly [low: number, high: number];
  readonly rounds: number;
  /** Medians of the cost itself, in ms. They depend on the machine; the ratio, hardly. */
  readonly whatMs: number;
  readonly againstMs: number;
}
