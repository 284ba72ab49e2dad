import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grad, jacobian, type Tensor, tensor, zeros } from "@wengert/core";
import { gradcheck } from "@wengert/core/gradcheck";
import { concat, det, eye, foldIn, inv, matmul, mul, neg, randomKey, randomNormal, sub, sum } from "@wengert/ops";
import { afterAll, describe, expect, test } from "vitest";
import { effectiveSampleSize, mean, splitRhat, variance } from "../src/hmc/diagnostics.ts";
import { energyErrors } from "../src/hmc/energy.ts";
import { estimate, mostCorrelated, mostShifted } from "../src/hmc/estimates.ts";
import { histogram, normalDensity } from "../src/hmc/histogram.ts";
import { energyOf, leapfrog, type Phase, type Potential, positionOf } from "../src/hmc/leapfrog.ts";
import hmc from "../src/hmc/main.ts";
import { laplace, posterior, readAdelies, weightNames } from "../src/hmc/posterior.ts";
import { sample } from "../src/hmc/sampler.ts";
import { type Adaptation, adapt, reasonableStepSize, startAdaptation } from "../src/hmc/stepSize.ts";
import { farthest, norm } from "../src/shared/algebra.ts";
import { expectReadable, expectRefusal, expectSelfContained, runQuietly } from "./support.ts";

const out = mkdtempSync(join(tmpdir(), "wengert-hmc-"));
afterAll(() => rmSync(out, { recursive: true }));

const key = randomKey(1);
const data = readAdelies();
const density = posterior(data, 2.5);
const size = weightNames.length;

/** Returns the potential energy of a normal distribution. */
function gaussian(center: readonly number[], covariance: readonly (readonly number[])[]): Potential {
  const precision = inv(tensor(covariance));
  return (q) => {
    const offset = sub(q, tensor(center));
    return mul(0.5, sum(mul(offset, matmul(precision, offset))));
  };
}

describe("the posterior", () => {
  test("has the penguins with known sex and measurements, and the right gradient", () => {
    expect([data.X.shape, data.incomplete, sum(data.male).item()]).toEqual([[146, 5], 6, 73]);
    expect(weightNames).toEqual(["beak length", "beak depth", "flipper length", "body mass", "bias"]);
    gradcheck(density, [randomNormal(key, { shape: [size] })]);
  });

  test("has its maximum at the mean of the Laplace approximation, and the Hessian Xᵀ S X + I / prior² there", () => {
    const { mean: center, covariance, deviations } = laplace(density, size);
    expect(norm(grad(density)(tensor(center)))).toBeLessThan(1e-8);
    const rows = data.X.toNested<number[][]>();
    const H = center.map((_, i) =>
      center.map((_, j) => {
        const slopes = rows.map((row) => {
          const share = 1 / (1 + Math.exp(-row.reduce((z, x, k) => z + x * center[k]!, 0)));
          return share * (1 - share) * row[i]! * row[j]!;
        });
        return slopes.reduce((total, slope) => total + slope) + (i === j ? 1 / 2.5 ** 2 : 0);
      }),
    );
    expect(farthest(matmul(tensor(H), tensor(covariance)), eye(size))).toBeLessThan(1e-10);
    expect(deviations[3]).toBeCloseTo(Math.sqrt(covariance[3]![3]!), 15);
  });

  test("equals its Laplace approximation if it is normal", () => {
    const covariance = [[2, 0.5], [0.5, 1]]; // biome-ignore format: a matrix
    const found = laplace(gaussian([1, -2], covariance), 2);
    expect(farthest(tensor(found.mean), tensor([1, -2]))).toBeLessThan(1e-9);
    expect(farthest(tensor(found.covariance), tensor(covariance))).toBeLessThan(1e-12);
  });
});

