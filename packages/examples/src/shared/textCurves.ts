import * as Plot from "@observablehq/plot";
import type { Html } from "@wengert/report";
import type { History } from "@wengert/train";
import type { Baseline } from "./baselines.ts";
import { chart, line } from "./plots.ts";

/**
 * Draws the loss of a language model during training: on training text in blue, on held-out text in orange, and lines
 * for the losses of n-gram models.
 */
export function textCurves(history: History, baselines: readonly Baseline[]): Html {
  const first = Math.max(1, history.train[0]?.step ?? 1);
  const last = Math.max(first + 1, history.train.at(-1)?.step ?? 1);
  return chart({
    ariaLabel: "the loss over the steps, compared with counting models",
    marginRight: 60,
    x: { label: "step", type: "log", domain: [first, last], tickFormat: ",d", ticks: 4 },
    y: { label: "nats per character", grid: true, ticks: 6, nice: true },
    marks: [
      Plot.ruleY(baselines, { y: "loss", stroke: "var(--muted)", strokeDasharray: "4 4" }),
      Plot.text(baselines, { x: last, y: "loss", text: "name", textAnchor: "start", dx: 8, fill: "var(--muted)" }),
      line(history.train, { x: "step", y: "loss" }, "--blue"),
      line(history.validation, { x: "step", y: "loss" }, "--orange"),
      Plot.dot(history.validation, { x: "step", y: "loss", r: 2.5, fill: "var(--orange)" }),
    ],
  });
}
