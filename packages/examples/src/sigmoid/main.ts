/**
 * Shows that the softmax over two classes is the sigmoid of a₁ − a₀: in values, in derivatives, and while both learn.
 *
 * `compare.ts` computes; here is what it means.
 */
import { type Command, command, startIfMain } from "../shared/command.ts";
import { count, positive } from "../shared/options.ts";
import { measurements, readPenguins, species } from "../shared/penguins.ts";
import { roundSteps, short, size, table } from "../shared/table.ts";
import { atDifference, fitBoth, type Moment } from "./compare.ts";

const differences = [-800, -40, -1, 0, 0.5, 40, 800];

const sigmoid: Command<readonly Moment[]> = command({
  summary: "softmax over two classes is the sigmoid of a₁ − a₀: in values, derivatives and a fit to real penguins",
  options: {
    steps: count(200, "steps of gradient descent"),
    rate: positive(0.5, "step size of softmax regression; logistic regression takes twice that"),
    seed: count(1, "decides where both fits start", { min: 0 }),
  },
  run(settings) {
    const rows = differences.map((d) => {
      const { sigmoid, softmax, apart } = atDifference(d);
      return [`${d}`, ...sigmoid.map(short), ...softmax.map(short), size(apart)];
    });
    console.log(`Divide numerator and denominator of a softmax over two classes by e^a₁:

  e^a₁ / (e^a₀ + e^a₁)  =  1 / (1 + e^-(a₁ - a₀))  =  σ(a₁ - a₀)

Only the difference d = a₁ - a₀ matters. On the left σ(d), σ′(d), σ″(d); on the right softmax([3, 3 + d])₁ and its
derivatives by a₁; last, the largest relative difference, the derivatives by a₀ among them. e^-800 is below the
smallest double, so that 0 is the right answer there; a softmax without its shift by the maximum would say NaN.

${table([["d", "σ", "σ′", "σ″", "softmax₁", "∂/∂a₁", "∂²/∂a₁²", "apart"], ...rows])}
`);

    const data = readPenguins();
    const moments = fitBoth(data, settings);
    const [first, last] = [moments[0]!, moments.at(-1)!];
    const left = data.incomplete === 1 ? "1 row is" : `${data.incomplete} rows are`;
    console.log(`The same while learning, on ${data.labels.size} penguins: is it an ${species[0]} or a ${species[1]}?
(${left} left out for missing measurements.) Softmax regression has a column of weights for each species, logistic
regression one, which begins at w₁ - w₀. "apart" is the largest |(w₁ - w₀) - w| over the weights, for logistic
regression with twice the step size of softmax regression, and with the same.

${table([
  ["step", "softmax loss", "logistic loss", "apart, twice", "apart, the same"],
  ...roundSteps(settings.steps).map((step) => {
    const { softmaxLoss, logisticLoss, apart } = moments[step]!;
    const losses = [softmaxLoss, logisticLoss].map((loss) => loss.toFixed(12));
    return [`${step}`, ...losses, size(apart.twice), size(apart.same)];
  }),
])}

Why twice? The loss knows w₀ and w₁ only by w = w₁ - w₀, so ∂L/∂w₁ = ∂L/∂w and ∂L/∂w₀ = -∂L/∂w. One step moves w₁
by -rate ∂L/∂w and w₀ by as much the other way: their difference moves by -2 rate ∂L/∂w. One weight vector has to make
that way alone, with twice the step. The sum w₀ + w₁ never moves (here by ${size(last.drift)}, by rounding).

After step ${settings.steps}, for measurements scaled to variance 1:

${table([
  ["", "at the start", "w₁ - w₀", "w"],
  ...[...measurements, "bias"].map((name, i) => [
    name,
    ...[first.difference[i]!, last.difference[i]!, last.w[i]!].map((w) => w.toFixed(6)),
  ]),
])}

From the start to step ${settings.steps} they were never farther apart than ${size(farthest(moments))}.`);
    return moments;
  },
});

const farthest = (moments: readonly Moment[]): number => Math.max(...moments.map(({ apart }) => apart.twice));

await startIfMain(import.meta, sigmoid);

export default sigmoid;
