import * as Plot from "@observablehq/plot";
import { tensor } from "@wengert/core";
import { type Html, html, plot, report as reportOn } from "@wengert/report";
import { chart } from "../shared/plots.ts";
import { percent, whole } from "../shared/table.ts";
import { type Cars, columns, origins } from "./data.ts";
import { accuracyOf, labelsOf, type Model, meanAndSpread, type Verdict } from "./fit.ts";
import { type OddsRatio, oddsRatios, pairs } from "./odds.ts";

/** The contents of the report. */
interface Story {
  readonly command: string;
  readonly data: Cars;
  readonly models: readonly Model[];
  /** The predictions for the held-out cars of each fold of a cross-validation. */
  readonly verdicts: readonly (readonly Verdict[])[];
}

// The colors of the plots are blue, orange and the text color. Color-blind readers can distinguish them on light and on
// dark pages.
const colors = ["--blue", "--ink", "--orange"] as const;
const symbols = ["circle", "cross", "triangle"] as const;
const byOrigin = { domain: [...origins], range: colors.map((color) => `var(${color})`) };
const shapes = { domain: [...origins], range: [...symbols] };
const legend = origins.map((name, k) => html`<b style="color: var(${colors[k]})">${"○✚△"[k]}</b> ${name}&ensp;`);

export function report(story: Story): Promise<string> {
  const { data, models, command } = story;
  const verdicts = story.verdicts.flat();
  const [mean, spread] = meanAndSpread(story.verdicts.map(accuracyOf));
  return reportOn(
    models.map(({ history }) => history),
    {
      title: "Where does this car come from?",
      lead: `Softmax regression on ${whole(data.cars.length)} cars of the years 1970 to 1982, with seven features. Each car
is classified by a fit that has not seen it.`,
      command,
      figures: [
        [`${percent(mean)} ± ${percent(spread)}`, `correct, mean of ${models.length} folds`],
        [`${columns.length}`, "columns"],
        [`${data.incomplete}`, "cars left out for missing values"],
      ],
      classes: origins,
      labels: labelsOf(verdicts),
      probabilities: tensor(verdicts.map(({ probabilities }) => probabilities)),
      rows: verdicts.map(({ name }) => name),
      mistakes: 9,
      sections: [triangle(verdicts), coefficients(story)],
      notes: {
        curves:
          "Loss and accuracy over the steps, on the training cars and the held-out cars. The training loss includes the ridge.",
      },
    },
  );
}

/** Maps three probabilities (with the sum 1) to a point of a triangle. At each corner, one probability is 1. */
const placeOf = ([usa, europe, japan]: readonly number[]): { x: number; y: number } => ({
  x: (japan! - usa!) / Math.sqrt(3),
  y: europe!,
});

function triangle(verdicts: readonly Verdict[]): Html {
  const dots = verdicts.map(({ name, origin, probabilities }) => ({
    name,
    origin: origins[origin]!,
    ...placeOf(probabilities),
  }));
  const corners = origins.map((name, k) => ({ name, ...placeOf(origins.map((_, j) => +(j === k))) }));
  const beside = corners.map(({ name, x, y }) => ({ name, x, y: y > 0 ? 1.04 : -0.04 }));
  const middle = placeOf([1 / 3, 1 / 3, 1 / 3]);
  const borders = origins.map((_, k) => placeOf(origins.map((_, j) => (j === k ? 0 : 0.5)))); // two probabilities are ½, the third is 0
  const drawing = plot({
    ariaLabel: "the probabilities of each held-out car as a point in a triangle",
    width: 640,
    height: 540,
    margin: 40,
    axis: null,
    x: { domain: [-1 / Math.sqrt(3), 1 / Math.sqrt(3)] },
    y: { domain: [0, 1] },
    color: byOrigin,
    symbol: shapes,
    marks: [
      Plot.line([...corners, corners[0]!], { x: "x", y: "y", stroke: "var(--muted)" }),
      borders.map((border) => Plot.line([middle, border], { x: "x", y: "y", stroke: "var(--line)" })),
      Plot.dot(dots, { x: "x", y: "y", stroke: "origin", symbol: "origin", r: 3.5, title: "name" }),
      Plot.text(beside, { x: "x", y: "y", text: "name", fontSize: 15 }),
    ],
  });
  return html`<section>
<h2>Probabilities in a triangle</h2>
<p>Three probabilities that sum to 1 are a point of a triangle. Near a corner the fit is confident; in the middle all origins
are equally likely. The lines are the decision boundaries. The color is the true origin.</p>
<p class="note">${legend}</p>
<figure>${drawing}</figure>
</section>`;
}

