import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

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
