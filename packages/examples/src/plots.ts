import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Colour } from "./page.ts";

/** A plot as SVG text, drawn without a browser. Its text takes the page's colour, its lines the page's variables. */
export function draw(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const plot = Plot.plot({
    ...options,
    document,
    style: { background: "none", color: "var(--ink)", fontFamily: "var(--data)", fontSize: "12px" },
  });
  return plot.outerHTML;
}

/** A plot with both its axes, of a size of which two fit beside each other. */
export const chart = (options: Plot.PlotOptions): string =>
  draw({ width: 460, height: 300, marginTop: 28, marginBottom: 40, marginLeft: 48, marginRight: 16, ...options });

export const line = <Point>(
  points: readonly Point[],
  channels: { x: string & keyof Point; y: string & keyof Point },
  colour: Colour,
): Plot.Markish => Plot.lineY(points as Plot.Data, { ...channels, stroke: `var(${colour})`, strokeWidth: 1.75 });
