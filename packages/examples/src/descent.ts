import { type Tensor, type TreesOnly, treeMap } from "@wengert/core";
import { add, mul, sub } from "@wengert/ops";
import { InputError } from "./options.ts";

export interface Moment<P> {
  readonly params: P;
  readonly loss: number;
}

interface Descent<P> {
  readonly steps: number;
  readonly rate: number;
  readonly momentum?: number;
  /** Whether to end before. */
  readonly until?: (params: P) => boolean;
}

/**
 * Gradient descent: where it is at first, and after each step. p ← p − rate v with v ← momentum v + ∂loss/∂p (B. Polyak
 * 1964): in a long valley the steps along it add up, and those across it cancel.
 */
export function descent<P>(
  lossAndGradient: (params: P) => { readonly value: Tensor; readonly grad: NoInfer<P> },
  start: P & TreesOnly<P>,
  { steps, rate, momentum = 0, until = () => false }: Descent<NoInfer<P>>,
): Moment<P>[] {
  const path: Moment<P>[] = [];
  let params = start;
  let velocity: P | undefined;
  for (;;) {
    const { value, grad } = lossAndGradient(params);
    path.push({ params, loss: finite(value.item(), path.length) });
    if (path.length > steps || until(params)) return path;
    const gradient = grad as typeof params;
    velocity = velocity ? treeMap<P>((g, v) => add(mul(momentum, v), g), gradient, velocity) : gradient;
    params = treeMap<P>((p, v) => sub(p, mul(rate, v)), params, velocity) as typeof params;
  }
}

/** The loss, unless it is none any more. */
export function finite(loss: number, step: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new InputError(`the loss is ${loss} at step ${step}: a smaller --rate keeps it finite.`);
}
