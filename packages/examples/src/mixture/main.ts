/**
 * Fits a mixture of Gaussians to the flipper lengths of penguins by gradient descent on −log p, computed with the op
 * logSumExp.
 *
 * `density.ts` has the density, `fit.ts` the fit, `shares.ts` the responsibilities, and `tails.ts` the errors far from the
 * data. `summary.ts` prints the results, and `report.ts` draws them.
 */
import { type Command, command, startIfMain } from "../shared/command.ts";
import type { Moment } from "../shared/descent.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { count, path, positive, spelled } from "../shared/options.ts";
import type { Mixture } from "./density.ts";
import { fitMixture, initialMixture, type Shape } from "./fit.ts";
import { readFlippers } from "./flippers.ts";
import { report } from "./report.ts";
import { shares, weighted } from "./shares.ts";
import { fitted, sharesSummary, tailsSummary } from "./summary.ts";
import { spoiltBy, type Tail, tailAt } from "./tails.ts";

const outwards = [231, 300, 400, 480, 490, 494, 496, 497, 1900];
const mistyped = 1900;

interface Outcome {
  readonly moments: readonly Moment<Mixture>[];
  /**
   * The mixture recomputed from the responsibilities (the M-step of EM), which equals the fitted mixture if the
   * gradient is 0.
   */
  readonly average: Shape;
  readonly tails: readonly Tail[];
  readonly file: string;
}

const options = {
  components: count(2, "Gaussians in the mixture", { max: 4 }),
  steps: count(400, "steps of gradient descent"),
  rate: positive(1, "learning rate"),
  out: path("out/mixture", "report folder"),
};

const mixtureExample: Command<Outcome> = command({
  summary: "a mixture of Gaussians by logSumExp, fitted by gradient descent to penguins' flippers",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const flippers = readFlippers();
    const start = initialMixture(flippers.x, settings.components);
    const moments = fitMixture(flippers.x, start, settings);
    const mixture = moments.at(-1)!.params;
    console.log(fitted(flippers, moments));

    const average = weighted(flippers.x, shares("∂ logSumExp(t)/∂t", mixture, flippers.x));
    console.log(sharesSummary(flippers, mixture, average));

    const tails = outwards.map((x) => tailAt(mixture, x));
    console.log(tailsSummary(tails, mistyped, spoiltBy(start, flippers.x, mistyped)));

    const command = `npm run example -- mixture ${spelled(options, settings)}`.trim();
    const file = await writeWhole(out, "index.html", await report({ command, flippers, moments }));
    console.log(`report ${file}`);
    return { moments, average, tails, file };
  },
});

await startIfMain(import.meta, mixtureExample);

export default mixtureExample;