describe("leapfrog", () => {
  const at = positionOf(density);
  const from: Phase = {
    ...at(randomNormal(foldIn(key, 1), { shape: [size] })),
    momentum: randomNormal(foldIn(key, 2), { shape: [size] }),
  };
  const trajectory = { stepSize: 0.1, steps: 20 };

  test("is reversible: with the opposite momentum it returns to its start", () => {
    const end = leapfrog(at, from, trajectory);
    expect(farthest(end.q, from.q)).toBeGreaterThan(0.3);
    const back = leapfrog(at, { ...end, momentum: neg(end.momentum) }, trajectory);
    expect(farthest(back.q, from.q)).toBeLessThan(1e-12);
    expect(farthest(back.momentum, neg(from.momentum))).toBeLessThan(1e-12);
    expect(back.potential).toBeCloseTo(from.potential, 11);
  });

  test("preserves volume and the symplectic form, by its Jacobian from the tape", () => {
    const map = (phase: Tensor): Tensor => {
      const [q, momentum] = [matmul(firstHalf, phase), matmul(secondHalf, phase)];
      const end = leapfrog(at, { ...at(q), momentum }, { stepSize: 0.2, steps: 3 });
      return concat([end.q, end.momentum], { axis: 0 });
    };
    const [I, O] = [eye(size), zeros([size, size])];
    const [firstHalf, secondHalf] = [concat([I, O], { axis: 1 }), concat([O, I], { axis: 1 })];
    const J = jacobian(map)(concat([from.q, from.momentum], { axis: 0 }));
    expect(det(J).item()).toBeCloseTo(1, 10);
    const form = concat([secondHalf, neg(firstHalf)], { axis: 0 });
    expect(farthest(matmul(matmul(transposed(J), form), J), form)).toBeLessThan(1e-10);
  });

  test("has an energy error that falls with the square of the step size", () => {
    const errors = energyErrors(density, key, [from.q, mul(0.5, from.q), zeros([size])].map((q) => q.toNested<number[]>()), { length: 1, steps: [10, 20, 40] }); // biome-ignore format: one call
    expect(errors.map(({ stepSize }) => stepSize)).toEqual([0.1, 0.05, 0.025]);
    expect(errors[0]!.error / errors[1]!.error).toBeCloseTo(4, 0);
    expect(errors[1]!.error / errors[2]!.error).toBeCloseTo(4, 1);
    expect(errors[0]!.error).toBeGreaterThan(1e-4);
  });

  test("computes one gradient for each step", () => {
    let gradients = 0;
    leapfrog((q) => {
      gradients++;
      return at(q);
    }, from, trajectory); // biome-ignore format: one call
    expect(gradients).toBe(20);
  });

  test("moves a particle in a harmonic potential along the exact solution", () => {
    const harmonic = positionOf(gaussian([0], [[1]]));
    const end = leapfrog(harmonic, { ...harmonic(tensor([1])), momentum: tensor([0]) }, { stepSize: 0.01, steps: 200 });
    expect(end.q.item()).toBeCloseTo(Math.cos(2), 4);
    expect(end.momentum.item()).toBeCloseTo(-Math.sin(2), 4);
    expect(energyOf(end)).toBeCloseTo(0.5, 4);
  });
});

describe("the step size", () => {
  test("follows the formulas of dual averaging", () => {
    const start = startAdaptation(0.1);
    expect(start.center).toBeCloseTo(Math.log(1), 12);
    const first = adapt(start, 0.3, 0.8);
    expect(first.shortfall).toBeCloseTo(0.5 / 11, 15);
    expect(Math.log(first.stepSize)).toBeCloseTo(-(1 / 0.05) * (0.5 / 11), 12);
    expect(first.averaged).toBeCloseTo(first.stepSize, 14);
    const second = adapt(first, 1, 0.8);
    expect(second.shortfall).toBeCloseTo((11 / 12) * (0.5 / 11) - 0.2 / 12, 15);
    const newest = 2 ** -0.75;
    const logs = [Math.log(second.stepSize), Math.log(first.averaged)] as const;
    expect(Math.log(second.averaged)).toBeCloseTo(newest * logs[0] + (1 - newest) * logs[1], 12);
  });

  test("converges to the size that has the target acceptance", () => {
    let state: Adaptation = startAdaptation(5);
    for (let i = 0; i < 3000; i++) state = adapt(state, Math.exp(-state.stepSize), 0.8);
    expect(Math.exp(-state.averaged)).toBeCloseTo(0.8, 2);
  });

  test("starts at a power of two that grows with the width of the density", () => {
    const [narrow, wide] = [1, 8].map((deviation) => {
      const at = positionOf(gaussian([0], [[deviation ** 2]]));
      return reasonableStepSize(at, { ...at(tensor([0.3 * deviation])), momentum: tensor([0.9]) });
    });
    expect(wide).toBe(8 * narrow!);
    expect(Math.log2(narrow!) % 1).toBe(0);
  });
});

