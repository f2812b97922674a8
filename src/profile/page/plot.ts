import uPlot from "uplot";
import { element, type PageElement } from "./dom.js";
import type { PlotData } from "./page-data.js";

/** Colours that also those tell apart who see no red or no green (Okabe and Ito). */
const COLOURS = [
  ...["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#8c6d31"],
  ...["#000000", "#b5b000"],
];
const HEIGHT = 300;
const LOGARITHMIC = 3;

type Frame = ConstructorParameters<typeof uPlot>[2];

/** A plot, drawn as wide as it stands when `resize` is called. */
export interface Plot {
  readonly element: PageElement;
  resize(): void;
}

export function plot({ title, xTitle, yTitle, isLogarithmic, x, series }: PlotData): Plot {
  const frame = element("figure", [element("figcaption", title)]);
  const options: uPlot.Options = {
    width: 600,
    height: HEIGHT,
    scales: { x: { time: false }, y: isLogarithmic ? { distr: LOGARITHMIC } : { range: fromZero } },
    axes: [
      { label: xTitle, splits: () => [...x], values: (_, ticks) => ticks.map(String) },
      { label: yTitle, size: 60 },
    ],
    // While nobody points at a place, the legend tells of the last one.
    hooks: {
      setLegend: [({ cursor, setLegend }) => cursor.idx == null && setLegend({ idx: x.length - 1 }, false)],
    },
    series: [
      { label: xTitle },
      ...series.map(({ name }, i) => ({
        label: name,
        stroke: COLOURS[i % COLOURS.length] ?? "black",
        width: 2,
        points: { show: true, size: 6 },
        spanGaps: true,
        value: (_: uPlot, value: number | null) => (value === null ? "" : value.toPrecision(3)),
      })),
    ],
  };
  const data = [[...x], ...series.map(({ y }) => [...y])] as uPlot.AlignedData;
  const drawn = new uPlot(options, data, frame as unknown as Frame);
  const resize = (): void => {
    if (frame.clientWidth > 0) drawn.setSize({ width: frame.clientWidth, height: HEIGHT });
  };
  return { element: frame, resize };
}

function fromZero(_: uPlot, _min: number, max: number): [number, number] {
  return [0, max > 0 ? max * 1.05 : 1];
}
