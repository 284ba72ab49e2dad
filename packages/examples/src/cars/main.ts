/**
 * Tells where a car comes from by softmax regression, and reads the coefficients aloud.
 *
 * `data.ts` reads the cars, `fit.ts` deals them out, learns and judges, `odds.ts` knows what a weight says; `telling.ts` and `report.ts`
 * say and draw it.
 */
import { type ConfusionMatrix, confusionMatrix } from "@wengert/train";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, path, positive, spelled } from "../shared/options.ts";
import { origins, readCars } from "./data.ts";
import { guessesOf, judge, labelsOf, learn, type Model, type Split, splits, type Verdict } from "./fit.ts";
import { report } from "./report.ts";
import { accuracyTold, coefficientsTold, dataTold } from "./telling.ts";

interface Outcome {
  readonly parts: readonly Split[];
  /** One for each part that was held out. */
  readonly models: readonly Model[];
  /** On the cars of each part. */
  readonly verdicts: readonly (readonly Verdict[])[];
  readonly confusion: ConfusionMatrix;
  readonly file: string;
}

const options = {
  folds: count(5, "parts of the cars, each of which is held out once", { min: 2, max: 20 }),
  seed: count(1, "decides which car is in which part", { min: 0 }),
  ridge: positive(0.001, "weight of |W|²/2 in the loss"),
  steps: count(500, "steps of gradient descent"),
  rate: positive(0.5, "learning rate"),
  out: path("out/cars", "folder of the report"),
};

const cars: Command<Outcome> = command({
  summary: "softmax regression tells American, European and Japanese cars apart; its coefficients read aloud",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const data = readCars();
    console.log(dataTold(data));

    const parts = splits(data.cars, settings.folds, settings.seed);
    const models: Model[] = [];
    for (const part of parts) models.push(await learn(part, settings));
    const verdicts = parts.map(({ heldOut }, i) => judge(models[i]!, heldOut));
    const all = verdicts.flat();
    const confusion = confusionMatrix(guessesOf(all), labelsOf(all), { classes: origins });
    console.log(accuracyTold(parts, models, verdicts, confusion, settings));
    console.log(coefficientsTold(models, parts as [Split, ...Split[]]));

    const command = `npm run example -- cars ${spelled(options, settings)}`.trim();
    const file = await writeWhole(out, "index.html", await report({ command, data, models, verdicts }));
    console.log(`report ${file}`);
    return { parts, models, verdicts, confusion, file };
  },
});

await startIfMain(import.meta, cars);

export default cars;
