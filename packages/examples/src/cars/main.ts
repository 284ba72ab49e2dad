/**
 * Tells where a car comes from by softmax regression, and reads the coefficients aloud.
 *
 * `data.ts` reads the cars, `fit.ts` learns and judges, `odds.ts` knows what a weight says; `telling.ts` and `report.ts`
 * say and draw it.
 */
import { type Command, command, startIfMain } from "../command.ts";
import { confusionMatrix } from "../confusion.ts";
import { prepareFolder, writeWhole } from "../files.ts";
import { count, path, positive, spelled } from "../options.ts";
import { origins, readCars } from "./data.ts";
import { judge, learn, type Model, type Split, splits, type Verdict } from "./fit.ts";
import { report } from "./report.ts";
import { accuracyTold, coefficientsTold, dataTold } from "./telling.ts";

interface Outcome {
  readonly parts: readonly Split[];
  /** One for each part that was held out. */
  readonly models: readonly Model[];
  /** On the cars of each part. */
  readonly verdicts: readonly (readonly Verdict[])[];
  readonly confusion: readonly (readonly number[])[];
  readonly file: string;
}

const options = {
  folds: count(4, "parts of the cars, each of which is held out once", { min: 2, max: 20 }),
  seed: count(1, "decides which car is in which part", { min: 0 }),
  ridge: positive(0.001, "weight of |W|²/2 in the loss"),
  steps: count(500, "steps of gradient descent"),
  rate: positive(0.5, "learning rate"),
  out: path("out/cars", "folder of the report"),
};

const cars: Command<Outcome> = command({
  summary: "softmax regression tells American, European and Japanese cars apart; its coefficients read aloud",
  options,
  run({ out, ...settings }) {
    prepareFolder(out);
    const data = readCars();
    console.log(dataTold(data));

    const parts = splits(data.cars, settings.folds, settings.seed);
    const models = parts.map(({ train }) => learn(train, settings));
    const verdicts = parts.map(({ heldOut }, i) => judge(models[i]!, heldOut));
    const all = verdicts.flat();
    const confusion = confusionMatrix(
      all.map(({ origin }) => origin),
      all.map(({ guess }) => guess),
      origins.length,
    );
    console.log(accuracyTold(parts, models, verdicts, confusion, settings));
    console.log(coefficientsTold(models, parts as [Split, ...Split[]]));

    const command = `npm run example -- cars ${spelled(options, settings)}`.trim();
    const file = writeWhole(out, "index.html", report({ command, data, models, verdicts: all, confusion }));
    console.log(`report ${file}`);
    return { parts, models, verdicts, confusion, file };
  },
});

await startIfMain(import.meta, cars);

export default cars;
