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

/**
 * A fit ends when the absolute value of each derivative of log p is at most this number. A change of a parameter by 1 %
 * then changes log p by at most about 0.0001.
 */
const tolerance = 1e-2;

/** Fits the parameters by L-BFGS: maximizes the likelihood of the training data. */
export function fitProcess(model: readonly Component[], data: Data): Fit {
  const minimum = lbfgs((theta: Theta) => negLogLikelihood(model, data, theta), startOf(model), { tolerance });
  return { minimum, posterior: condition(model, minimum.params, data) };
}

/** Returns all numbers of a tree as one vector. */
export const vectorOf = (theta: Theta): Tensor => stack(leaves("vectorOf", theta, "theta"));

/** Returns a tree of tensors with the structure of `like`, filled with the numbers of the vector `v`. */
export const thetaOf = (like: Theta, v: Tensor): Theta =>
  unflatten<Theta>(
    like,
    Array.from({ length: v.size }, (_, i) => at(v, i)),
  );

/**
 * Returns the standard error of the log of each parameter, from the inverse of the Hessian of −log p at the fit. If the
 * data do not determine a parameter, its standard error is undefined. This is the case if the variance is not positive,
 * or if the standard error exceeds log 100.
 */
export function standardErrors({ posterior: { model, theta, data } }: Fit): (number | undefined)[] {
  const H = hessian((v: Tensor) => negLogLikelihood(model, data, thetaOf(theta, v)))(vectorOf(theta));
  const variances = diag(inv(H)).toNested<number[]>();
  return variances.map((variance) => (variance > 0 && variance < Math.log(100) ** 2 ? Math.sqrt(variance) : undefined));
}

/** Returns the values of all parameters, in the order of `vectorOf`, from their logs `theta`. */
export const valuesOf = (theta: Theta): number[] => vectorOf(theta).toNested<number[]>().map(Math.exp);

/**
 * Returns the logs of the parameter values in the book of Rasmussen and Williams. The book must have a value for every
 * parameter of the model.
 */
export const bookTheta = (model: readonly Component[]): Theta =>
  unflatten<Theta>(
    startOf(model),
    model.flatMap(({ parameters }) =>
      Object.values(parameters).map(({ book }) => tensor(Math.log(book ?? Number.NaN))),
    ),
  );
