import { type Tensor, treeMap } from "@wengert/core";
import { add, div, mul, sqrt, square, sub } from "@wengert/ops";
import type { Head } from "./head.ts";

/** The parameters, and what Adam remembers: the means of late gradients and of their squares, trees of the same kind. */
export interface Training {
  readonly head: Head;
  readonly mean: Head;
  readonly meanSquare: Head;
  readonly steps: number;
}

export function begin(head: Head): Training {
  const zeros = treeMap((p) => mul(p, 0), head);
  return { head, mean: zeros, meanSquare: zeros, steps: 0 };
}

/**
 * A step of Adam (D. Kingma and J. Ba, 2015): p ← p − rate m / (√v + ε), where m and v follow the gradient and its square,
 * m ← a m + (1 − a) g. They begin at 0, which after t steps still weighs aᵗ: dividing by 1 − aᵗ takes that out.
 */
export function adam({ head, mean, meanSquare, steps }: Training, gradient: Head, rate: number): Training {
  const [a, b, epsilon, t] = [0.9, 0.99, 1e-8, steps + 1];
  const following = (a: number) => (m: Tensor, g: Tensor) => add(mul(a, m), mul(1 - a, g));
  const m = treeMap(following(a), mean, gradient);
  const v = treeMap(following(b), meanSquare, treeMap(square, gradient));
  const moved = (p: Tensor, m: Tensor, v: Tensor) =>
    sub(p, mul(rate, div(div(m, 1 - a ** t), add(sqrt(div(v, 1 - b ** t)), epsilon))));
  return { head: treeMap(moved, head, m, v), mean: m, meanSquare: v, steps: t };
}
