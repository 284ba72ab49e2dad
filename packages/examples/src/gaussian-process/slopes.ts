import { grad, jvp, type Tensor } from "@wengert/core";
import {
  axpy,
  eigh,
  eye,
  matmul,
  mul,
  outer,
  randomKey,
  randomNormal,
  sub,
  sum,
  transpose,
  triangularSolve,
} from "@wengert/ops";
import { thetaOf, vectorOf } from "./fit.ts";
import type { Component } from "./kernels.ts";
import { condition, covariance, type Data, negLogLikelihood, startOf } from "./process.ts";

/** The derivative of −log p(y | θ) in a random direction of the parameters θ, computed by three methods. */
export interface Slopes {
  /** The slope computed by reverse mode: the inner product of the direction and the gradient. */
  readonly reverse: number;
  /**
   * The slope computed by the closed formula ½ tr((K⁻¹ − α αᵀ) ∂K) of Rasmussen and Williams (equation 5.9). K is the
   * covariance of the measurements y, and α = K⁻¹ y. Forward mode computes ∂K, the directional derivative of K.
   */
  readonly trace: number;
  /**
   * The finite-difference approximation of the slope, from central differences with the steps h and 2h. Its error is of
   * order h⁴.
   */
  readonly difference: number;
  /**
   * The condition number of the covariance K: its largest eigenvalue divided by its smallest. A larger condition number
   * means larger rounding errors.
   */
  readonly condition: number;
}

const h = 3e-3;

/**
 * Computes the derivative of −log p(y | θ) at the start of the fit, where it is large, in a random direction with
 * normally distributed entries.
 */
export function slopesAt(model: readonly Component[], data: Data, seed: number): Slopes {
  const start = startOf(model);
  const v = vectorOf(start);
  const direction = randomNormal(randomKey(seed), { shape: v.shape, dtype: "float64" });
  const lossAt = (v: Tensor) => negLogLikelihood(model, data, thetaOf(start, v));

  const { L, alpha } = condition(model, start, data);
  const inverse = triangularSolve(L, eye(data.y.size));
  const K = (v: Tensor) => covariance(model, thetaOf(start, v), data.pairs);
  const { tangent } = jvp(K, [v], [direction]);
  const inner = sub(matmul(transpose(inverse), inverse), outer(alpha, alpha));

  const eigenvalues = eigh(K(v)).values.toNested<number[]>();
  const along = (steps: number) => lossAt(axpy(steps * h, direction, v)).item();
  return {
    reverse: sum(mul(grad(lossAt)(v), direction)).item(),
    trace: 0.5 * sum(mul(inner, tangent)).item(),
    condition: eigenvalues.at(-1)! / eigenvalues[0]!,
    difference: (8 * (along(1) - along(-1)) - (along(2) - along(-2))) / (12 * h),
  };
}
