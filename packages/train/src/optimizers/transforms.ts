import { zeros } from "@wengert/core";
import { unflatten } from "@wengert/core/extend";
import { add, axpy, cast, div, minimum, mul, sqrt, square, sum } from "@wengert/ops";
import { castForParam, checkRange, notNegative, positive } from "./hyper.ts";
import { leavesLikeParams, type Optimizer } from "./optimizer.ts";

// Gradient transformations without state, for use in a `chain` before an optimizer.

/** Makes an optimizer without state. */
const stateless = (update: <P>(grads: P, params: P) => P): Optimizer<readonly []> => ({
  init: () => [],
  update: (grads, state, params) => ({ updates: update(grads, params), state }),
});

/**
 * Coupled weight decay: g ← g + factor · p, for a parameter p with gradient g. The result is the gradient of the loss
 * plus factor / 2 · Σ p² (L2 regularization). Before an optimizer in a `chain`, weight decay matches the `weight_decay`
 * of torch.optim.SGD and Adam.
 * @throws ArgumentError, OutOfRangeError unless `factor` is a number ≥ 0
 */
export function weightDecay(factor: number): Optimizer<readonly []> {
  checkRange("weightDecay", "the factor", factor, notNegative);
  return stateless((grads, params) => {
    const trees = leavesLikeParams("weightDecay", params, { grads, params });
    return unflatten(
      grads,
      trees.grads.map((g, i) => axpy(factor, trees.params[i]!, g)),
    );
  });
}

/**
 * Gradient clipping: g ← g · min(1, maxNorm / (‖g‖ + 1e-6)), where ‖g‖ is the norm of all gradients together, in
 * float64. Matches torch.nn.utils.clip_grad_norm_.
 * @throws ArgumentError, OutOfRangeError unless `maxNorm` is a number > 0
 */
export function clipByGlobalNorm(maxNorm: number): Optimizer<readonly []> {
  checkRange("clipByGlobalNorm", "the bound", maxNorm, positive);
  return stateless((grads, params) => {
    const gs = leavesLikeParams("clipByGlobalNorm", params, { grads }).grads;
    const squares = gs.map((g) => sum(square(cast(g, { dtype: "float64" })))); // float64, because squares may overflow float32
    const norm = sqrt(squares.reduce((total, each) => add(total, each), zeros([])));
    const factor = castForParam(minimum(1, div(maxNorm, add(norm, 1e-6))));
    return unflatten(
      grads,
      gs.map((g) => mul(factor(g), g)),
    );
  });
}
