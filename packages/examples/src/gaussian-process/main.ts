/**
 * Fits a Gaussian process to the CO₂ record of Mauna Loa, and predicts the held-out years.
 *
 * `data.ts` reads the record, `kernels.ts` has the covariance, and `process.ts` the likelihood and the predictions. `fit.ts` learns
 * the parameters, `slopes.ts` checks the gradient, and `forecast.ts` scores the predictions. `summary.ts` prints the results, and
 * `report.ts` draws them.
 */
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { between, choice, count, path, spelled } from "../shared/options.ts";
import { table } from "../shared/table.ts";
import { readRecord, splitRecord } from "./data.ts";
import { type Fit, fitProcess, standardErrors } from "./fit.ts";
import { baseline, type Forecast, forecast } from "./forecast.ts";
import { bookModel, parabolaModel } from "./kernels.ts";
import { dataOf } from "./process.ts";
import { report } from "./report.ts";
import { type Slopes, slopesAt } from "./slopes.ts";
import { fitSummary, type Learned, learned, parametersSummary, scoreRows, slopesSummary } from "./summary.ts";

interface Outcome {
  readonly book: Fit;
  readonly parabola: Fit;
  readonly parameters: readonly Learned[];
  readonly slopes: Slopes;
  readonly forecasts: readonly Forecast[];
  readonly file: string;
}

const options = {
  until: count(2003, "the last year to train on", { min: 1965, max: 2018 }),
  stride: choice(["1", "5", "7"], "train on every n-th month, which is n³ times faster"),
  confidence: between(0.5, 0.999, 0.95, "probability that a measurement is inside the band"),
  seed: count(1, "seed of the direction in which the gradient is checked", { min: 0 }),
  out: path("out/gaussian-process", "report folder"),
};

const gaussianProcess: Command<Outcome> = command({
  summary: "a Gaussian process learns trend and seasons of the CO₂ at Mauna Loa, and predicts the years after",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const split = splitRecord(readRecord(), settings.until, Number(settings.stride));
    const data = dataOf(split.training);

    const slopes = slopesAt(bookModel, data, settings.seed);
    const book = fitProcess(bookModel, data);
    console.log(fitSummary(split, bookModel, book));
    const parameters = learned(bookModel, book, standardErrors(book));
    console.log(parametersSummary(parameters));
    console.log(slopesSummary(slopes));

    const parabola = fitProcess(parabolaModel, data);
    const { confidence } = settings;
    const [forecasts, withParabola] = [book, parabola].map(({ posterior }) =>
      forecast(posterior, split.heldOut, confidence),
    ) as [Forecast[], Forecast[]];
    const scores = scoreRows(forecasts, withParabola, baseline(split), confidence);
    console.log(`Errors of the held-out months, in ppm. A random parabola adds the covariance θ₁₂² (1 + zz′)², for z = (t - 1980) / 20.
With it, log p is ${(-parabola.minimum.loss).toFixed(2)}. Least squares fits a parabola and three harmonics of the year.

${table(scores)}
`);

    const command = `npm run example -- gaussian-process ${spelled(options, settings)}`.trim();
    const story = { command, split, book, parabola, parameters, slopes, forecasts, withParabola, scores, confidence };
    const file = await writeWhole(out, "index.html", await report(story));
    console.log(`report ${file}`);
    return { book, parabola, parameters, slopes, forecasts, file };
  },
});

await startIfMain(import.meta, gaussianProcess);

export default gaussianProcess;
