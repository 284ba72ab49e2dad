import { zeros } from "@wengert/core";
import { unflatten } from "@wengert/core/extend";
import { add, axpy, cast, div, minimum, mul, sqrt, square, sum } from "@wengert/ops";
import { castForParam, checkRange, notNegative, positive } from "./hyper.ts";
import { leavesLikeParams, type Optimizer } from "./optimizer.ts";

// What changes gradients before an optimizer sees them; links of a `chain`, without a state.

/** An optimizer without a state. */
const stateless = (update: <P>(grads: P, params: P) => P): Optimizer<readonly []> => ({
  init: () => [],
  update: (grads, state, params) => ({ updates: update(grads, params), state }),
});

/**
 * g ← g + factor · p: the gradient of the loss with factor / 2 · Σ p² added to it. Before an optimizer it is coupled weight
 * decay, as the `weight_decay` of torch.optim.SGD and Adam.
 * @throws ArgumentError, OutOfRangeError for an invalid factor
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
 * g ← g · min(1, most / (‖g‖ + 1e-6)), where ‖g‖ is the norm of all gradients together, in float64. As
 * torch.nn.utils.clip_grad_norm_.
 * @throws ArgumentError, OutOfRangeError for an invalid bound
 */
export function clipByGlobalNorm(maxNorm: number): Optimizer<readonly []> {
  checkRange("clipByGlobalNorm", "the bound", maxNorm, positive);
  return stateless((grads, params) => {
    const gs = leavesLikeParams("clipByGlobalNorm", params, { grads }).grads;
    const squares = gs.map((g) => sum(square(cast(g, { dtype: "float64" })))); // which float32 might not hold
    const norm = sqrt(squares.reduce((total, each) => add(total, each), zeros([])));
    const factor = castForParam(minimum(1, div(maxNorm, add(norm, 1e-6))));
    return unflatten(
      grads,
      gs.map((g) => mul(factor(g), g)),
    );
  });
}