function coefficients(story: Story): Html {
  const { models } = story;
  const ratios = oddsRatios(models);
  const nameOf = ({ column }: OddsRatio) => columns[column]!.name;
  const plots = pairs.map(([of, against]) => {
    const shown = ratios.filter((ratio) => ratio.of === of && ratio.against === against);
    const drawing = chart({
      ariaLabel: `the factor on the odds of ${origins[of]} against ${origins[against]} for one standard deviation more`,
      height: 260,
      marginLeft: 92,
      x: {
        type: "log",
        label: `odds of ${origins[of]} : ${origins[against]} times`,
        grid: true,
        ticks: 5,
        tickFormat: factorText,
        domain: extent(ratios),
      },
      y: { label: null, domain: columns.map(({ name }) => name), tickSize: 0 },
      marks: [
        Plot.ruleX([1], { stroke: "var(--muted)" }),
        Plot.ruleY(shown, {
          x1: ({ range }) => range[0],
          x2: ({ range }) => range[1],
          y: nameOf,
          stroke: "var(--muted)",
          strokeWidth: 3,
        }),
        Plot.dot(shown, {
          x: "factor",
          y: nameOf,
          r: 5,
          fill: ({ factor }) => (factor > 1 ? `var(${colors[of]})` : `var(${colors[against]})`),
        }),
      ],
    });
    return html`<figure>${drawing}</figure>`;
  });
  return html`<section>
<h2>What the coefficients say</h2>
<p>The factor on the odds of two origins for one standard deviation more of a column, the other columns unchanged:
exp(<i>w</i> − <i>w</i>′). The bars show the range over all ${models.length} fits. The color is that of the origin whose odds grow.</p>
<p class="note">${legend}</p>
<div class="columns">
${plots}
${together(story)}
</div>
</section>`;
}

const extent = (ratios: readonly OddsRatio[]): [number, number] => {
  const ends = ratios.flatMap(({ range }) => range);
  return [Math.min(...ends) / 1.3, Math.max(...ends) * 1.3];
};

const factorText = (factor: number): string =>
  factor >= 1 ? `× ${whole(factor)}` : `÷ ${whole(Math.round(1 / factor))}`;

/** Plots two correlated columns, to show why a coefficient is not a causal effect. */
function together({ data }: Story): Html {
  const [displacement, weight] = ["displacement", "weight"].map((name) => columns.findIndex((c) => c.name === name));
  const dots = data.cars.map(({ name, origin, values }) => ({
    name,
    origin: origins[origin]!,
    displacement: values[displacement!]!,
    weight: values[weight!]!,
  }));
  const drawing = chart({
    ariaLabel: "displacement and weight of the cars",
    height: 290,
    marginLeft: 92,
    x: { label: "weight, lbs" },
    y: { label: "displacement, cubic inches", grid: true },
    color: byOrigin,
    symbol: shapes,
    marks: [
      Plot.dot(dots, { x: "weight", y: "displacement", stroke: "origin", symbol: "origin", r: 3, title: "name" }),
    ],
  });
  return html`<figure>${drawing}<figcaption>The other columns rarely stay unchanged: cars with larger engines are heavier. A coefficient
is the effect of a column given the others, not its effect alone.</figcaption></figure>`;
}
