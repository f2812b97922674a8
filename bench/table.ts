import type { SpeedPromise } from "./bench.js";

export const TABLE_HEAD = row("ratio", "middle half", "promised", "kept", "what / against what");

/** One line for one promise: figures in columns, words last. */
export function tableLine({ what, against, promise, measured }: SpeedPromise): string {
  const { ratio, quartiles, whatMs, againstMs } = measured;
  const [low, high] = quartiles.map(short);
  return row(
    short(ratio),
    `${low} to ${high}`,
    promise === undefined ? "" : `at most ${promise}`,
    promise === undefined ? "" : ratio <= promise ? "yes" : "NO",
    `${what} (${duration(whatMs)}) / ${against} (${duration(againstMs)})`,
  );
}

function row(ratio: string, spread: string, promise: string, kept: string, words: string): string {
  return `${ratio.padStart(7)}  ${spread.padEnd(16)}  ${promise.padEnd(12)}  ${kept.padEnd(4)}  ${words}`;
}

/** Three digits that count. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function duration(ms: number): string {
  return ms < 1 ? `${short(ms * 1000)} µs` : ms < 10_000 ? `${short(ms)} ms` : `${short(ms / 1000)} s`;
}
