import type { Tensor } from "@wengert/core";
import type { TreesOnly } from "@wengert/core/extend";
import { applyUpdates, sgd } from "@wengert/train";
import { InputError } from "./options.ts";

export interface Moment<P> {
  readonly params: P;
  readonly loss: number;
}

interface Descent<P> {
  readonly steps: number;
  readonly rate: number;
  readonly momentum?: number;
  /** A stopping criterion: gradient descent ends if the function returns true for the current parameters. */
  readonly until?: (params: P) => boolean;
}

/**
 * Runs gradient descent. Returns the parameters and the loss at the start and after each step. Momentum (see `sgd`) speeds up
 * descent in a long valley, because steps along the valley add up and steps across the valley cancel.
 */
export function descent<P>(
  lossAndGradient: (params: P) => { readonly value: Tensor; readonly grad: NoInfer<P> },
  start: P & TreesOnly<P>,
  { steps, rate, momentum = 0, until = () => false }: Descent<NoInfer<P>>,
): Moment<P>[] {
  const path: Moment<P>[] = [];
  const optimizer = sgd({ learningRate: rate, momentum });
  let params = start;
  let state = optimizer.init<P>(start);
  for (;;) {
    const { value, grad } = lossAndGradient(params);
    path.push({ params, loss: finite(value.item(), path.length) });
    if (path.length > steps || until(params)) return path;
    const next = optimizer.update<P>(grad as typeof params, state, params);
    params = applyUpdates<P>(params, next.updates) as typeof params;
    state = next.state;
  }
}

/** Returns the value of the loss. @throws InputError if the loss is NaN or infinite */
function finite(loss: number, step: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new InputError(`the loss is ${loss} at step ${step}; use a smaller --rate.`);
}
