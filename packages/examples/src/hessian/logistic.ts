import { type Tensor, tensor } from "@wengert/core";
import {
  binaryCrossEntropy,
  cast,
  expandDims,
  expr,
  matmul,
  mul,
  neg,
  sigmoid,
  square,
  sum,
  take,
  transpose,
} from "@wengert/ops";
import { identity } from "../shared/algebra.ts";
import type { Penguins } from "../shared/penguins.ts";

/** A logistic regression problem of n rows and d features: features X [n, d], and labels y [n], which are 0 or 1. */
export interface Problem {
  readonly X: Tensor;
  readonly y: Tensor;
  readonly ridge: number;
}

export function problemOf({ X, labels }: Penguins, ridge: number): Problem {
  return { X, y: tensor(cast(labels, { dtype: "float64" }), { label: "y" }), ridge };
}

/** Returns the logistic regression problem with only the given columns of the features X. */
export function withColumns({ X, ...rest }: Problem, columns: readonly number[]): Problem {
  return { X: take(X, tensor(columns, { dtype: "int32" }), { axis: 1 }), ...rest };
}

/**
 * Returns the loss: the mean of −y log σ(z) − (1 − y) log σ(−z) for z = X w with the weights w, plus the penalty
 * ridge/2 · |w|².
 */
export function lossOf({ X, y, ridge }: Problem, w: Tensor): Tensor {
  return expr`${binaryCrossEntropy(matmul(X, w), y)} + ${ridge} / 2 * ${sum(square(w))}`;
}

/** Returns the Hessian of the loss in closed form: Xᵀ S X / n + ridge · I, with S = diag(σ′(z)) and σ′(z) = σ(z) σ(−z). */
export function closedForm({ X, ridge }: Problem, w: Tensor): Tensor {
  const [n, d] = X.shape as [number, number];
  const z = matmul(X, w);
  const slopes = mul(sigmoid(z), sigmoid(neg(z)));
  const SX = mul(expandDims(slopes, { axis: 1 }), X);
  return expr`${transpose(X)} @ ${SX} / ${n} + ${ridge} * ${identity(d)}`;
}
