/**
 * Shows that softmax([a₀, a₁]) is the sigmoid of a₁ − a₀: their values and derivatives agree, and models trained with
 * them agree.
 *
 * `compare.ts` computes the results, and `main.ts` prints and explains them.
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
    seed: count(1, "seed of the initial weights", { min: 0 }),
  },
  run(settings) {
    const rows = differences.map((d) => {
      const { sigmoid, softmax, apart } = atDifference(d);
      return [`${d}`, ...sigmoid.map(short), ...softmax.map(short), size(apart)];
    });
    console.log(`Divide numerator and denominator of a softmax over two classes by e^a₁:

  e^a₁ / (e^a₀ + e^a₁)  =  1 / (1 + e^-(a₁ - a₀))  =  σ(a₁ - a₀)

Only the difference d = a₁ - a₀ matters. The columns are σ(d), σ′(d), σ″(d), then softmax([3, 3 + d])₁ and its
derivatives by a₁, then the largest relative difference, including derivatives by a₀. e^-800 is below the smallest
double, so 0 is the correct answer there. A softmax that does not subtract the maximum would return NaN for d = 800.

${table([["d", "σ", "σ′", "σ″", "softmax₁", "∂/∂a₁", "∂²/∂a₁²", "difference"], ...rows])}
`);

    const data = readPenguins();
    const moments = fitBoth(data, settings);
    const [first, last] = [moments[0]!, moments.at(-1)!];
    const left = data.incomplete === 1 ? "1 row is" : `${data.incomplete} rows are`;
    console.log(`The same during training, on ${data.labels.size} penguins: is it an ${species[0]} or a ${species[1]}?
(${left} left out for missing measurements.) Softmax regression has a weight vector for each species. Logistic
regression has one, which starts at w₁ - w₀. The last columns show the largest |(w₁ - w₀) - w| over the weights, for
logistic regression with twice the step size of softmax regression, and with the same step size.

${table([
  ["step", "softmax loss", "logistic loss", "twice the step size", "the same step size"],
  ...roundSteps(settings.steps).map((step) => {
    const { softmaxLoss, logisticLoss, apart } = moments[step]!;
    const losses = [softmaxLoss, logisticLoss].map((loss) => loss.toFixed(12));
    return [`${step}`, ...losses, size(apart.twice), size(apart.same)];
  }),
])}

Why twice? The loss depends on w₀ and w₁ only through w = w₁ - w₀, so ∂L/∂w₁ = ∂L/∂w and ∂L/∂w₀ = -∂L/∂w. One step
moves w₁ by -rate ∂L/∂w and w₀ by +rate ∂L/∂w, so their difference moves by -2 rate ∂L/∂w. Logistic regression needs
twice the step size to move w as far. The sum w₀ + w₁ stays constant (here it changed by ${size(last.drift)}, from rounding).

The weights after step ${settings.steps}, for measurements scaled to variance 1:

${table([
  ["", "at the start", "w₁ - w₀", "w"],
  ...[...measurements, "bias"].map((name, i) => [
    name,
    ...[first.difference[i]!, last.difference[i]!, last.w[i]!].map((w) => w.toFixed(6)),
  ]),
])}

Over all ${settings.steps} steps they differ by at most ${size(farthest(moments))}.`);
    return moments;
  },
});

const farthest = (moments: readonly Moment[]): number => Math.max(...moments.map(({ apart }) => apart.twice));

await startIfMain(import.meta, sigmoid);

export default sigmoid;
