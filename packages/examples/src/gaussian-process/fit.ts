import { hessian, type Tensor, tensor } from "@wengert/core";
import { leaves, unflatten } from "@wengert/core/extend";
import { at, diag, inv, stack } from "@wengert/ops";
import { lbfgs, type Minimum } from "@wengert/train";
import type { Component } from "./kernels.ts";
import { condition, type Data, negLogLikelihood, type Posterior, startOf, type Theta } from "./process.ts";

export interface Fit {
  readonly minimum: Minimum<Theta>;
  readonly posterior: Posterior;
}

/** A fit ends if no derivative of log p is larger. A change of a parameter by 1 % then changes log p by at most about 0.0001. */
const tolerance = 1e-2;

/** Fits the parameters by L-BFGS: maximizes the likelihood of the training data. */
export function fitProcess(model: readonly Component[], data: Data): Fit {
  const minimum = lbfgs((theta: Theta) => negLogLikelihood(model, data, theta), startOf(model), { tolerance });
  return { minimum, posterior: condition(model, minimum.params, data) };
}

/** Returns all numbers of a tree as one vector. */
export const vectorOf = (theta: Theta): Tensor => stack(leaves("vectorOf", theta, "theta"));

/** Returns the tree with the structure of `like` and the numbers of the vector `v`. */
export const thetaOf = (like: Theta, v: Tensor): Theta =>
  unflatten<Theta>(
    like,
    Array.from({ length: v.size }, (_, i) => at(v, i)),
  );

/**
 * Returns the standard errors of the logs of the parameters, from the inverse of the Hessian of −log p at the fit. An error is
 * undefined if the data do not determine the parameter: if its variance is not positive, or its error exceeds a factor of 100.
 */
export function standardErrors({ posterior: { model, theta, data } }: Fit): (number | undefined)[] {
  const H = hessian((v: Tensor) => negLogLikelihood(model, data, thetaOf(theta, v)))(vectorOf(theta));
  const variances = diag(inv(H)).toNested<number[]>();
  return variances.map((variance) => (variance > 0 && variance < Math.log(100) ** 2 ? Math.sqrt(variance) : undefined));
}

/** Returns the exponentials of the logs, which are the parameters, in the order of `vectorOf`. */
export const valuesOf = (theta: Theta): number[] => vectorOf(theta).toNested<number[]>().map(Math.exp);

/** Returns the logs of the parameters of the book, for a model whose parameters all have a value there. */
export const bookTheta = (model: readonly Component[]): Theta =>
  unflatten<Theta>(
    startOf(model),
    model.flatMap(({ parameters }) =>
      Object.values(parameters).map(({ book }) => tensor(Math.log(book ?? Number.NaN))),
    ),
  );
