import * as Plot from "@observablehq/plot";
import { colored, type Html, head, html, page, table } from "@wengert/report";
import { chart } from "../shared/plots.ts";
import { index } from "../shared/table.ts";
import type { Problem } from "./data.ts";
import type { Fit } from "./fit.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly problem: Problem;
  readonly fit: Fit;
  readonly confidence: number;
  readonly band: readonly { readonly x: number; readonly y: number; readonly half: number }[];
  readonly residuals: readonly { readonly x: number; readonly residual: number }[];
}

export function report(story: Story): Promise<string> {
  return page({ title: story.problem.title, body: [top(story), curve(story), parameters(story), residuals(story)] });
}

function top({ problem, fit, command }: Story): Html {
  return head({
    title: problem.title,
    lead: html`A curve fit by L-BFGS, with gradients from the tape and standard errors from the Hessian at the optimum:
<code>${problem.formula}</code>`,
    command,
    figures: [
      [problem.points.length, "points"],
      [fit.b.length, "parameters"],
      [fit.minimum.iterations, "steps of L-BFGS"],
      [fit.minimum.evaluations, "losses with gradients"],
      [fit.deviation.toPrecision(4), "standard deviation"],
    ],
  });
}

function curve({ problem, band, confidence }: Story): Html {
  const points = problem.points.map(([x, y]) => ({ x, y }));
  const plot = chart({
    ariaLabel: "the points, the fitted curve and its confidence band",
    width: 700,
    height: 400,
    x: { label: problem.xName },
    y: { label: problem.yName, grid: true },
    marks: [
      Plot.areaY(band, {
        x: "x",
        y1: ({ y, half }) => y - half,
        y2: ({ y, half }) => y + half,
        fill: "var(--blue)",
        fillOpacity: 0.2,
      }),
      Plot.line(band, { x: "x", y: "y", stroke: "var(--blue)", strokeWidth: 1.75 }),
      Plot.dot(points, { x: "x", y: "y", stroke: "var(--orange)", r: 3.5 }),
    ],
  });
  return html`<section>
<h2>Curve and band</h2>
<p>${colored("--orange", "Measured points")}, and the ${colored("--blue", "curve")} with the least sum of squares. At each x, the band contains
the true curve with a confidence of ${`${100 * confidence}`} %. Its half width is Student’s t times √(<b>∇</b>ᵀ<b>Σ∇</b>), for
the gradient <b>∇</b> of the curve by its parameters and their covariance <b>Σ</b>.</p>
<figure>${plot}<figcaption>The band is for the curve. New points also scatter around the curve, with standard deviation s.</figcaption></figure>
</section>`;
}

function parameters({ problem: { certified }, fit: { b, hessian, gaussNewton } }: Story): Html {
  return html`<section>
<h2>Parameters</h2>
<p>Standard errors by the Hessian, <b>Σ</b> = s² (½ ∂²S)⁻¹, and by <b>J</b>ᵀ<b>J</b>, which omits the second derivatives of the curve. The
values certified by NIST are of the second kind.</p>
${table([
  ["", "estimate", "± by Hessian", "± by JᵀJ", "certified", "±"],
  ...b.map((bi, i) => [
    `b${index(i + 1)}`,
    ...[bi, hessian.errors[i]!, gaussNewton.errors[i]!, certified.b[i]!, certified.errors[i]!].map((x) =>
      x.toPrecision(8),
    ),
  ]),
])}
</section>`;
}

function residuals({ problem, residuals, fit: { deviation } }: Story): Html {
  const plot = chart({
    ariaLabel: "the residual of each point",
    width: 700,
    height: 240,
    x: { label: problem.xName },
    y: { label: "residual", grid: true },
    marks: [
      Plot.ruleY([-deviation, 0, deviation], { stroke: "var(--muted)", strokeDasharray: "4 3" }),
      Plot.ruleX(residuals, { x: "x", y1: 0, y2: "residual", stroke: "var(--orange)" }),
      Plot.dot(residuals, { x: "x", y: "residual", fill: "var(--orange)", r: 3 }),
    ],
  });
  return html`<section>
<h2>Residuals</h2>
<p>The points minus the curve. Dashed lines mark one standard deviation. Standard errors assume that the residuals are noise.
Neighbors on the same side suggest that the curve misses a term.</p>
<figure>${plot}</figure>
</section>`;
}
