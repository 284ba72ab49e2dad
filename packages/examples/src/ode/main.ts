/**
 * Fits a neural network to noisy observations of a pendulum, by differentiating through a Runge–Kutta solver.
 *
 * `solver.ts` has the solver, `pendulum.ts` the data, `network.ts` the network and `fit.ts` the fit. `memory.ts` compares
 * checkpoints with a plain tape. `summary.ts` prints the results, and `report.ts` draws them.
 */
import { randomKey, splitKey } from "@wengert/ops";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { between, count, path, spelled } from "../shared/options.ts";
import { type Forecast, fitInStages, forecast, type Stage } from "./fit.ts";
import { type Comparison, compare } from "./memory.ts";
import { initialNetwork } from "./network.ts";
import { simulate } from "./pendulum.ts";
import { report } from "./report.ts";
import { errorSummary, fitSummary, memorySummary } from "./summary.ts";

interface Outcome {
  readonly stages: readonly Stage[];
  readonly forecast: Forecast;
  readonly comparisons: readonly Comparison[];
  readonly file: string;
}

const options = {
  width: count(32, "hidden values of the network"),
  noise: between(0, 2, 0.1, "standard deviation of the noise"),
  iterations: count(100, "steps of L-BFGS in each of the three stages"),
  longest: count(1024, "Runge-Kutta steps of the longest solve that is measured", { min: 16 }),
  seed: count(1, "seed of the noise and of the initial weights", { min: 0 }),
  out: path("out/ode", "report folder"),
};

const ode: Command<Outcome> = command({
  summary: "a neural ODE: a network learns the motion of a pendulum through a Runge-Kutta solver, with checkpoints",
  options,
  async run({ out, ...settings }) {
    prepareFolder(out);
    const { width, noise, iterations, longest, seed } = settings;
    const [noiseKey, networkKey] = splitKey(randomKey(seed));
    const data = simulate(noiseKey, noise);
    const stages = fitInStages(initialNetwork(networkKey, width), data, iterations);
    console.log(fitSummary(data, stages, noise));

    const { model } = stages.at(-1)!;
    const found = forecast(model, data);
    console.log(errorSummary(found));

    const lengths = [16, 4, 1].map((divisor) => Math.floor(longest / divisor));
    const comparisons = lengths.map((steps) => compare(model.network, model.start, steps));
    console.log(memorySummary(comparisons));

    const command = `npm run example -- ode ${spelled(options, settings)}`.trim();
    const content = await report({ command, noise, data, stages, forecast: found, comparisons });
    const file = await writeWhole(out, "index.html", content);
    console.log(`report ${file}`);
    return { stages, forecast: found, comparisons, file };
  },
});

await startIfMain(import.meta, ode);

export default ode;
