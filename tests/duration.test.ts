/** How a span of time is told. */
import test from "ava";
import { shownDuration } from "../src/text/duration.js";

for (const [durationMs, shown] of [
  [0, "0ms"],
  [449.6, "450ms"],
  [1000, "1s"],
  [59_400, "59s"],
  [59_600, "1m"],
  [90_000, "1m 30s"],
  [100_000, "1m 40s"],
  [600_000, "10m"],
  [3_600_000, "1h"],
  [3_605_000, "1h"],
  [8_040_000, "2h 14m"],
  [97_200_000, "27h"],
] as const) {
  test(`${durationMs} ms are ${shown}`, (t) => t.is(shownDuration(durationMs), shown));
}