describe("the sampler", () => {
  const center = [1, -2];
  const covariance = [[1, 1.4], [1.4, 4]]; // biome-ignore format: a matrix
  const settings = { warmUp: 100, draws: 300, length: 3, target: 0.6 };
  const chains = [0, 1, 2, 3].map((i) =>
    sample(
      gaussian(center, covariance),
      foldIn(key, i),
      mul(3, randomNormal(foldIn(key, 10 + i), { shape: [2] })),
      settings,
    ),
  );

  test("recovers the mean and the covariance of a normal distribution, within Monte Carlo errors", () => {
    const offsets = chains.map(({ draws }) => draws.map((row) => row.map((x, j) => x - center[j]!)));
    for (const j of [0, 1]) {
      const chainsOf = offsets.map((rows) => rows.map((row) => row[j]!));
      expect(Math.abs(scoreOf(chainsOf, 0))).toBeLessThan(3.5);
      expect(splitRhat(chainsOf)).toBeLessThan(1.02);
    }
    for (const [i, j] of [
      [0, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      // biome-ignore format: pairs
      const products = offsets.map((rows) => rows.map((row) => row[i]! * row[j]!));
      expect(Math.abs(scoreOf(products, covariance[i]![j]!))).toBeLessThan(3.5);
    }
  });

  test("adapts its step size until the mean acceptance is the target", () => {
    for (const { acceptance, adaptations, stepSize, divergences } of chains) {
      expect(adaptations).toHaveLength(settings.warmUp);
      expect(Math.abs(adaptations.at(-1)!.shortfall)).toBeLessThan(0.03);
      expect(stepSize).toBe(adaptations.at(-1)!.averaged);
      expect(acceptance).toBeGreaterThan(0.3);
      expect(divergences).toBe(0);
    }
  });

  test("gives the same draws for the same key", () => {
    const short = { ...settings, warmUp: 5, draws: 10 };
    const run = (key: Tensor) => sample(gaussian(center, covariance), key, zeros([2]), short).draws;
    expect(run(key)).toEqual(run(key));
    expect(run(foldIn(key, 1))).not.toEqual(run(key));
  });

  test("rejects trajectories whose energy is not a number", () => {
    const cliff: Potential = (q) => mul(sum(q), q.toNested<number[]>()[0]! > 0 ? Number.NaN : 0);
    const { draws, warmUp } = sample(cliff, key, tensor([-1]), { ...settings, warmUp: 20, draws: 50 });
    expect([...warmUp, ...draws].every(([x]) => x! <= 0)).toBe(true);
  });

  test("bounds the leapfrog steps of a trajectory if no step size is accepted", { tags: "soak" }, () => {
    const never: Potential = (q) => mul(sum(q), Number.NaN);
    const { gradients, draws } = sample(never, key, tensor([1]), { ...settings, warmUp: 8, draws: 2 });
    expect(gradients).toBeLessThan(10 * 1023 + 100);
    expect(draws).toEqual([[1], [1]]);
  });

  /** Returns the mean minus the exact value, in Monte Carlo standard errors. */
  function scoreOf(of: readonly (readonly number[])[], exact: number): number {
    const all = of.flat();
    return (mean(all) - exact) / Math.sqrt(variance(all) / effectiveSampleSize(of));
  }
});

describe("the diagnostics", () => {
  const noise = (i: number, n: number) => randomNormal(foldIn(key, i), { shape: [n] }).toNested<number[]>();

  /** Returns four chains xᵢ = φ xᵢ₋₁ + noise, whose autocorrelation at lag t is φᵗ. */
  const autoregressive = (phi: number, n: number) =>
    [0, 1, 2, 3].map((chain) => {
      let x = 0;
      return noise(20 + chain, n).map((e) => {
        x = phi * x + Math.sqrt(1 - phi ** 2) * e;
        return x;
      });
    });

  test("R̂ of a small example equals the formula on paper", () => {
    // The two halves of both chains are [1, 2], [3, 4], [2, 3] and [4, 5]. The variance of each half is W = 1/2, and
    // the variance of their four means is 5/3.
    const total = (1 / 2) * (1 / 2) + 5 / 3;
    expect(splitRhat([[1, 2, 3, 4], [2, 3, 4, 5]])).toBeCloseTo(Math.sqrt(total / 0.5), 14); // biome-ignore format: chains
  });

  test("R̂ is 1 for mixed chains, and shows a chain elsewhere and a drift that all chains share", () => {
    const mixed = autoregressive(0, 1000);
    expect(splitRhat(mixed)).toBeCloseTo(1, 2);
    // The four chains have eight halves, each with the variance W = 1. After adding 3 to one chain, two halves have the
    // mean 3, and six have the mean 0. So the variance of the eight means is 13.5 / 7.
    const shifted = mixed.map((chain, i) => chain.map((x) => x + (i === 0 ? 3 : 0)));
    expect(splitRhat(shifted)).toBeCloseTo(Math.sqrt(1 + 13.5 / 7), 1);
    // Each of the four chains drifts from 0 to 4, so the two halves of a chain have the means 1 and 3. The variance of
    // the eight means is 8 / 7. The drift of 2 within a half increases the variance of the half to W = 1 + 2² / 12.
    const drifting = mixed.map((chain) => chain.map((x, k) => x + k / 250));
    expect(splitRhat(drifting)).toBeCloseTo(Math.sqrt(1 + 8 / 7 / (4 / 3)), 1);
  });

  test.each([0, 0.5, 0.9, -0.3])(
    "the effective sample size of an autoregression with φ = %d is N (1 − φ) / (1 + φ)",
    (phi) => {
      const n = 4000;
      const exact = (4 * n * (1 - phi)) / (1 + phi);
      expect(effectiveSampleSize(autoregressive(phi, n)) / exact).toBeGreaterThan(0.85);
      expect(effectiveSampleSize(autoregressive(phi, n)) / exact).toBeLessThan(1.15);
    },
  );

  test("the effective sample size is at most N log₁₀ N", () => {
    const alternating = [0, 1].map(() => Array.from({ length: 500 }, (_, i) => (i % 2 === 0 ? 1 : -1)));
    expect(effectiveSampleSize(alternating)).toBeCloseTo(3000, 9);
  });

  test("a histogram has the area 1, and the normal density has the area 1", () => {
    const bars = histogram(noise(3, 1000), 20);
    expect(bars.reduce((area, { from, to, density }) => area + (to - from) * density, 0)).toBeCloseTo(1, 12);
    const xs = Array.from({ length: 2001 }, (_, i) => -10 + i / 100);
    expect(xs.reduce((area, x) => area + normalDensity(x, { mean: 1, deviation: 0.7 }) / 100, 0)).toBeCloseTo(1, 10);
  });
});

describe("the estimates", () => {
  const draws = [[1, 2, 0], [2, 4.1, 0], [3, 5.9, 1], [4, 8, 1]]; // biome-ignore format: draws of three weights
  const chain = { warmUp: [], draws, adaptations: [], stepSize: 1, acceptance: 1, divergences: 0, gradients: 0 };
  const normal = { mean: [2.5, 5, 3], covariance: eye(3).toNested<number[][]>(), deviations: [1, 1, 1] };
  const estimates = estimate(["a", "b", "c"], [chain, chain], normal);

  test("have the mean, deviation and Laplace values of each weight", () => {
    expect(estimates.map(({ mean }) => mean)).toEqual([2.5, 5, 0.5]);
    expect(estimates[0]!.deviation).toBeCloseTo(Math.sqrt(10 / 7), 12);
    expect(estimates[2]!.laplace).toEqual({ mean: 3, deviation: 1 });
    expect(mostShifted(estimates).name).toBe("c");
    expect(mostCorrelated(estimates).pair).toEqual([0, 1]);
  });
});

describe("the command", () => {
  test("prints and draws its results", async () => {
    const { outcome, printed } = await runQuietly(hmc, ["--draws", "60", "--warmup", "40", "--out", out]);
    for (const text of ["146 Adelie penguins", "step size", "split R̂", "body mass"]) expect(printed).toContain(text);
    expectReadable(printed);
    expect(printed).not.toMatch(/NaN|Infinity/);
    expectSelfContained(outcome.file, 10);
    expect(outcome.chains.map(({ draws }) => draws.length)).toEqual([60, 60, 60, 60]);
    // The posterior is skewed to larger weights, so the mean of a weight exceeds the weight at the maximum of the
    // posterior.
    const mass = outcome.estimates[3]!;
    expect(mass.mean).toBeGreaterThan(mass.laplace.mean);
    expect(Math.abs(mass.mean - 3.51)).toBeLessThan(5 * mass.standardError);
  });

  test.each([
    [["--draws", "3"], '--draws must be a whole number of at least 20, not "3".'],
    [["--accept", "1"], '--accept must be a number from 0.5 to 0.99, not "1".'],
    [["--chains", "2"], "unknown option --chains"],
  ])("rejects %j with a one-line message", (args, message) => expectRefusal(hmc, [...args, "--out", out], message));
});

const transposed = (matrix: Tensor): Tensor => {
  const rows = matrix.toNested<number[][]>();
  return tensor(rows[0]!.map((_, j) => rows.map((row) => row[j]!)));
};
