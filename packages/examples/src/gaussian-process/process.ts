import { OutOfRangeError, ones, type Tensor, tensor, treeMap, zeros } from "@wengert/core";
import {
  add,
  cholesky,
  diag,
  exp,
  expandDims,
  eye,
  log,
  matmul,
  mul,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  triangularSolve,
} from "@wengert/ops";
import type { Month } from "./data.ts";
import { type Component, type Pairs, pairsOf } from "./kernels.ts";

/** The logs of the parameters of each component. With logs, every number is a valid parameter. */
export type Theta = readonly Readonly<Record<string, Tensor>>[];

/** The logs of the initial parameters of a fit. */
export const startOf = (model: readonly Component[]): Theta =>
  model.map(({ parameters }) =>
    Object.fromEntries(Object.entries(parameters).map(([name, { start }]) => [name, tensor(Math.log(start))])),
  );

/** The training data. The mean of the measurements is subtracted, because the process has mean 0. */
export interface Data {
  readonly t: Tensor;
  readonly y: Tensor;
  readonly mean: number;
  /**
   * The terms of the kernels, such as (t − t′)², for all pairs of training times. The terms do not depend on the
   * parameters.
   */
  readonly pairs: Pairs;
}

export function dataOf(months: readonly Month[]): Data {
  const mean = months.reduce((sum, { ppm }) => sum + ppm, 0) / months.length;
  const t = tensor(months.map(({ time }) => time));
  const y = tensor(months.map(({ ppm }) => ppm - mean));
  return { t, y, mean, pairs: pairsOf(column(t), t, eye(months.length)) };
}

const column = (t: Tensor): Tensor => expandDims(t, { axis: 1 });

/** Returns the covariance matrix of each component of the Gaussian process. */
function covariances(model: readonly Component[], theta: Theta, pairs: Pairs): Tensor[] {
  const positive = treeMap(exp, theta);
  return model.map((component, i) => component.covariance(positive[i]!, pairs));
}

/** Returns the covariance of the process: the sum over its components. */
export const covariance = (model: readonly Component[], theta: Theta, pairs: Pairs): Tensor =>
  covariances(model, theta, pairs).reduce((total, each) => add(total, each));

/**
 * Returns −log p(y | θ) = ½ yᵀ K⁻¹ y + ½ log det K + ½ n log 2π (Rasmussen and Williams, equations 2.30 and 5.8). K is
 * the covariance of the n measurements y. With the Cholesky factor L, for which K = L Lᵀ, the first term is ½ |L⁻¹ y|²,
 * and the second is the sum of the logs of the diagonal of L.
 */
export function negLogLikelihood(model: readonly Component[], { y, pairs }: Data, theta: Theta): Tensor {
  const L = factor(covariance(model, theta, pairs));
  if (L === undefined) return tensor(Number.POSITIVE_INFINITY);
  const misfit = mul(0.5, sum(square(triangularSolve(L, y))));
  const complexity = sum(log(diag(L)));
  return add(add(misfit, complexity), 0.5 * y.size * Math.log(2 * Math.PI));
}

/**
 * Returns the Cholesky factor of the covariance K, or undefined if rounding errors make K indefinite. If K is
 * indefinite, the line search of the fit tries a shorter step.
 */
function factor(K: Tensor): Tensor | undefined {
  try {
    return cholesky(K);
  } catch (error) {
    if (error instanceof OutOfRangeError) return undefined;
    throw error;
  }
}

/** A process, given its measurements. */
export interface Posterior {
  readonly model: readonly Component[];
  readonly theta: Theta;
  readonly data: Data;
  readonly L: Tensor;
  /** α = K⁻¹ y */
  readonly alpha: Tensor;
}

/** Conditions the Gaussian process on the training data (Rasmussen and Williams, algorithm 2.1). */
export function condition(model: readonly Component[], theta: Theta, data: Data): Posterior {
  const L = cholesky(covariance(model, theta, data.pairs));
  const alpha = triangularSolve(L, triangularSolve(L, data.y), { transposed: true });
  return { model, theta, data, L, alpha };
}

/** The prediction of the Gaussian process: the mean and the standard deviation at each time. */
export interface Prediction {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Predicts new measurements, with their noise, at the given times. */
export function predict({ model, theta, data, L, alpha }: Posterior, times: readonly number[]): Prediction {
  const { cross, own } = pairsAt(data, times);
  const k = covariance(model, theta, cross);
  const { mean, deviation } = conditional(k, covariance(model, theta, own), L, alpha);
  return { mean: mean.map((value) => value + data.mean), deviation };
}

/**
 * Predicts each component of the Gaussian process separately. The means of all components add up to the mean that
 * `predict` returns, minus the mean of the training data.
 */
export function decompose({ model, theta, data, L, alpha }: Posterior, times: readonly number[]): Prediction[] {
  const { cross, own } = pairsAt(data, times);
  const variances = covariances(model, theta, own);
  return covariances(model, theta, cross).map((k, i) => conditional(k, variances[i]!, L, alpha));
}

/**
 * Returns the terms of the kernels, such as (t − t′)², for two sets of pairs of times. `cross` pairs each new time with
 * each training time. `own` pairs each new time with itself.
 */
function pairsAt({ t }: Data, times: readonly number[]): { cross: Pairs; own: Pairs } {
  const at = tensor(times);
  return { cross: pairsOf(column(at), t, zeros([at.size, t.size])), own: pairsOf(at, at, ones([at.size])) };
}

/**
 * Returns the mean k α and the standard deviation √(variance − |L⁻¹ kᵀ|²) of new measurements. k holds their
 * covariances with the training data y. L is the Cholesky factor of the covariance K of the training data, and α = K⁻¹
 * y.
 */
function conditional(k: Tensor, variance: Tensor, L: Tensor, alpha: Tensor): Prediction {
  const explained = sum(square(triangularSolve(L, transpose(k))), { axis: 0 });
  return {
    mean: matmul(k, alpha).toNested<number[]>(),
    deviation: sqrt(sub(variance, explained)).toNested<number[]>(),
  };
}
