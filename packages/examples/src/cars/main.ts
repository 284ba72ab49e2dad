/**
 * Predicts the origin of a car by softmax regression, and explains the coefficients.
 *
 * `data.ts` reads the cars, `fit.ts` trains and predicts, and `odds.ts` converts weights to odds ratios. `summary.ts` prints the
 * results, and `report.ts` draws them.
 */
import { type ConfusionMatrix, confusionMatrix } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, path, positive, spelled } from "../shared/options.ts";
import { origins, readCars } from "./data.ts";
import { guessesOf, judge, labelsOf, learn, type Model, type Split, splits, type Verdict } from "./fit.ts";
import { report } from "./report.ts";
import { accuracySummary, coefficientsSummary, dataSummary } from "./summary.ts";

interface Outcome {
  readonly parts: readonly Split[];
  /** The fitted models of a cross-validation: a model for each fold. */
  readonly models: readonly Model[];
  /** The predictions for the held-out cars of each fold. */
  readonly verdicts: readonly (readonly Verdict[])[];
  readonly confusion: ConfusionMatrix;
  readonly file: string;
}

const options = {
  folds: count(5, "number of cross-validation folds", { min: 2, max: 20 }),
  seed: count(1, "seed of the folds", { min: 0 }),
  ridge: positive(0.001, "weight of |W|²/2 in the loss"),
  steps: count(500, "steps of gradient descent"),
  rate: positive(0.5, "learning rate"),
  out: path("out/cars", "report folder"),
};

const cars: Command<Outcome> = command({
  summary: "softmax regression classifies cars as American, European or Japanese; explains its coefficients",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const data = readCars();
    console.log(dataSummary(data));

    const parts = splits(data.cars, settings.folds, settings.seed);
    const models: Model[] = [];
    for (const part of parts) models.push(await learn(part, settings));
    const verdicts = parts.map(({ heldOut }, i) => judge(models[i]!, heldOut));
    const all = verdicts.flat();
    const confusion = confusionMatrix(guessesOf(all), labelsOf(all), { classes: origins });
    console.log(accuracySummary(parts, models, verdicts, confusion, settings));
    console.log(coefficientsSummary(models, parts as [Split, ...Split[]]));

    const command = `npm run example -- cars ${spelled(options, settings)}`.trim();
    const file = await writeWhole(out, "index.html", await report({ command, data, models, verdicts }));
    console.log(`report ${file}`);
    return { parts, models, verdicts, confusion, file };
  },
});

await startIfMain(import.meta, cars);

export default cars;
