import { unflatten, zeros } from "@wengert/core";
import { add, axpy, cast, div, minimum, mul, sqrt, square, sum } from "@wengert/ops";
import { inDTypes, notNegative, positive, within } from "./hyper.ts";
import { alongside, type Optimiser } from "./optimiser.ts";

// What changes gradients before an optimiser sees them; links of a `chain`, without a state.

/** What has nothing to remember. */
const stateless = (update: <P>(grads: P, params: P) => P): Optimiser<readonly []> => ({
  init: () => [],
  update: (grads, state, params) => ({ updates: update(grads, params), state }),
});

/**
 * g ← g + factor · p: the gradient of the loss with factor / 2 · Σ p² added to it. Before an optimiser it is coupled weight
 * decay, as the `weight_decay` of torch.optim.SGD and Adam.
 * @throws ArgumentError, OutOfRangeError for a factor that is none
 */
export function weightDecay(factor: number): Optimiser<readonly []> {
  within("weightDecay", "the factor", factor, notNegative);
  return stateless((grads, params) => {
    const of = alongside("weightDecay", params, { grads, params });
    return unflatten(
      grads,
      of.grads.map((g, i) => axpy(factor, of.params[i]!, g)),
    );
  });
}

/**
 * g ← g · min(1, most / (‖g‖ + 1e-6)), where ‖g‖ is the norm of all gradients together, in float64. As
 * torch.nn.utils.clip_grad_norm_.
 * @throws ArgumentError, OutOfRangeError for a bound that is none
 */
export function clipByGlobalNorm(most: number): Optimiser<readonly []> {
  within("clipByGlobalNorm", "the bound", most, positive);
  return stateless((grads, params) => {
    const gs = alongside("clipByGlobalNorm", params, { grads }).grads;
    const squares = gs.map((g) => sum(square(cast(g, { dtype: "float64" })))); // which float32 might not hold
    const norm = sqrt(squares.reduce((total, each) => add(total, each), zeros([])));
    const factor = inDTypes(minimum(1, div(most, add(norm, 1e-6))));
    return unflatten(
      grads,
      gs.map((g) => mul(factor(g), g)),
    );
  });
}
