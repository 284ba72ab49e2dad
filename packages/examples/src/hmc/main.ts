/**
 * Draws from the posterior of a logistic regression by Hamiltonian Monte Carlo, with gradients from the tape.
 *
 * `leapfrog.ts` follows trajectories, `stepSize.ts` adapts the step size, and `sampler.ts` runs a chain. `posterior.ts`
 * defines the density and its Laplace approximation. `diagnostics.ts` computes R̂ and the effective sample size.
 * `energy.ts` measures the energy errors. `estimates.ts` collects the results, `summary.ts` prints them, and
 * `report.ts` draws them.
 */
import { foldIn, randomKey, randomUniform, splitKey } from "@wengert/ops";
import { type Command, command, startIfMain } from "../shared/command.ts";
import { prepareFolder, writeWhole } from "../shared/files.ts";
import { between, count, path, positive, spelled } from "../shared/options.ts";
import { energyErrors } from "./energy.ts";
import { type Estimate, estimate } from "./estimates.ts";
import { laplace, posterior, readAdelies, weightNames } from "./posterior.ts";
import { report } from "./report.ts";
import { type Chain, sample } from "./sampler.ts";
import { chainSummary, energySummary, estimateSummary, modelSummary } from "./summary.ts";

interface Outcome {
  readonly chains: readonly Chain[];
  readonly estimates: readonly Estimate[];
  readonly file: string;
}

const options = {
  draws: count(1000, "draws of each of the four chains", { min: 20 }),
  warmup: count(500, "earlier draws of each chain, which adapt the step size", { min: 20 }),
  length: positive(1.5, "mean length of a trajectory, in units of time"),
  accept: between(0.5, 0.99, 0.8, "mean acceptance probability that the adaptation aims at"),
  prior: positive(2.5, "standard deviation of the normal prior of each weight"),
  seed: count(1, "seed of all random numbers", { min: 0 }),
  out: path("out/hmc", "report folder"),
};

const hmc: Command<Outcome> = command({
  summary:
    "Hamiltonian Monte Carlo for a Bayesian logistic regression, with R̂, effective sample sizes and a Laplace check",
  options,
  async run({ out, ...given }) {
    prepareFolder(out);
    const data = readAdelies();
    const potential = posterior(data, given.prior);
    const settings = { warmUp: given.warmup, draws: given.draws, length: given.length, target: given.accept };
    console.log(modelSummary(data, given.prior, settings));

    const size = weightNames.length;
    const [startKey, chainKey, energyKey] = splitKey(randomKey(given.seed), 3);
    const begin = performance.now();
    const chains = [0, 1, 2, 3].map((i) => {
      // The diagnostic R̂ detects chains that have not converged, but only if the chains start far apart. Like Stan,
      // draw the starts from the interval (−2, 2).
      const start = randomUniform(foldIn(startKey, i), { shape: [size], min: -2, max: 2 });
      return sample(potential, foldIn(chainKey, i), start, settings);
    });
    const seconds = (performance.now() - begin) / 1000;
    console.log(chainSummary(chains, seconds));

    const normal = laplace(potential, size);
    const estimates = estimate(weightNames, chains, normal);
    console.log(estimateSummary(estimates));

    const positions = chains.flatMap(({ draws }) =>
      [0, 1, 2, 3, 4].map((i) => draws[Math.floor((i * draws.length) / 5)]!),
    );
    const steps = [1, 2, 4, 8, 16].map(
      (factor) => factor * Math.max(1, Math.round(given.length / chains[0]!.stepSize)),
    );
    const errors = energyErrors(potential, energyKey, positions, { length: given.length, steps });
    console.log(energySummary(errors));

    const command = `npm run example -- hmc ${spelled(options, given)}`.trim();
    const story = { command, settings, chains, seconds, estimates, laplace: normal, errors };
    const file = await writeWhole(out, "index.html", await report(story));
    console.log(`report ${file}`);
    return { chains, estimates, file };
  },
});

await startIfMain(import.meta, hmc);

export default hmc;
