import { cost, grad, hessian, hvp, type Program, type Tensor, trace } from "@wengert/core";
import { closedForm, lossOf } from "./logistic.ts";

export interface Cost {
  readonly steps: number;
  readonly flops: number;
}

/**
 * Counts the steps and the flops of the derivatives of the loss, for n rows of data and d weights. The derivatives are
 * only traced, not computed.
 */
export function costs(n: number, d: number): Readonly<Record<string, Cost>> {
  const [w, X, y] = [{ shape: [d] }, { shape: [n, d] }, { shape: [n] }];
  const loss = (X: Tensor, y: Tensor) => (w: Tensor) => lossOf({ X, y, ridge: 1 }, w);
  const programs = {
    loss: trace((w: Tensor, X: Tensor, y: Tensor) => loss(X, y)(w), w, X, y),
    gradient: trace((w: Tensor, X: Tensor, y: Tensor) => grad(loss(X, y))(w), w, X, y),
    hvp: trace((w: Tensor, v: Tensor, X: Tensor, y: Tensor) => hvp(loss(X, y))(w, v), w, w, X, y),
    hessian: trace((w: Tensor, X: Tensor, y: Tensor) => hessian(loss(X, y))(w), w, X, y),
    "closed form": trace((w: Tensor, X: Tensor, y: Tensor) => closedForm({ X, y, ridge: 1 }, w), w, X, y),
  };
  const costOf = (program: Program): Cost => ({ steps: program.steps.length, flops: cost(program).flops });
  return Object.fromEntries(Object.entries(programs).map(([name, program]) => [name, costOf(program)]));
}
