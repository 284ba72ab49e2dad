import * as Plot from "@observablehq/plot";
import { type Color, type Html, plot } from "@wengert/report";

/** Draws a plot with two axes. Two plots of the default size fit side by side on the page. */
export const chart = (options: Plot.PlotOptions): Html =>
  plot({ width: 460, height: 300, marginTop: 28, marginBottom: 40, marginLeft: 48, marginRight: 16, ...options });

export const line = <Point>(
  points: readonly Point[],
  channels: { x: string & keyof Point; y: string & keyof Point },
  color: Color,
): Plot.Markish => Plot.lineY(points as Plot.Data, { ...channels, stroke: `var(${color})`, strokeWidth: 1.75 });
