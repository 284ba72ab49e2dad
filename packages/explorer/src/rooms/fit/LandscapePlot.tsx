import type { PlotOptions } from "@observablehq/plot";
import { useMemo } from "preact/hooks";
import { isDark } from "../../page/scheme.ts";
import { colorOf, css } from "../../parts/colors.ts";
import { short } from "../../parts/numbers.ts";
import { Plot } from "../../parts/Plot.tsx";
import type { ContourMarks } from "./contours.ts";
import type { Landscape } from "./protocol.ts";
import { whole } from "./words.ts";

const load = () => import("./contours.ts").then(({ marks }) => marks);

/** Draws the loss around the path as contours, with the path of the parameters. */
export function LandscapePlot({ of }: { of: Landscape }) {
  const dark = isDark.value;
  const { levels, factor } = useMemo(() => levelsFor(of.losses), [of]);
  const colors = useMemo(() => levels.map((_, i) => shade(i, levels.length)), [levels, dark]);
  const options = useMemo(() => (plot: ContourMarks) => plotOf(plot, of, levels, colors), [of, levels, colors]);
  const [first, last] = of.ends;
  return (
    <>
      <Plot label={wordsOf(of)} load={load} options={options} />
      <p class="legend small numbers">
        <span>loss {short(levels[0]!, 2)}</span>
        <span class="steps" aria-hidden="true">
          {colors.map((color) => (
            <span key={color} style={{ background: color }} />
          ))}
        </span>
        <span>{short(levels.at(-1)!, 2)}</span>
      </p>
      <p class="small soft numbers">
        From one line to the next, the loss grows by the factor {short(factor)}. The ring is the start, with the loss{" "}
        {short(first, 3)}. The disc is the current point, with the loss {short(last, 3)}
        {of.penalized && ", penalty included"}. Other points of the path are projected on the plane.
      </p>
    </>
  );
}

/** Describes the picture in one sentence, for readers who do not see it. */
function wordsOf({ step, ends: [first, last], losses, path }: Landscape): string {
  const finite = losses.filter(Number.isFinite);
  const start = path[0]!;
  return `Contours of the loss on a plane through the parameters. The path leads from the loss ${short(first, 3)} at step ${whole(start.step)} to ${short(last, 3)} at step ${whole(step)}, ${short(Math.hypot(start.x, start.y), 3)} away. In the picture, the loss is between ${short(Math.min(...finite), 3)} and ${short(Math.max(...finite), 3)}.`;
}

/** Returns the losses of the contours. From one contour to the next, the loss grows by the same round factor. */
function levelsFor(losses: Float32Array): { readonly levels: readonly number[]; readonly factor: number } {
  const finite = losses.filter(Number.isFinite);
  const least = Math.max(Math.min(...finite), 1e-6);
  const most = Math.max(...finite, least);
  const factor = [1.01, 1.02, 1.05, 1.1, 1.2, 1.5, 2, 3, 5, 10].find((each) => most / least <= each ** 11) ?? 100;
  const first = Math.ceil(Math.log(least) / Math.log(factor));
  const count = Math.max(1, Math.floor(Math.log(most) / Math.log(factor)) - first + 1);
  return { levels: Array.from({ length: count }, (_, i) => factor ** (first + i)), factor };
}

/** Returns the color of the area above a contour. The area below the first contour has the background color. */
const shade = (i: number, count: number): string => css(colorOf((i + 1) / count, { map: "sequential", most: 1.25 }));

function plotOf(plot: ContourMarks, of: Landscape, levels: readonly number[], colors: readonly string[]): PlotOptions {
  const { x, y, width, height, losses, path, shares } = of;
  const most = 10 * levels.at(-1)!;
  const values = Array.from(losses, (each) => Math.min(Number.isNaN(each) ? most : each, most));
  // Observable Plot places each number of a grid at the center of a cell, so the cells at the edges extend half a cell
  // beyond the ranges of x and y.
  const [dx, dy] = [(x[1] - x[0]) / (width - 1) / 2, (y[1] - y[0]) / (height - 1) / 2];
  const grid = { width, height, x1: x[0] - dx, x2: x[1] + dx, y1: y[0] - dy, y2: y[1] + dy };
  const label = (i: 0 | 1) => (shares[i] > 0 ? `direction ${i + 1}: ${percent(shares[i])}` : "a random direction");
  const halo = { stroke: "var(--surface)", strokeLinejoin: "round" } as const;
  return {
    aspectRatio: 1,
    marginLeft: 54,
    marginRight: 8,
    marginTop: 8,
    marginBottom: 38,
    x: { domain: [...x], label: label(0), labelAnchor: "center", labelArrow: "none", ticks: 6 },
    y: { domain: [...y], label: label(1), labelAnchor: "center", labelArrow: "none", ticks: 5 },
    color: { type: "threshold", domain: [...levels], range: ["transparent", ...colors] },
    marks: [
      plot.contour(values, { ...grid, thresholds: [...levels], fill: plot.identity, stroke: "var(--surface)", strokeWidth: 0.75, clip: true }), // biome-ignore format: a line
      plot.line(path, { x: "x", y: "y", ...halo, strokeWidth: 5 }),
      plot.line(path, { x: "x", y: "y", stroke: "var(--ink)", strokeWidth: 2, strokeLinejoin: "round" }),
      plot.dot(path.slice(1, -1), { x: "x", y: "y", r: 2, fill: "var(--ink)" }),
      plot.dot(path.slice(0, 1), {
        x: "x",
        y: "y",
        r: 5,
        fill: "var(--surface)",
        stroke: "var(--ink)",
        strokeWidth: 2,
      }),
      plot.dot(path.slice(-1), {
        x: "x",
        y: "y",
        r: 5.5,
        fill: "var(--ink)",
        stroke: "var(--surface)",
        strokeWidth: 1.5,
      }),
    ],
  };
}

const percent = (share: number): string =>
  share > 0.999 ? "over 99.9 %" : share < 0.001 ? "under 0.1 %" : `${Number((100 * share).toPrecision(2))} %`;
