import * as Plot from "@observablehq/plot";
import { type Tensor, tensor } from "@wengert/core";
import { colored, type Html, head, html, page } from "@wengert/report";
import { measurements } from "../shared/penguins.ts";
import { chart, line } from "../shared/plots.ts";
import { roundSteps, size, whole } from "../shared/table.ts";
import { lossOf, type Problem, withColumns } from "./logistic.ts";
import { newton, type Place, plainDescent, polished } from "./newton.ts";

/** The contents of the report. */
export interface Story {
  readonly command: string;
  readonly problem: Problem;
  readonly digits: { readonly newton: readonly number[]; readonly descent: readonly number[] };
  readonly places: readonly Place[];
  /** The largest difference between the weights computed by the three methods, over all steps. */
  readonly apart: number;
}

export function report(story: Story): Promise<string> {
  const title = "Newton’s method, three ways to a Hessian";
  return page({ title, body: [top(title, story), race(story), map(story)] });
}

function top(title: string, { command, digits, places, apart }: Story): Html {
  const worst = (of: "hessian" | "hvp") => Math.max(...places.map((place) => place.apart[of]));
  return head({
    title,
    lead: html`A logistic regression on penguins, solved with second derivatives: from the tape by <code>hessian</code>,
as products by <code>hvp</code>, and in closed form as <b>X</b>ᵀ<b>SX</b>.`,
    command,
    figures: [
      [whole(digits.newton.length - 1), "steps of Newton’s method"],
      [whole(digits.descent.length - 1), "steps of gradient descent"],
      [size(worst("hessian")), "hessian − closed form"],
      [size(worst("hvp")), "hvp − closed form"],
      [size(apart), "difference between the weights of the three ways"],
    ],
  });
}

function race({ digits }: Story): Html {
  const points = (of: readonly number[]) => of.map((right, step) => ({ step, right: Math.max(0, right) }));
  const [newton, descent] = [points(digits.newton), points(digits.descent)];
  const channels = { x: "step", y: "right" } as const;
  const plot = chart({
    ariaLabel: "correct digits after each step of Newton's method and of gradient descent",
    width: 700,
    height: 340,
    x: {
      type: "symlog",
      label: "step",
      ticks: roundSteps(digits.descent.length - 1),
      tickFormat: whole,
    },
    y: { label: "correct digits", domain: [0, 16], grid: true, ticks: [0, 1, 2, 4, 8, 16] },
    marks: [
      line(descent, channels, "--orange"),
      line(newton, channels, "--blue"),
      Plot.dot(newton, { ...channels, fill: "var(--blue)", r: 4 }),
    ],
  });
  return html`<section>
<h2>Digits that double</h2>
<p>Near the solution, each step of ${colored("--blue", "Newton’s method")} squares the error: 3 digits become 6, then 12.
${colored("--orange", "Gradient descent")} divides it by the same factor each time. Its number of steps grows with the condition
number of the Hessian.</p>
<figure>${plot}<figcaption>Correct digits of the weights against the number of steps, on a logarithmic axis.</figcaption></figure>
</section>`;
}

const mapSize = { width: 700, height: 508, marginTop: 28, marginRight: 16, marginBottom: 40, marginLeft: 48 };

type Range = readonly [from: number, to: number];

/**
 * Widens the range of one axis so that both axes have the same scale. With different scales, steps along the gradient
 * would not look perpendicular to the contours.
 */
export function equalScales(x: Range, y: Range): readonly [x: Range, y: Range] {
  const { width, height, marginTop, marginRight, marginBottom, marginLeft } = mapSize;
  const pixels = [width - marginLeft - marginRight, height - marginTop - marginBottom] as const;
  const unit = Math.max((x[1] - x[0]) / pixels[0], (y[1] - y[0]) / pixels[1]);
  const widened = ([from, to]: Range, size: number): Range => {
    const [center, half] = [(from + to) / 2, (size * unit) / 2];
    return [center - half, center + half];
  };
  return [widened(x, pixels[0]), widened(y, pixels[1])];
}

/** Draws contours of the loss over two weights, and the paths of Newton's method and of gradient descent. */
function map({ problem }: Story): Html {
  const columns = [0, 1] as const;
  const plane = withColumns(problem, columns);
  const path = newton(plane, "hvp + CG");
  const solution = polished(plane, path);
  const descent = plainDescent(plane, solution, 5000).path;
  const spots = (ws: readonly Tensor[]) => ws.map((w) => w.toNested<[number, number]>());
  const [fast, slow] = [spots(path), spots(descent)];
  const all = [...fast, ...slow];
  const range = (axis: 0 | 1): [number, number] => {
    const values = all.map((w) => w[axis]);
    const room = 0.35 * (Math.max(...values) - Math.min(...values));
    return [Math.min(...values) - room, Math.max(...values) + room];
  };
  const [[x1, x2], [y1, y2]] = equalScales(range(0), range(1));
  const beyond = 0.03;
  const least = lossOf(plane, solution).item();
  const plot = chart({
    ariaLabel: "contours of the loss over two weights, with the paths of Newton's method and of gradient descent",
    ...mapSize,
    x: { label: `weight of ${measurements[columns[0]]}`, domain: [x1, x2] },
    y: { label: `weight of ${measurements[columns[1]]}`, domain: [y1, y2] },
    marks: [
      Plot.contour({
        x1: x1 - beyond * (x2 - x1), // hides the edge of the grid, where contours are closed
        x2: x2 + beyond * (x2 - x1),
        y1: y1 - beyond * (y2 - y1),
        y2: y2 + beyond * (y2 - y1),
        pixelSize: 8,
        // The plot uses the square root of the loss, because the contours of a quadratic loss are then equally far
        // apart.
        value: (x: number, y: number) => Math.sqrt(Math.max(0, lossOf(plane, tensor([x, y])).item() - least)),
        thresholds: 24,
        stroke: "var(--line)",
        clip: true,
      }),
      Plot.line(slow, { stroke: "var(--orange)", strokeWidth: 1 }),
      Plot.dot(slow, { fill: "var(--orange)", r: 2 }),
      Plot.line(fast, { stroke: "var(--blue)", strokeWidth: 1.75 }),
      Plot.dot(fast, { fill: "var(--blue)", r: 4 }),
      Plot.text(fast.slice(0, 4), { text: (_, i) => `${i}`, dy: -12, fill: "var(--blue)" }),
    ],
  });
  return html`<section>
<h2>Two paths down</h2>
<p>The same loss with only two weights and no bias. ${colored("--orange", "Gradient descent")} follows the local slope, and
slows down in the flat valley. Both axes have the same scale, so each of its steps is perpendicular to the contour at its start. ${colored("--blue", "Newton’s method")} uses the curvature, and steps to the
minimum of the local quadratic model.</p>
<figure>${plot}<figcaption>${whole(slow.length - 1)} steps of gradient descent, ${fast.length - 1} of Newton’s
method.</figcaption></figure>
</section>`;
}
