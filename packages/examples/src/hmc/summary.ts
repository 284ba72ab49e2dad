import { percent, table, whole } from "../shared/table.ts";
import type { EnergyError } from "./energy.ts";
import { type Estimate, mostShifted, shiftOf } from "./estimates.ts";
import { type Adelies, weightNames } from "./posterior.ts";
import type { Chain, Settings } from "./sampler.ts";

/** Describes the model and the sampler. */
export function modelSummary({ X, incomplete }: Adelies, prior: number, { warmUp, draws, length }: Settings): string {
  return `${X.shape[0]} Adelie penguins (${incomplete} more have missing values), ${weightNames.length} weights: is it a male? In a Bayesian logistic
regression, the weights w have a posterior density instead of one best value:

  p(w | data) ∝ exp(-U(w)),   U(w) = Σ softplus(-z) where male + Σ softplus(z) where female + |w|² / (2 · ${prior}²)

with z = X w, measurements scaled to variance 1, and normal priors with mean 0 and standard deviation ${prior}.

Hamiltonian Monte Carlo draws w from this density. It gives w a normal random momentum, and follows the motion of a
particle with potential energy U by leapfrog steps. Each of them needs one gradient of U. The mean length of a
trajectory is ${length}. The energy error decides whether the end of the trajectory is accepted.

Four chains start at random. Each adapts its step size in ${whole(warmUp)} draws (dual averaging, M. Hoffman and A. Gelman 2014),
and then makes ${whole(draws)} draws:
`;
}

/** Describes the step size, the acceptance probability and the number of gradients of each Markov chain. */
export function chainSummary(chains: readonly Chain[], seconds: number): string {
  const gradients = chains.reduce((sum, chain) => sum + chain.gradients, 0);
  return `${table([
    ["", "step size", "accepted", "divergent", "gradients"],
    ...chains.map(({ stepSize, acceptance, divergences, gradients }, i) => [
      `chain ${i + 1}`,
      stepSize.toFixed(4),
      percent(acceptance, 1),
      `${divergences}`,
      whole(gradients),
    ]),
  ])}

${whole(gradients)} gradients in ${seconds.toFixed(1)} s, ${whole(Math.round(gradients / seconds))} per second.
`;
}

/** Describes the marginal distributions, and compares them with the Laplace approximation. */
export function estimateSummary(estimates: readonly Estimate[]): string {
  const most = mostShifted(estimates);
  return `The draws, beside the Laplace approximation: a normal distribution at the maximum of the posterior, whose covariance is
the inverse Hessian of U. "±" is the Monte Carlo standard error of the mean.

${table([
  ["", "mean", "±", "sd", "split R̂", "ESS", "Laplace mean", "sd"],
  ...estimates.map(({ name, mean, standardError, deviation, rhat, sampleSize, laplace }) => [
    name,
    ...[mean, standardError, deviation, rhat].map((value) => value.toFixed(4)),
    whole(Math.round(sampleSize)),
    ...[laplace.mean, laplace.deviation].map((value) => value.toFixed(4)),
  ]),
])}

Split R̂ compares the variance between half chains with the variance within them. It is near 1 for mixed chains. ESS,
the effective sample size, is the number of independent draws with the same error of the mean. It can exceed the number
of draws, because successive draws can be negatively correlated.

The mean of ${most.name} is ${shiftOf(most).toFixed(2)} standard deviations from its Laplace approximation. The mean of a skewed
posterior is not at its maximum.
`;
}

/** Describes how the energy error depends on the step size. */
export function energySummary(errors: readonly EnergyError[]): string {
  return `The energy error falls with the square of the step size (root mean square over trajectories of the same length):

${table([
  ["step size", "energy error", "divided by the square"],
  ...errors.map(({ stepSize, error }) => [
    stepSize.toPrecision(4),
    error.toExponential(2),
    (error / stepSize ** 2).toPrecision(3),
  ]),
])}
`;
}
