import * as Plot from "@observablehq/plot";
import type { Tensor } from "@wengert/core";
import { parseHTML } from "linkedom";
import { escaped } from "./markdown.ts";
import type { Wengert } from "./wengert.ts";

// Plots the value and the derivative of elementwise ops as SVG, in the colors of the site.

interface Curve {
  /** The plotted expression as text, such as "pow(x, 3)". */
  readonly label: string;
  readonly of: (x: Tensor) => Tensor;
  readonly domain: readonly [from: number, to: number];
}

/** The plotted interval of functions whose interesting part is not between −4 and 4. */
const domains: Readonly<Record<string, readonly [number, number]>> = {
  ...Object.fromEntries(["asin", "acos", "atanh", "erfinv"].map((name) => [name, [-1.2, 1.2]])),
  ...Object.fromEntries(["sqrt", "log", "log1p", "log2", "log10"].map((name) => [name, [-1, 5]])),
  ...Object.fromEntries(["exp", "exp2", "expm1", "sinh", "cosh", "square"].map((name) => [name, [-2.5, 2.5]])),
  ...Object.fromEntries(["erf", "erfc", "tanh"].map((name) => [name, [-3, 3]])),
  ...Object.fromEntries(["sigmoid", "logSigmoid", "softplus", "silu", "sin", "cos"].map((name) => [name, [-6.5, 6.5]])),
  acosh: [0, 5],
  lgamma: [-3.5, 5],
  digamma: [-3.5, 5],
  polygamma: [-1.5, 4],
  betaln: [-0.5, 4],
  gammainc: [-0.5, 6],
  pow: [-2, 2],
};

/**
 * Returns the function that the plot of an elementwise op shows. If the op has two inputs, one input is a fixed number.
 */
function curveOf(name: string, inputs: readonly string[], { ops }: Wengert): Curve | undefined {
  const op = ops[name as keyof typeof ops] as unknown as (...args: unknown[]) => Tensor;
  const domain = domains[name] ?? [-4, 4];
  const curve = (label: string, ...args: readonly unknown[]): Curve => ({
    label: `${name}(${label})`,
    of: (x) => op(...args.map((arg) => (arg === "x" ? x : arg))),
    domain,
  });
  if (["cast", "where", "axpy"].includes(name)) return undefined;
  if (name === "clip") return curve("x, { min: -1, max: 2 }", "x", { min: -1, max: 2 });
  if (name === "pow") return curve("x, 3", "x", 3);
  if (name === "atan2") return curve("x, 1", "x", 1);
  if (name === "polygamma") return curve("1, x", 1, "x");
  if (name === "gammainc") return curve("2, x", 2, "x");
  if (name === "div") return curve("2, x", 2, "x");
  if (["minimum", "maximum", "hypot", "logAddExp"].includes(name)) return curve("x, 1", "x", 1);
  return inputs.length === 2 ? curve("x, 2", "x", 2) : curve("x", "x");
}

const count = 401;
/** A plot shows y only from −6 to 6. */
const limit = 6;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Returns a figure with the plot of an op's value and derivative, or "" for an op that is not plotted. */
export function plotOf(name: string, inputs: readonly string[], wengert: Wengert): string {
  const curve = curveOf(name, inputs, wengert);
  if (curve === undefined) return "";
  const { core } = wengert;
  const [from, to] = curve.domain;
  const xs = Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  const { value, pullback } = core.vjp(curve.of, core.fromNdarray(core.ndarray(xs, [count])));
  const points = (y: Tensor): Point[] => y.toNested<number[]>().map((y, i) => ({ x: xs[i]!, y }));
  const curves = [points(value), points(pullback(core.ones([count]))[0] as Tensor)];
  const finite = curves.flat().filter(({ y }) => Number.isFinite(y));
  const sorted = finite.map(({ y }) => y).sort((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.round(q * (sorted.length - 1))] ?? 0;
  const [low, high] = [Math.max(-limit, Math.min(0, quantile(0.01))), Math.min(limit, Math.max(0, quantile(0.99)))];
  const margin = 0.06 * (high - low || 1);
  const [first, second] = curves.map((each) => withBreaks(each, high - low));
  const figure = Plot.plot({
    document: parseHTML("<!doctype html><html><body></body></html>").document as unknown as Document,
    width: 440,
    height: 260,
    marginLeft: 44,
    marginBottom: 40,
    style: { background: "none", color: "var(--ink-soft)", fontFamily: "inherit", fontSize: "13px" },
    x: { domain: [from, to], label: "x", labelAnchor: "center", labelArrow: "none", ticks: 6 },
    y: { domain: [low - margin, high + margin], label: null, ticks: 6, grid: true },
    clip: true,
    marks: [
      Plot.ruleY([0], { stroke: "var(--line-strong)" }),
      Plot.ruleX(from < 0 && to > 0 ? [0] : [], { stroke: "var(--line-strong)" }),
      Plot.lineY(second!, { x: "x", y: "y", stroke: "var(--backward)", strokeWidth: 2, strokeDasharray: "6 3" }),
      Plot.lineY(first!, { x: "x", y: "y", stroke: "var(--forward)", strokeWidth: 2.2 }),
    ],
  });
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", `${curve.label} and its derivative by x, for x from ${from} to ${to}`);
  for (const part of figure.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  const svg = figure.outerHTML.replaceAll(/\n\s*\n/g, "\n"); // an empty line would end the HTML in Markdown
  const legend = `<span class="value">y = ${escaped(curve.label)}</span> <span class="derivative">its derivative by x</span>`;
  return `<figure class="plot">${svg}<figcaption>${legend}</figcaption></figure>`;
}

/** Replaces a point by NaN if the curve jumps there, so that the plot draws no line across a jump or a pole. */
function withBreaks(points: readonly Point[], range: number): Point[] {
  return points.map(({ x, y }, i) => {
    const before = points[i - 1]?.y ?? y;
    return { x, y: Number.isFinite(y) && Math.abs(y - before) <= 0.2 * range ? y : Number.NaN };
  });
}
